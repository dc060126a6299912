"""Capsules: consumed twice, and given back by a thread that knows nothing of Python."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from reftensor import capi
from reftensor.dlpack import USED, VERSIONED, DLManagedTensorVersioned
from tensorpact.capsules import Loan, fields
from tensorpact.cases.exporters import OneCapsule
from tensorpact.cases.live import Live
from tensorpact.cases.model import Case
from tensorpact.probes import handles
from tensorpact.probes.observe import Eyes
from tensorpact.probes.raising import attempt
from tensorpact.probes.settling import comes_true
from tensorpact.seen.life import Again, Life, Unlocked

_TIMES, _MICROSECONDS = 20, 1_000
"""How long a thread has to come to the GIL: on a machine that is busy it may start late."""

_NEVER = 1_000.0


def consume_twice(case: Case, live: Live, eyes: Eyes) -> Life:
    """What becomes of a second import of one capsule, bare or in an object that hands it out."""
    assert case.block is not None
    memory = handles.memory_of(live, case.block)
    loans = live.loans
    if not isinstance(live.obj, capi.Capsule):
        live.obj = OneCapsule.of(live.obj)
    capsule = getattr(live.obj, "capsule", live.obj)
    returned, raised = handles.outcome(case, live, eyes)
    if raised is not None:
        return Life(raised)
    described = fields(capsule)
    name = described.name if described is not None else ""
    if not handles.lies_in(returned, memory, eyes):
        return Life()
    second, refusal = handles.outcome(case, live, eyes)
    before = _deleted(loans)
    del returned, second
    if loans:
        comes_true(lambda: _deleted(loans) > 0)
    deleted = (before, _deleted(loans)) if loans else None
    return Life(again=Again(name, refusal, deleted))


def _deleted(loans: list[Loan] | None) -> int:
    return sum(loan.deleted for loan in loans or ())


def delete_without_gil(case: Case, live: Live, eyes: Eyes) -> Life:
    """What the deleter of an export does in a thread that never held the GIL.

    It is started while this thread holds the GIL, and does not let go of it for a while.
    """
    assert case.block is not None
    memory, owner = handles.memory_of(live, case.block), live.owner
    live.only_lend()
    returned, raised = handles.outcome(case, live, eyes)
    live.obj = None
    if raised is not None:
        return Life(raised)
    make = partial(handles.MAKERS["capsule"], returned, eyes)
    capsule, _ = attempt(make)
    del returned, make
    if owner is None or not handles.lies_in(capsule, memory, eyes):
        return Life()
    taken = _taken(capsule)
    del capsule
    if taken is None or not owner.held:
        return Life()
    waited = _in_a_bare_thread(*taken, lambda: owner.held)
    if waited is None:
        return Life()
    return Life(unlocked=Unlocked(waited))


def _taken(capsule: Any) -> tuple[int, int] | None:
    """The deleter of a versioned capsule and its argument, owed by us from now on."""
    if not capi.capsule_is_valid(capsule, VERSIONED):
        return None
    address = capi.capsule_pointer(capsule, VERSIONED)
    deleter = DLManagedTensorVersioned.from_address(address).deleter
    if not deleter:
        return None
    capi.rename_capsule(capsule, USED[VERSIONED])
    return deleter, address


_WITH_GIL, _WITHOUT_GIL = ctypes.PyDLL(None), ctypes.CDLL(None)


def _still_after_a_while(still: Callable[[], bool]) -> bool:
    _WITH_GIL.usleep(_MICROSECONDS)
    return still()


def _in_a_bare_thread(function: int, argument: int, still: Callable[[], bool]) -> bool | None:
    """Calls a C function in a new thread: what `still()` says while only this one has the GIL.

    None where there are no POSIX threads, or none to be had.
    """
    create = getattr(_WITH_GIL, "pthread_create", None)
    if create is None:
        return None
    thread = ctypes.c_void_p()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_NEVER)
    try:
        started = create(
            ctypes.byref(thread), None, ctypes.c_void_p(function), ctypes.c_void_p(argument)
        )
        if started != 0:
            return None
        seen = all(_still_after_a_while(still) for _ in range(_TIMES))
    finally:
        sys.setswitchinterval(interval)
    _WITHOUT_GIL.pthread_join(thread, None)
    return seen
