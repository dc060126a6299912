"""What becomes of a result: views of it, exports of it, and a second result of the same call."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tensorpact.backends.protocol import Backend
from tensorpact.capsules import fields
from tensorpact.cases import contents, dtypes
from tensorpact.cases.live import Live
from tensorpact.trial import Export, Seen

_FIRST, _SECOND = 1, 2


def view(live: Live, tensor: Any, backend: Backend, dtype: str) -> Seen:
    """How far writes into the source and a view of the result are seen on the other side.

    The view is the second half of the first dimension. UNKNOWN where slices of the backend's
    own tensors are no views. Both sides must be known to be writable.
    """
    shape, write = backend.shape(tensor), backend.write
    if not shape or live.put is None or live.get is None or write is None:
        return Seen.UNKNOWN
    if not _slices_are_views(backend):
        return Seen.UNKNOWN
    half = shape[0] // 2
    part = backend.view(tensor, (slice(half, None),))
    start = len(live.get()) // shape[0] * half
    inward = _inward(live, lambda: backend.read(part), dtype, start)
    if inward is not Seen.EVERYWHERE:
        return inward
    wanted = _next(dtype, live.get()[start:], _SECOND)
    write(part, wanted)
    return Seen.EVERYWHERE if live.get()[start:] == wanted else Seen.PARTLY


def _inward(live: Live, read: Callable[[], bytes], dtype: str, start: int) -> Seen:
    assert live.get is not None
    assert live.put is not None
    old = live.get()
    live.put(_next(dtype, old, _FIRST))
    got = read()
    if got == live.get()[start:]:
        return Seen.EVERYWHERE
    return Seen.NOWHERE if got == old[start:] else Seen.PARTLY


def _next(dtype: str, old: bytes, turn: int) -> bytes:
    count = len(old) // dtypes.itemsize(dtype)
    return contents.pattern(dtype, count, turn, old if dtype == "bool" else b"")


@lru_cache(maxsize=64)
def _views_of(view: Any, read: Any, write: Any, make: Any, host: str) -> bool:
    tensor = make(bytes(4), "uint8", (4,), host)
    write(view(tensor, (slice(2, None),)), b"\x01\x01")
    return bool(read(tensor) == b"\0\0\x01\x01")


def _slices_are_views(backend: Backend) -> bool:
    """Whether a slice of a tensor that the adapter made shares memory with it."""
    if backend.make is None or "uint8" not in backend.dtypes:
        return False
    return _views_of(backend.view, backend.read, backend.write, backend.make, backend.host.name)


def fresh(first: Any, second: Any, backend: Backend, dtype: str) -> bool | None:
    """Whether writing to one result leaves the other alone; None where it cannot be written."""
    before, start = backend.read(second), backend.read(first)
    if backend.write is None or not start:
        return None
    try:
        backend.write(first, _inverted(start, dtype))
    except Exception:  # a result that cannot be written tells nothing here
        return None
    untouched = backend.read(second) == before
    backend.write(first, start)
    return untouched


def _inverted(data: bytes, dtype: str) -> bytes:
    return (np.frombuffer(data, np.uint8) ^ (1 if dtype == "bool" else 255)).tobytes()


def export(tensor: Any, *, legacy_too: bool) -> Export:
    """How the tensor describes itself through DLPack; what it refuses is left out."""
    described = getattr(tensor, "__dlpack__", None)
    where = getattr(tensor, "__dlpack_device__", None)
    if described is None or where is None:
        return Export()
    versioned = _fields(lambda: described(max_version=(1, 0)))
    legacy = _fields(described) if legacy_too else None
    return Export(
        device=_device(where),
        address=versioned.address if versioned is not None else None,
        readonly=versioned.readonly if versioned is not None else None,
        legacy=legacy is not None and legacy.flags is None,
    )


def _fields(make: Callable[[], Any]) -> Any:
    try:
        capsule = make()
    except Exception:  # refusing to export is the tensor's right
        return None
    return fields(capsule)


def _device(where: Callable[[], Any]) -> tuple[int, int] | None:
    try:
        kind, number = where()
    except Exception:  # a device that DLPack does not know
        return None
    return int(kind), int(number)
