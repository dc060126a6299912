"""The end of a process in which results are still alive: in a fork of it that exits in order."""

from __future__ import annotations

import atexit
import ctypes
import faulthandler
import gc
import io
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from reftensor.capi import immortal
from tensorpact.cases.live import Live
from tensorpact.cases.model import Case
from tensorpact.probes import handles
from tensorpact.probes.observe import Eyes
from tensorpact.probes.raising import attempt
from tensorpact.probes.settling import other_threads
from tensorpact.seen.life import Exit, Life

_SECONDS = 4
_WORDS = 600
_OTHERWISE = 95
"""The exit code of a fork that could not do what it was made for."""

_NO_END = f"no end within {_SECONDS} s"
_BY_ITSELF = "a fork of this process does not exit in order by itself"

_FILES = (io.IOBase, tempfile._TemporaryFileWrapper)
"""What writes or deletes a file of the process when it is freed."""

_OURS = {
    *("tensorpact", "tensorpact_fixtures", "multiprocessing"),
    *("pytest", "_pytest", "xdist", "execnet", "coverage", "pytest_timeout", "hypothesis"),
}
"""Packages of this process whose threads and functions for the exit are not the library's."""

_kept: list[Any] = []
"""What is still alive when the fork exits."""


def keep_at_exit(case: Case, live: Live, eyes: Eyes) -> Life:
    """How a process ends that holds the result and all that can be made of it."""
    if sys.platform != "linux" or _at_first().cause:
        return Life(unbuilt=_BY_ITSELF)
    live.only_lend()
    returned, raised = handles.outcome(case, live, eyes)
    if raised is not None:
        return Life(raised)
    held = [returned, live.obj]
    live.obj = returned = None
    ending = _ended(partial(_keep, held, eyes))
    if not ending.cause:
        return Life(exit=ending)
    # What the library does at the exit may be what keeps it orderly.
    shut_down = _ended(partial(_keep, held, eyes), shutting_down=True)
    untried = _name(_OTHERWISE) in (ending.cause, shut_down.cause)
    # A fork has one thread only, and waits for others in vain.
    waits = shut_down.cause == _NO_END and other_threads()
    # On a machine that is busy nothing ends in time.
    if untried or waits or _empty_handed().cause or (shut_down.cause and _has_threads()):
        return Life(unbuilt=_BY_ITSELF)
    return Life(exit=shut_down)


def _keep(held: list[Any], eyes: Eyes) -> None:
    """Nothing refers to the handles after this but the module, which dies late in the shutdown."""
    _kept.extend(held)
    held.clear()
    makers = handles.MAKERS.values()
    _kept.extend([attempt(partial(make, _kept[0], eyes))[0] for make in makers])


def _empty_handed() -> Exit:
    return _ended(lambda: None)


_at_first = cache(_empty_handed)


def _has_threads() -> bool:
    """Whether there are threads that a fork does not have, and that a library may wait for.

    Only those that Python's threading knows: many a library has one of C or C++ at all times.
    """
    others = [each for each in threading.enumerate() if each is not threading.main_thread()]
    return any(
        _package(getattr(each, "_target", None) or type(each)) not in _OURS for each in others
    )


def _package(thing: Any) -> str:
    """The outermost package in which a function or a class was defined, "" where unknown."""
    function = thing.func if isinstance(thing, partial) else thing
    return str(getattr(function, "__module__", None) or "").partition(".")[0]


def _ended(before: Callable[[], None], *, shutting_down: bool = False) -> Exit:
    """How a fork ends that does something first, and then shuts Python down.

    `shutting_down`: the library's own functions for the exit are called.
    """
    with tempfile.TemporaryFile() as words:
        child = _forked()
        if not child:
            _exit_in_order(before, words.fileno(), shutting_down)
        status = _waited(child)
        words.seek(0)
        said = words.read(_WORDS).decode(errors="replace")
    if status is None:
        return Exit(_NO_END, said)
    code = os.waitstatus_to_exitcode(status)
    return Exit("" if not code else _name(code), said)


def _forked() -> int:
    """Python 3.12 warns when a process with threads forks; whether it can end is tried first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _exit_in_order(before: Callable[[], None], words: int, shutting_down: bool) -> None:
    """In the fork: never returns. What Python says of its end goes to the file.

    It ends by an alarm, should the process that waits for it be gone.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(2 * _SECONDS)
    for stream in (1, 2):
        os.dup2(words, stream)
    try:
        _disown(shutting_down)
    except BaseException:  # what is private to Python is gone: this fork would do harm
        os._exit(_OTHERWISE)
    try:
        before()
    except BaseException:  # nothing would be alive at the exit that is looked at
        os._exit(_OTHERWISE)
    ctypes.PyDLL(None).Py_Exit(0)


def _disown(shutting_down: bool) -> None:
    """What the process was to clean up when it ends is not the fork's: temporary files, above all.

    Unless it is `shutting_down`, the library's own functions for the exit are not called either;
    what is left is Python's teardown of modules and objects, and that of C and C++. Files are
    left open: to close them would write once more what the process has not written yet.
    """
    faulthandler.disable()
    if shutting_down:
        atexit.unregister(_Foreign())  # type: ignore[arg-type]  # it is only compared
    else:
        atexit._clear()
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]  # private
        alive = finalizer.peek()
        if alive is None or not shutting_down or _is_foreign(alive[1]):
            finalizer.detach()
    gc.unfreeze()  # what is frozen is not listed
    immortal([thing for thing in gc.get_objects() if issubclass(type(thing), _FILES)])
    gc.freeze()


def _is_foreign(function: Any) -> bool:
    package = _package(function)
    return package in _OURS or package in sys.stdlib_module_names


class _Foreign:
    """Equal to functions for the exit that are not the library's: there is no list of them."""

    __hash__ = None  # type: ignore[assignment]  # equal to many

    def __eq__(self, function: object) -> bool:
        finalizers = weakref.finalize._exitfunc  # type: ignore[attr-defined]  # private
        return function != finalizers and _is_foreign(function)


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
