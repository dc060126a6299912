"""The cases that the guarantees of the group lifetime are about."""

from __future__ import annotations

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import GIVE, Case
from tensorpact.cases.schedules import CAPSULES, EXPORTS, RESULT, SCHEDULES, SOURCE
from tensorpact.guarantees.predicates import Applies

BUFFERS = ("bytearray", "array.array", "mmap")


def _kind(case: Case) -> str:
    return SCHEDULES[case.schedule].kind


def scheduled(*kinds: str) -> Applies:
    """Cases whose schedule is of one of these kinds."""
    return lambda case, _: _kind(case) in kinds


def _frees_by_itself(case: Case) -> bool:
    """Whether the source can be released at all: an export without a deleter never is."""
    return case.block is None or case.block.twist != "no_deleter"


def released(case: Case, _: Claims) -> bool:
    """Everything is dropped, or the call is repeated; nothing hangs on a capsule being freed."""
    schedule = SCHEDULES[case.schedule]
    if schedule.kind == "release":
        return not set(CAPSULES) & set(schedule.drops) and _frees_by_itself(case)
    return schedule.kind in ("repeat", "resize source")


def kept(case: Case, _: Claims) -> bool:
    """The source is dropped before something that may share with it."""
    schedule = SCHEDULES[case.schedule]
    ordered = schedule.kind == "release" and schedule.drops[-1] != SOURCE
    return ordered and not schedule.thread and case.call.operation not in GIVE


def exported(case: Case, _: Claims) -> bool:
    """An export is there after the tensor has gone."""
    schedule = SCHEDULES[case.schedule]
    if schedule.kind != "release" or schedule.thread:
        return False
    if case.call.operation in GIVE:
        return schedule.drops[-1] != SOURCE
    return schedule.drops[-1] in EXPORTS


def copied(case: Case, _: Claims) -> bool:
    """The source is dropped before what may be a copy of it; autograd may look back at it."""
    schedule, block = SCHEDULES[case.schedule], case.block
    if schedule.kind != "release" or schedule.thread or block is None:
        return False
    # Of empty memory nobody can tell whether it is shared.
    plain = not (block.grad or block.lazy or 0 in block.shape)
    return plain and schedule.drops[0] == SOURCE


def buffer(case: Case, _: Claims) -> bool:
    """A buffer that can be resized, or closed, by its own means."""
    resized = _kind(case) == "resize source"
    return resized and case.block is not None and case.block.exporter in BUFFERS


def array_or_result(case: Case, _: Claims) -> bool:
    """An array that is resized under the result, or the result under its memory."""
    if _kind(case) == "resize result":
        return True
    block = case.block
    return _kind(case) == "resize source" and block is not None and block.exporter == "ndarray"


def lent(case: Case, _: Claims) -> bool:
    """An export made by hand, whose deleter is counted."""
    counted = case.block is not None and bool(case.block.twist) and _frees_by_itself(case)
    schedule = SCHEDULES[case.schedule]
    if schedule.kind == "release":
        return counted and not set(CAPSULES) & set(schedule.drops)
    return counted and schedule.kind == "twice"


def unconsumed(case: Case, _: Claims) -> bool:
    """A capsule that nobody consumes, and that is the last to go."""
    schedule = SCHEDULES[case.schedule]
    if schedule.kind == "unconsumed":
        return True
    last = schedule.kind == "release" and schedule.drops[-1] in CAPSULES
    return last and _frees_by_itself(case)


def threaded(case: Case, _: Claims) -> bool:
    """Release in another thread, and calls in several at once."""
    schedule = SCHEDULES[case.schedule]
    return (schedule.thread and _frees_by_itself(case)) or schedule.kind == "concurrent"


def alone(case: Case, _: Claims) -> tuple[Case, ...]:
    """The same without other threads: what is wrong there too is not the threads' fault."""
    schedule = "repeated" if _kind(case) == "concurrent" else case.schedule.removesuffix(IN_THREAD)
    return (Case(case.source, case.call, case.state, schedule),)


IN_THREAD = " in a thread"


def plainly_released(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same with nothing made out of the result: what is wrong there too is not its fault."""
    del claims
    if case.call.operation in GIVE or _kind(case) not in ("release", "resize source"):
        return ()
    return (Case(case.source, case.call, case.state, f"{SOURCE}, {RESULT}"),)
