"""Counting the memory that a call takes: what it touches, and what it keeps.

Bytes are those of the C allocator, as glibc counts them; without it nothing is counted.
A library with an allocator of its own is counted too low, and never accused by that.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tensorpact.probes.heap import allocated
from tensorpact.probes.pages import touched

T = TypeVar("T")

_MMAP_THRESHOLD, _LEAST, _DEFAULT = -3, 1 << 16, 1 << 17
"""mallopt: blocks from this size on have pages of their own, which go when they are freed."""

_THP_DISABLE = 41
"""prctl: pages of the smallest size, so that every one touched is one fault."""

_FEW_BYTES = 1 << 14
"""So little is nobody's fault, and not worth a collection."""

_libc = ctypes.CDLL(None)


def counted(call: Callable[[], T]) -> tuple[T, int | None, int | None]:
    """What the call returns, how many pages it touched, and how many bytes it has kept.

    What the call returns is alive when they are counted. None where there is no count.
    """
    with _every_block_apart():
        before = allocated()
        outcome, pages = touched(call)
        after = allocated()
        if before is not None and after is not None and after - before > _FEW_BYTES:
            # An exception that stands in its own traceback is freed by the collector.
            gc.collect()
            after = allocated()
    return outcome, pages, None if before is None or after is None else after - before


@contextmanager
def _every_block_apart() -> Iterator[None]:
    """Large blocks come from the system and go back to it, in small pages.

    Memory that was touched and freed before would be given out again without a fault: it is
    given back first. The allocator's threshold is fixed from then on, at the value that it
    starts with.
    """
    glibc = hasattr(_libc, "malloc_trim")
    prctl = getattr(_libc, "prctl", None)
    if glibc:
        _libc.mallopt(_MMAP_THRESHOLD, _LEAST)
        _libc.malloc_trim(0)
    if prctl is not None:
        prctl(_THP_DISABLE, 1, 0, 0, 0)
    try:
        yield
    finally:
        if prctl is not None:
            prctl(_THP_DISABLE, 0, 0, 0, 0)
        if glibc:
            _libc.mallopt(_MMAP_THRESHOLD, _DEFAULT)
