"""The same call many times, in one thread and in several: nothing may pile up, nothing break."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from math import prod
from typing import Any

from tensorpact.cases import dtypes
from tensorpact.cases.live import Live
from tensorpact.cases.model import GIVE, Case
from tensorpact.errors import AdapterFault
from tensorpact.probes import handles, heap
from tensorpact.probes.observe import Eyes, arguments_of
from tensorpact.probes.owners import Watch
from tensorpact.probes.raising import attempt
from tensorpact.probes.settling import comes_true
from tensorpact.seen.life import Life, Repetition
from tensorpact.seen.raised import Raised

TIMES = 8
LARGE = 1 << 16
"""From so many bytes on, what is kept of them is told from the rest of the process."""

THREADS, ROUNDS = 4, 25


def repeat(case: Case, live: Live, eyes: Eyes) -> Life:
    """What many calls leave behind, refused ones as well as others."""
    return _repeated(case, live, lambda: handles.outcome(case, live, eyes)[1])


def drop_capsules(case: Case, live: Live, eyes: Eyes) -> Life:
    """What many exports leave behind that nobody consumes."""
    export = eyes.backend.exports[case.call.operation]

    def once() -> Raised | None:
        return attempt(lambda: export(live.obj, max_version=handles.VERSION))[1]

    return _repeated(case, live, once)


def _repeated(case: Case, live: Live, once: Callable[[], Raised | None]) -> Life:
    before = live.elements()
    raised = once()
    once()
    watch = Watch({"the input": live.obj, "its memory": live.keep})
    later = [once() for _ in range(TIMES)]
    _settle(live)
    drift = _drift(watch, TIMES)
    size = _size(case)
    kept = heap.kept_per_time(once, size) if size >= LARGE else None
    unexpected = next((each for each in later if each is not None), None)
    changed = live.elements() != before
    outcome = Repetition(drift, kept, size, None if raised else unexpected, changed)
    return Life(raised, repetition=outcome)


def _drift(watch: Watch, times: int) -> tuple[tuple[str, int], ...]:
    """What stays piled up when garbage, and what other threads release, is gone."""
    found = watch.drift(times)
    return found if found and not comes_true(lambda: not watch.drift(times)) else ()


def _settle(live: Live) -> None:
    """Drop the capsules that nobody took, which exporters made by hand keep until now."""
    getattr(live.obj, "capsules", []).clear()


def _size(case: Case) -> int:
    block = case.block
    if block is None or block.device:
        return 0
    return prod(block.shape) * dtypes.itemsize(block.dtype)


def concurrently(case: Case, live: Live, eyes: Eyes) -> Life:
    """What many calls do that run in several threads at once, on one input."""
    before = live.elements()
    returned, raised = handles.outcome(case, live, eyes)
    wanted = handles.read(returned, eyes)
    del returned
    watch = Watch({"the input": live.obj, "its memory": live.keep})
    wrong: list[Raised | None] = []
    faults: list[AdapterFault] = []
    call = _plain_call(case, live.obj, eyes)

    def once() -> None:
        try:
            data, found = attempt(lambda: handles.read(call(), eyes))
        except AdapterFault as fault:
            faults.append(fault)
            return
        if found is not None and (raised is None or raised.name != found.name):
            wrong.append(found)
        if found is None and data != wanted:
            wrong.append(None)

    _in_threads(once)
    if faults:
        raise faults[0]
    _settle(live)
    drift = _drift(watch, THREADS * ROUNDS)
    changed = (live.elements() != before) or None in wrong
    unexpected = next((each for each in wrong if each is not None), None)
    return Life(raised, repetition=Repetition(drift, None, 0, unexpected, changed))


def _plain_call(case: Case, obj: Any, eyes: Eyes) -> Callable[[], Any]:
    """The call without what belongs to the whole process: defaults, and the log of warnings."""
    name = case.call.operation
    if name in GIVE:
        return lambda: handles.given(name, obj, eyes)
    operation, arguments = eyes.backend.operations[name], arguments_of(case, eyes)
    return lambda: operation(obj, **arguments)


def _in_threads(once: Callable[[], None]) -> None:
    """Each thread goes many rounds; they change places as often as they can."""
    start = threading.Barrier(THREADS)

    def rounds() -> None:
        start.wait()
        for _ in range(ROUNDS):
            once()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=rounds) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
