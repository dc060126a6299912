"""Turn what an adapter raised into an AdapterFault that says where and what, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tensorpact.backends.fields import wrong_fields
from tensorpact.backends.protocol import Backend, Claims, claims_of
from tensorpact.errors import AdapterFault


def said(error: BaseException) -> str:
    """The class of an exception and the first line of its message."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first[:200]}" if first else type(error).__name__


@contextmanager
def calling(backend: str, function: str, subject: str) -> Iterator[None]:
    """Whatever is raised inside is the fault of this function of the adapter.

    `subject` says what it was called with: a dtype, a device. An AdapterFault from further
    inside passes as it is.
    """
    try:
        yield
    except AdapterFault:
        raise
    except (Exception, SystemExit) as error:
        raise AdapterFault(
            f"the adapter of {backend} is broken: {function} raised {said(error)} for {subject}"
        ) from error


def checked_claims(backend: Backend) -> Claims:
    """What the backend claims.

    Raises AdapterFault for fields of another type than theirs and for what cannot be claimed.
    """
    if problems := tuple(wrong_fields(backend)):
        raise AdapterFault(f"the adapter of {backend.name} is broken: {'; '.join(problems)}")
    try:
        return claims_of(backend)
    except Exception as error:
        raise AdapterFault(
            f"the adapter of {backend.name} claims what cannot be: {said(error)}"
        ) from error
