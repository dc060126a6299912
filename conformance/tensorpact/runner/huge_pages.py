"""Memory in huge pages: a fork copies an entry for each page, and there are far fewer of them."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

_COLLAPSE = 25  # MADV_COLLAPSE, of Linux 6.1; Python 3.11 has no name for it
_HUGE = 1 << 21


def collapse() -> None:
    """Gather what this process has allocated so far into huge pages, where the system can.

    It changes nothing else: memory that is allocated later comes in pages of the usual size.
    For a process that has imported torch, fork and the end of the child take half the time.
    """
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, stop in _allocated():
        first, last = -(-start // _HUGE) * _HUGE, stop // _HUGE * _HUGE
        if first < last:
            advise(first, last - first, _COLLAPSE)  # a refusal costs nothing but speed


def _allocated() -> Iterator[tuple[int, int]]:
    """The ranges of writable memory that no file and no other process has a part in.

    None where the system does not show them.
    """
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and (not name or name == ["[heap]"]):
            start, stop = span.split("-")
            yield int(start, 16), int(stop, 16)
