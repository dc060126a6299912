"""Waiting for what a library releases later: by the garbage collector, or in another thread."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_COLLECTIONS = 2
"""What is garbage in a cycle may hold, by its finalizer, another one."""

_SECONDS, _STEP = 0.01, 0.001


def comes_true(holds: Callable[[], bool]) -> bool:
    """Whether this holds now, once garbage is collected, or 10 ms later at most.

    Only what does not hold at once costs time: to be asked before a library is accused.
    """
    if holds():
        return True
    for _ in range(_COLLECTIONS):
        gc.collect()
        if holds():
            return True
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        time.sleep(_STEP)
        if holds():
            return True
    gc.collect()
    return holds()
