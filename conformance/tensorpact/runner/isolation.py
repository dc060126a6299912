"""A function runs in a process of its own, and what it noted down outlives the process.

The child appends its notes to a file, one write each. That file is journal, result and
sign of life at once: what was noted survives any death, the first thing that was not noted
is what the child died of, and a file that stops growing means that it hangs.
"""

from __future__ import annotations

import ctypes
import faulthandler
import io
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from tensorpact.errors import HarnessFault, TensorpactError

Note = Callable[[Any], None]
"""Takes anything that pickles."""

START_SECONDS = 120.0
"""How long a child may take before its first note: under spawn it imports a library first."""

_NOTES, _OUTPUT = "notes", "output"
_CANNOT_NOTE = 97
_TICK = 0.2
_LINES, _WIDTH = 3, 200


class How(Enum):
    """How a child process ended."""

    DONE = auto()
    DIED = auto()
    HUNG = auto()
    STOPPED = auto()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child process ended, by what, and the first that it wrote to stdout and stderr.

    `fault` is what the work raised, where that is nothing that the backend did.
    """

    how: How
    cause: str = ""
    output: str = ""
    fault: TensorpactError | None = None


@dataclass(frozen=True, slots=True)
class _Last:
    """The note that the work is done, or has failed by a fault that is not the backend's."""

    fault: TensorpactError | None = None


def method() -> str:
    """How children start: by fork where that is safe, for it costs a hundredth of a spawn."""
    return "fork" if sys.platform == "linux" else "spawn"


def isolate(
    work: Callable[..., None],
    *arguments: Any,
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
    start: str | None = None,
) -> tuple[list[Any], Ending]:
    """The notes that `work(note, *arguments)` made in a child process, and how that ended.

    `seconds` is how long the child may go without a note. Raises the TensorpactError that
    the work raised, and HarnessFault for any other exception of it.
    """
    notes, ending = attempt(work, *arguments, seconds=seconds, stopped=stopped, start=start)
    if ending.fault is not None:
        raise ending.fault
    return notes, ending


def attempt(
    work: Callable[..., None],
    *arguments: Any,
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
    start: str | None = None,
) -> tuple[list[Any], Ending]:
    """The same for work whose notes count though it raised: that is the `fault` of the ending."""
    start = start or method()
    # A forked child has its libraries already, a spawned one imports them before its first note.
    patience = seconds if start == "fork" else max(seconds, START_SECONDS)
    context = multiprocessing.get_context(start)
    with TemporaryDirectory(prefix="tensorpact-") as name:
        directory = Path(name)
        (directory / _NOTES).touch()
        process = _started(context, (directory, work, arguments))
        try:
            ending = _watch(process, directory, (patience, seconds), stopped)
        finally:
            process.kill()
            process.join()
            process.close()
        return _conclude(_read(directory / _NOTES), ending)


def _started(context: BaseContext, arguments: tuple[Any, ...]) -> BaseProcess:
    if multiprocessing.current_process().daemon:
        raise HarnessFault(
            "the executor's processes are daemonic and may not start the processes that cases "
            "run in: make them ordinary ones (for Dask, set distributed.worker.daemon to false)"
        )
    process: BaseProcess = context.Process(target=_main, args=arguments)  # type: ignore[attr-defined]  # not in the stubs of BaseContext
    with starting():
        process.start()
    return process


@contextmanager
def starting() -> Iterator[None]:
    """While a process starts: Ctrl-C waits, lest a half-started one die of it with a traceback.

    Python 3.12 warns when a process with threads forks; ours have none that hold locks.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(
    process: BaseProcess,
    directory: Path,
    patience: tuple[float, float],
    stopped: Callable[[], bool],
) -> Ending:
    """`patience` is how long to wait for the first note, and for every further one."""
    notes = directory / _NOTES
    size, since = 0, _clock(process)
    while not wait([process.sentinel], timeout=min(_TICK, patience[1] / 4)):
        now, grown = _clock(process), notes.stat().st_size
        if grown != size:
            size, since = grown, now
        if stopped():
            return Ending(How.STOPPED)
        allowed = patience[size > 0]
        if now - since > allowed:
            return Ending(How.HUNG, f"no progress within {allowed:g} s", _words(directory))
    process.join()
    return Ending(How.DIED, _cause(process.exitcode or 0), _words(directory))


def _clock(process: BaseProcess) -> float:
    """The time in seconds, less what the process was ready to run and waited for a processor.

    On a machine that is busy with something else nobody is said to hang for that. Only Linux
    tells; elsewhere it is the time as it is.
    """
    try:
        _, queued, *_ = Path(f"/proc/{process.pid}/schedstat").read_text("ascii").split()
    except (OSError, ValueError):
        queued = "0"
    return monotonic() - int(queued) / 1e9


def _cause(exitcode: int) -> str:
    if exitcode == _CANNOT_NOTE:
        raise HarnessFault("results cannot be noted down: is the temporary directory full?")
    if exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"


def _words(directory: Path) -> str:
    """The first lines of the output: what follows them is a trace of addresses, if anything."""
    output = directory / _OUTPUT
    if not output.exists():
        return ""
    with output.open(errors="replace") as file:
        lines = [line.strip()[:_WIDTH] for line in islice(file, _LINES)]
    return "\n".join(line for line in lines if line)


def _read(path: Path) -> list[Any]:
    """All notes but one that was cut off: the child died while writing it."""
    stream = io.BytesIO(path.read_bytes())
    notes = []
    while True:
        try:
            notes.append(pickle.load(stream))
        except (EOFError, pickle.UnpicklingError):
            return notes


def _conclude(notes: list[Any], ending: Ending) -> tuple[list[Any], Ending]:
    if not notes or not isinstance(notes[-1], _Last):
        return notes, ending
    fault = notes[-1].fault
    return notes[:-1], Ending(How.DONE) if fault is None else Ending(How.STOPPED, fault=fault)


# --------------------------------------------------------------------------- in the child


def _main(directory: Path, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    _redirect_output(directory / _OUTPUT)
    with (directory / _NOTES).open("ab", buffering=0) as file:

        def note(value: Any) -> None:
            try:
                file.write(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))
            except OSError:
                os._exit(_CANNOT_NOTE)

        note(_Last(_fault_of(work, note, arguments)))
    # The teardown of an interpreter is not what is judged, and it takes a while.
    os._exit(0)


def _fault_of(
    work: Callable[..., None], note: Note, arguments: tuple[Any, ...]
) -> TensorpactError | None:
    try:
        work(note, *arguments)
    except TensorpactError as error:
        return error
    except BaseException:
        trace = traceback.format_exc()
        return HarnessFault(f"this is a bug of tensorpact, please report it:\n{trace}")
    return None


def _redirect_output(path: Path) -> None:
    """What a dying library says goes to the report, not into the user's terminal."""
    faulthandler.disable()
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(target, stream)


def die_with_parent() -> None:
    """No child is left behind when its parent is killed; Linux only."""
    parent = multiprocessing.parent_process()
    if sys.platform != "linux" or parent is None:
        return
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent.pid:
        os._exit(0)
