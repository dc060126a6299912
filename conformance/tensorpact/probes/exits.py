"""The end of a process in which results are still alive: in a fork of it that exits in order."""

from __future__ import annotations

import atexit
import ctypes
import faulthandler
import gc
import os
import signal
import time
import weakref
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from tensorpact.cases.build import Live
from tensorpact.cases.model import Case
from tensorpact.probes import handles
from tensorpact.probes.observe import Eyes
from tensorpact.seen.life import Exit, Life

_SECONDS = 5.0
_WORDS = 600

_kept: list[Any] = []
"""What is still alive when the fork exits."""


def keep_at_exit(case: Case, live: Live, eyes: Eyes) -> Life:
    """How a process ends that holds the result and all that can be made of it."""
    if not hasattr(os, "fork") or _empty_handed().cause:
        return Life(unbuilt="a fork of this process does not exit in order by itself")
    live.only_lend()
    returned, raised = handles.outcome(case, live, eyes)
    if raised is not None:
        return Life(raised)
    held = [returned, live.obj]
    live.obj = returned = None
    return Life(exit=_ended(partial(_keep, held, eyes)))


def _keep(held: list[Any], eyes: Eyes) -> None:
    """Nothing refers to the handles after this but the module, which dies late in the shutdown."""
    _kept.extend(held)
    held.clear()
    makers = handles.MAKERS.values()
    _kept.extend([handles.attempt(partial(make, _kept[0], eyes))[0] for make in makers])


@cache
def _empty_handed() -> Exit:
    return _ended(lambda: None)


def _ended(before: Callable[[], None]) -> Exit:
    """How a fork ends that does something first, and then shuts Python down."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _exit_in_order(before, writing)
    os.close(writing)
    status = _waited(child)
    with os.fdopen(reading, "rb") as pipe:
        words = pipe.read(_WORDS).decode(errors="replace")
    if status is None:
        return Exit(f"no end within {_SECONDS:g} s", words)
    code = os.waitstatus_to_exitcode(status)
    return Exit("" if not code else _name(code), words)


def _exit_in_order(before: Callable[[], None], words: int) -> None:
    """In the fork: never returns. What Python says of its end goes to the pipe."""
    for stream in (1, 2):
        os.dup2(words, stream)
    try:
        _disown()
        before()
    except BaseException:
        os._exit(0)
    ctypes.PyDLL(None).Py_Exit(0)


def _disown() -> None:
    """What the process was to clean up when it ends is not the fork's: temporary files, above all.

    The library's own functions for the exit are not called either; what is left is Python's
    teardown of modules and objects, and that of C and C++.
    """
    faulthandler.disable()
    atexit._clear()
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]  # private
        finalizer.detach()
    gc.freeze()


def _waited(child: int) -> int | None:
    """The status of a process that ended in time; None for one that did not, and is ended."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _name(code: int) -> str:
    if code > 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
