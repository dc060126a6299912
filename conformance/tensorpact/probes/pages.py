"""Counting the pages that a call touches: what it costs, without a clock.

A page of memory that was never touched costs one minor page fault when it is read or written
first. A call that shares touches none of its input's pages, however many there are.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

try:
    import resource
except ImportError:  # a platform without POSIX accounting, where nothing is counted
    resource = None  # type: ignore[assignment]

T = TypeVar("T")


def untouched(nbytes: int) -> mmap.mmap:
    """A mapping of zeros none of whose pages exists yet, in pages of the smallest size."""
    mapping = mmap.mmap(-1, nbytes)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with suppress(OSError):  # a kernel that has no huge pages
            mapping.madvise(mmap.MADV_NOHUGEPAGE)
    return mapping


def touched(call: Callable[[], T]) -> tuple[T, int | None]:
    """What the call returns, and how many pages it touched; None where that is unknown."""
    before = _faults()
    outcome = call()
    after = _faults()
    return outcome, None if before is None or after is None else after - before


def _faults() -> int | None:
    return None if resource is None else resource.getrusage(resource.RUSAGE_SELF).ru_minflt
