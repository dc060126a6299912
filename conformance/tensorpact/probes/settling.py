"""Waiting for what a library releases later: by the garbage collector, or in another thread."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

_COLLECTIONS = 2
"""What is garbage in a cycle may hold, by its finalizer, another one."""

_SECONDS, _STEP = 0.5, 0.001
_TASKS = Path("/proc/self/task")


def comes_true(holds: Callable[[], bool]) -> bool:
    """Whether this holds now, once garbage is collected, or half a second later at most.

    Only what does not hold at once costs time, and only where there is another thread that
    could still see to it: to be asked before a library is accused.
    """
    if holds():
        return True
    for _ in range(_COLLECTIONS):
        gc.collect()
        if holds():
            return True
    deadline = time.monotonic() + (_SECONDS if other_threads() else 0)
    while time.monotonic() < deadline:
        time.sleep(_STEP)
        if holds():
            return True
    gc.collect()
    return holds()


def other_threads() -> bool:
    """Whether the process has other threads, Python's or not; so where the system is silent."""
    return not _TASKS.is_dir() or len(list(_TASKS.iterdir())) > 1
