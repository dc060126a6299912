"""The processes that batches are sent to: our own pool, or an executor of the caller's."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from ctypes import c_bool
from dataclasses import dataclass
from multiprocessing.context import BaseContext, SpawnContext, SpawnProcess
from multiprocessing.sharedctypes import RawValue
from types import FrameType, ModuleType
from typing import Any, ParamSpec, TypeVar

from tensorpact.backends.protocol import Backend
from tensorpact.errors import HarnessFault, UsageError
from tensorpact.runner.isolation import die_with_parent, starting
from tensorpact.runner.limits import stop_when
from tensorpact.runner.subject import Reference, lend, own_this_process, sendable, take_back
from tensorpact.runner.tasks import import_backend

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor, the reference by which its processes get the backend, and a flag to stop.

    The processes of our own pool share the flag and give up what they are doing.
    """

    executor: Executor
    reference: Reference
    flag: c_bool

    @property
    def stopped(self) -> bool:
        return bool(self.flag.value)

    @property
    def jobs(self) -> int:
        """How many there are; of an executor that does not say, as many as this machine has
        cores."""
        return getattr(self.executor, "_max_workers", None) or _cores()

    def stop(self) -> None:
        """End as soon as can be."""
        self.flag.value = True

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Ctrl-C stops the workers, and raises KeyboardInterrupt as always.

        Nothing is raised in callbacks of the garbage collector, where Python would drop it with
        a message: whoever waits for the workers finds the flag. A handler that the caller has
        set is left alone.
        """
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or (
            threading.current_thread() is not threading.main_thread()
        ):
            yield
            return

        def interrupt(number: int, frame: FrameType | None) -> None:
            self.stop()
            if not _in_garbage_collector(frame):
                signal.default_int_handler(number, frame)

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def submit(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        with starting():
            return self.executor.submit(work, *args, **kwargs)

    def first(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of the first thing that is asked of the workers.

        Raises HarnessFault if they cannot start, or die of importing the backend.
        """
        try:
            return self.submit(work, *args, **kwargs).result()
        except BrokenExecutor as error:
            raise HarnessFault(
                "the worker processes died at once: see whether the backend can be imported in "
                "a fresh Python, and whether there is memory for as many jobs"
            ) from error


def _in_garbage_collector(frame: FrameType | None) -> bool:
    """Whether one of its callbacks, such as Hypothesis's stopwatch, is running there."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None and frame.f_code not in callbacks:
        frame = frame.f_back
    return frame is not None


@contextmanager
def workers(
    backend: Backend | str, jobs: int | None, executor: Executor | None
) -> Iterator[Workers]:
    """Workers for this backend: a pool of `jobs` processes, one a core, unless `executor` is given.

    Raises UsageError where the backend cannot be handed to the processes.
    """
    if executor is None:
        with _own_pool(backend, jobs or _cores()) as own:
            yield own
        return
    reference = sendable(backend, executor)
    try:
        yield Workers(executor, reference, c_bool(False))
    finally:
        take_back(reference)


@contextmanager
def crew(jobs: int | None) -> Iterator[Workers]:
    """Fresh processes, one a core unless `jobs` says how many, that are told of no backend."""
    with _pool(jobs or _cores(), "", _FreshContext()) as own:
        yield own


@contextmanager
def _own_pool(backend: Backend | str, jobs: int) -> Iterator[Workers]:
    reference = lend(backend) if isinstance(backend, Backend) else backend
    try:
        with _pool(jobs, reference, _context(backend)) as own:
            for _ in range(jobs):
                own.submit(import_backend, reference)
            yield own
    finally:
        take_back(reference)


@contextmanager
def _pool(jobs: int, reference: Reference, context: BaseContext) -> Iterator[Workers]:
    flag: Any = RawValue(c_bool, False)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_enter, initargs=(flag,))
    own = Workers(pool, reference, flag)
    try:
        yield own
    finally:
        own.stop()
        pool.shutdown(cancel_futures=True)


def _enter(stop: c_bool) -> None:
    """A worker is told to stop by the flag; Ctrl-C on a terminal reaches all processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    own_this_process()
    stop_when(stop)


class _FreshProcess(SpawnProcess):
    """A fresh interpreter that does not run the caller's script a second time.

    The script would be imported as a main module by every worker, and one without an
    `if __name__ == "__main__":` would start workers of its own. Ours need nothing of it.
    """

    @staticmethod
    def _Popen(process: Any) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class _FreshContext(SpawnContext):
    Process = _FreshProcess


def _context(backend: Backend | str) -> BaseContext:
    """A name is looked up by fresh interpreters, an object is inherited by forks of this one.

    What a library did before in this process, such as starting threads, can make forks of
    it hang: a fresh interpreter is the safer one.
    """
    if isinstance(backend, str):
        return _FreshContext()
    if "fork" not in multiprocessing.get_all_start_methods():
        raise UsageError(
            f"{backend.name} cannot be handed to other processes on this system: "
            "name it by its import path, as in mypkg.adapter:backend"
        )
    return multiprocessing.get_context("fork")


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
