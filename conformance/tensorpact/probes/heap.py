"""How much memory a process has in use: what a leak shows in when no object can be watched."""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tensorpact.probes.settling import comes_true

_STATM = Path("/proc/self/statm")


class _Mallinfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


@cache
def _mallinfo() -> Callable[[], Any] | None:
    found = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if found is not None:
        found.restype = _Mallinfo
    return found


def allocated() -> int | None:
    """Bytes that malloc has given out and not got back; None where it does not say."""
    mallinfo = _mallinfo()
    if mallinfo is None:
        return None
    info = mallinfo()
    return int(info.uordblks + info.hblkhd)


def _resident() -> int | None:
    """Bytes of memory that the process has touched, which mappings are part of."""
    try:
        return int(_STATM.read_text().split()[1]) * mmap.PAGESIZE
    except OSError:
        return None


_GAUGES = (allocated, _resident)
_TIMES = 6


def kept_per_time(once: Callable[[], object], expected: int) -> int | None:
    """Bytes that stay in use after each time; None where no gauge exists.

    `expected` is what one time allocates. What is kept after the first times is the library's
    caching. Growth of less than half of `expected` counts as none; more is measured again,
    over twice as many times, and only what grows then too is reported.
    """
    if all(gauge() is None for gauge in _GAUGES):
        return None
    for _ in range(3):
        once()
    if _growth(once, _TIMES)() * 2 < expected:
        return 0
    gc.collect()

    def collected() -> None:
        # Garbage that piles up leaves the process larger, even where all of it is freed later.
        once()
        gc.collect()

    growth = _growth(collected, 2 * _TIMES)
    return 0 if comes_true(lambda: growth() * 2 < expected) else growth()


def _growth(once: Callable[[], object], times: int) -> Callable[[], int]:
    """What each of so many times has added, by the time that it is asked for."""
    before = [gauge() for gauge in _GAUGES]
    for _ in range(times):
        once()

    def growth() -> int:
        now = [gauge() for gauge in _GAUGES]
        grown = [b - a for a, b in zip(before, now, strict=True) if a is not None and b is not None]
        return max(max(grown, default=0) // times, 0)

    return growth
