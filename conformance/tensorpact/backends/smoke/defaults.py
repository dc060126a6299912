"""The contexts that set a default must be entered for every value, and put back what was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

from reftensor.rules import COMPLEX_OF_REAL
from tensorpact.backends.faults import calling, said
from tensorpact.backends.protocol import KEYWORDS, Backend

FREE = ("as_tensor", "tensor", "asarray")
"""The operations that follow the defaults."""


def wrong_defaults(backend: Backend) -> Iterator[str]:
    """One sentence for each default that is not put back, and each spelling that nobody takes."""
    if backend.default_real is not None:
        for name in filter(COMPLEX_OF_REAL.__contains__, backend.dtypes):
            yield from _left_as_found(
                backend, "default_real", backend.default_real, backend.dtypes[name], name
            )
    for form, context in backend.default_device.items():
        for device in backend.devices:
            for spelling in device.spellings:
                yield from _left_as_found(
                    backend, f"default_device[{form!r}]", context, spelling, repr(spelling)
                )
    if not backend.default_device:
        yield from _untaken_spellings(backend)


class _Leaving(BaseException):
    """Leaves a context the hard way; no Exception, so that no adapter handles it."""


def _left_as_found(
    backend: Backend,
    function: str,
    context: Callable[[Any], AbstractContextManager[Any]],
    value: Any,
    spelled: str,
) -> Iterator[str]:
    before = _in_force(backend)
    with suppress(_Leaving), calling(backend.name, function, spelled), context(value):
        raise _Leaving
    after = _in_force(backend)
    if before != after:
        yield f"{function}({spelled}) does not put back what it found: {before} became {after}"


def _in_force(backend: Backend) -> str:
    """What the operations make of a Python float at the moment, refusals included."""
    outcomes = {name: _outcome(backend, name) for name in FREE if name in backend.operations}
    return ", ".join(f"{outcome} ({name})" for name, outcome in outcomes.items())


def _outcome(backend: Backend, operation: str) -> str:
    try:
        t = backend.operations[operation]([0.5])
        return f"{backend.dtype(t)} on {backend.device(t)}"
    except Exception as error:
        return said(error)


def _untaken_spellings(backend: Backend) -> Iterator[str]:
    """Spellings that no operation takes, where some operation works without a device."""
    takers = [backend.operations[name] for name in FREE if _places(backend, name)]
    spellings = [spelling for device in backend.devices for spelling in device.spellings]
    if len(spellings) < 2 or not any(_accepts(taker) for taker in takers):
        return
    for spelling in spellings:
        if not any(_accepts(taker, device=spelling) for taker in takers):
            yield f"no operation takes the device {spelling!r}"


def _places(backend: Backend, operation: str) -> bool:
    keywords = backend.keywords.get(operation, KEYWORDS[operation])
    return operation in backend.operations and "device" in keywords


def _accepts(operation: Callable[..., Any], **arguments: Any) -> bool:
    try:
        operation([0.5], **arguments)
    except Exception:
        return False
    return True
