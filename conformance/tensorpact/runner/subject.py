"""How a process gets hold of the backend that it judges.

A backend named by a string is imported where it is judged, and never in the process that
asked. A `Backend` object cannot travel by name: processes that are forked inherit it.
"""

from __future__ import annotations

import pickle
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import count

from tensorpact.backends.faults import calling, checked_claims
from tensorpact.backends.find import load as find
from tensorpact.backends.protocol import Backend, Claims
from tensorpact.errors import AdapterFault, UsageError
from tensorpact.runner.huge_pages import collapse
from tensorpact.vectors.files import by_case


@dataclass(frozen=True, slots=True)
class Inherited:
    """A backend that lies in the memory of this process and of those forked from it."""

    key: int


Reference = str | Inherited | Backend
"""What is sent to another process in place of a backend."""

_LENT: dict[int, Backend] = {}
_KEYS = count()


def lend(backend: Backend) -> Inherited:
    """Make the backend available, until `take_back`, to processes that are forked from now on."""
    reference = Inherited(next(_KEYS))
    _LENT[reference.key] = backend
    return reference


def take_back(reference: Reference) -> None:
    """Forget a backend that was lent; other references need no such thing."""
    if isinstance(reference, Inherited):
        _LENT.pop(reference.key, None)
        _READY.pop(reference, None)


def sendable(backend: Backend | str, executor: Executor) -> Reference:
    """The reference by which an executor that somebody else made gets the backend.

    Raises UsageError for a backend object that cannot be sent to other processes.
    """
    if isinstance(backend, str):
        return backend
    if isinstance(executor, ThreadPoolExecutor):
        return lend(backend)
    try:
        pickle.dumps(backend)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{backend.name} cannot be sent to the executor's processes ({error}): "
            "name it by its import path, as in mypkg.adapter:backend"
        ) from error
    return backend


def backend_of(reference: Reference) -> Backend:
    """The backend; imports it when it was named. Raises UsageError and AdapterFault."""
    match reference:
        case Inherited(key):
            return _LENT[key]
        case str():
            return _found(reference)
    return reference


_found = cache(find)


def backend_in_child(reference: Reference) -> Backend:
    """The backend as it is in a process of our own, which its `in_worker` may change at will.

    Raises UsageError and AdapterFault.
    """
    backend = backend_of(reference)
    if backend.in_worker is None:
        return backend
    with calling(backend.name, "in_worker", "a fresh process"):
        found: object = backend.in_worker(backend)
    if not isinstance(found, Backend):
        raise AdapterFault(
            f"the adapter of {backend.name} is broken: "
            f"in_worker gives a {type(found).__name__} where a Backend is wanted"
        )
    return found


_ours = False
_READY: dict[str | Inherited, tuple[Backend, Claims]] = {}


def own_this_process() -> None:
    """This process was started by tensorpact for nothing but judging."""
    global _ours
    _ours = True


def make_ready(reference: Reference) -> None:
    """Do once, in a process of our own, what every child forked from it would do for itself."""
    if _ours and not isinstance(reference, Backend) and reference not in _READY:
        _, claims = _READY[reference] = ready(reference)
        by_case(claims)
        collapse()


def ready(reference: Reference) -> tuple[Backend, Claims]:
    """The backend as it is in a child process, and what it claims there."""
    if not isinstance(reference, Backend) and reference in _READY:
        return _READY[reference]
    backend = backend_in_child(reference)
    return backend, checked_claims(backend)
