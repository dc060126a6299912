"""A call, and then the source, the result and what was made of it dropped one after the other."""

from __future__ import annotations

import threading
from functools import partial
from math import prod
from typing import Any

from reftensor import capi
from reftensor.dlpack import USED
from tensorpact.capsules import Loan
from tensorpact.cases import contents, dtypes
from tensorpact.cases.live import Live
from tensorpact.cases.model import Block, Case
from tensorpact.cases.schedules import RESULT, SOURCE, Schedule
from tensorpact.probes import handles
from tensorpact.probes.observe import Eyes
from tensorpact.probes.raising import adapting, attempt
from tensorpact.probes.settling import comes_true
from tensorpact.seen.life import Life, Moment, Release


def release(case: Case, schedule: Schedule, live: Live, eyes: Eyes) -> Life:
    """What was seen at every step. Elements are never read where their owner is gone."""
    held = _Held(case, live, eyes)
    if held.raised is None:
        held.take(schedule.takes)
    moments = [
        held.drop(name, in_thread=schedule.thread and place > 0)
        for place, name in enumerate(schedule.drops)
        if name in held.things
    ]
    found = Release(
        tuple(moments),
        frozenset(held.shares),
        None if held.loans is None else tuple(loan.deleted for loan in held.loans),
        held.addressed,
    )
    return Life(held.raised, release=found)


class _Held:
    """What is left of a call: nothing else of the harness refers to any of it."""

    def __init__(self, case: Case, live: Live, eyes: Eyes) -> None:
        assert case.block is not None
        self.block, self.live, self.eyes = case.block, live, eyes
        memory = handles.memory_of(live, case.block)
        live.only_lend()
        returned, self.raised = handles.outcome(case, live, eyes)
        self.things: dict[str, Any] = {SOURCE: live.obj}
        live.obj = None
        self.loans = _consumed(live)
        live.capsules = []
        self.memory = memory
        self.shares: set[str] = set()
        self.first: dict[str, bytes] = {}
        self.kept: list[Any] = []
        self.addressed = False
        if self.raised is None:
            self._add(RESULT, returned)
            self.addressed = handles.address(returned, eyes) is not None

    def _add(self, name: str, thing: Any) -> None:
        self.things[name] = thing
        if handles.lies_in(thing, self.memory, self.eyes):
            self.shares.add(name)
        elements = handles.read(thing, self.eyes)
        if elements is not None:
            self.first[name] = elements

    def take(self, names: tuple[str, ...]) -> None:
        """Make these out of the result; what leaves the host's memory no consumer here takes."""
        on_host = handles.address(self.things[RESULT], self.eyes) is not None
        for name in names if on_host else ():
            make = partial(handles.MAKERS[name], self.things[RESULT], self.eyes)
            made, raised = attempt(make)
            del make
            if raised is None:
                self._add(name, made)

    def drop(self, name: str, *, in_thread: bool) -> Moment:
        dropped = [self.things.pop(name)]
        if in_thread:
            thread = threading.Thread(target=dropped.clear)
            thread.start()
            thread.join()
        dropped.clear()
        if self.block.exporter == "own":
            self._reuse()
        held = self._is_held()
        changed = tuple(n for n in self.first if n in self.things and self._changed(n, held))
        return Moment(name, tuple(self.things), held, changed, self._deleted())

    def _is_held(self) -> bool | None:
        owner = self.live.owner
        if owner is None:
            return None
        needed = SOURCE in self.things or self.shares & self.things.keys()
        if needed:
            return owner.held
        if self._may_be_held_by_right():
            return owner.held_for_good
        return not comes_true(lambda: not owner.held)

    def _may_be_held_by_right(self) -> bool:
        """Where nothing is freed by itself, or what is left may share: nobody is accused then."""
        if self.block.twist == "no_deleter":
            return True
        return any(handles.address(thing, self.eyes) is None for thing in self.things.values())

    def _changed(self, name: str, held: bool | None) -> bool:
        foreign = self.block.exporter != "own"
        if name in self.shares and foreign and not held:
            return False
        return handles.read(self.things[name], self.eyes) != self.first[name]

    def _deleted(self) -> int | None:
        loans = self.loans
        if loans is None:
            return None
        if not self.things and self.block.twist != "no_deleter":
            comes_true(lambda: sum(loan.deleted for loan in loans) >= len(loans))
        return sum(loan.deleted for loan in loans)

    def _reuse(self) -> None:
        """Have memory that was freed used again, for other numbers, while the reads go on."""
        block, make = self.block, self.eyes.backend.make
        if make is None:
            return
        device = block.device or self.eyes.backend.host.name
        with adapting("making another tensor"):
            self.kept += [make(_other_numbers(block), block.dtype, block.shape, device)] * 2


def _consumed(live: Live) -> list[Loan] | None:
    """The loans that the consumer took, by the capsule's name, or gave back without a word.

    The others end with their capsules, all of which are still there.
    """
    if live.loans is None:
        return None
    pairs = zip(live.capsules, live.loans, strict=True)
    used = USED.values()
    return [loan for capsule, loan in pairs if loan.deleted or capi.capsule_name(capsule) in used]


def _other_numbers(block: Block) -> bytes:
    count = prod(block.shape)
    zeros = bytes(count * dtypes.itemsize(block.dtype))
    return contents.pattern(block.dtype, count, 2, zeros if block.dtype == "bool" else b"")
