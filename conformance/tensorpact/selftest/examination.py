"""One backend examined: which guarantees condemn it, and after how much of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from time import monotonic

from tensorpact.backends.protocol import Backend, claims_of
from tensorpact.cases.model import Case
from tensorpact.cases.plan import batches
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.runner.batch import Judging
from tensorpact.runner.limits import Limits, stopped
from tensorpact.runner.outcome import broken_by_death
from tensorpact.runner.subject import Reference, lend, make_ready, take_back
from tensorpact.runner.tasks import describe
from tensorpact.vectors.files import by_case

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Kill:
    """A guarantee that condemned a backend: after so many cases, and so many seconds."""

    guarantee: str
    cases: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Examination:
    """What a run says of a backend.

    `kills` has every guarantee that condemned it, in the order in which they did. `cases` and
    `seconds` are those of all that was tried. `trouble` says what went wrong, if anything did.
    """

    kills: tuple[Kill, ...]
    cases: int
    seconds: float
    trouble: str = ""

    @property
    def condemned_by(self) -> frozenset[str]:
        return frozenset(kill.guarantee for kill in self.kills)


def examined(
    backend: Backend,
    budget: str,
    seed: int,
    judges: Collection[str] = TABLE,
    until: str | None = None,
) -> Examination:
    """What a run with this budget and seed finds, case by case in its order, and not shrunk.

    `judges` are the ids of the guarantees that judge. The examination ends early with the part
    of a batch in which `until` condemns. Raises AdapterFault where the adapter is broken.
    """
    reference = lend(backend)
    try:
        claims = describe(reference, Limits())
        sitting = _Sitting(reference, tuple(judges))
        for batch in batches(claims, budget, seed, tuple(TABLE.values())):
            left = batch.cases
            while left:
                most = len(left) if until is None else min(max(FIRST, sitting.cases), MOST)
                sitting.judge(left[:most])
                left = left[most:]
                if sitting.trouble or until in sitting.kills:
                    return sitting.examination()
        return sitting.examination()
    finally:
        take_back(reference)


FIRST, MOST = 250, 4000
"""Cases that are judged at a time where the first condemnation is the end: in between, as many as
before, for every process that is started takes as long as some cases."""


def condemned(backend: Backend, cases: tuple[Case, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The guarantees that these cases break, and those that they keep, in a child process."""
    by_case(claims_of(backend))  # once here, instead of in every child
    reference = lend(backend)
    try:
        judging = Judging(reference, tuple(TABLE), cases, Limits())
        judging.to_the_end()
    finally:
        take_back(reference)
    if judging.fault is not None:
        raise judging.fault
    broken = frozenset(id for id, _ in _failures(judging))
    passed = {number for record in judging.records.values() for number in record.passed}
    return broken, frozenset(tuple(TABLE)[number] for number in passed) - broken


class _Sitting:
    """A backend before its judges: what was tried so far, and what came of it."""

    def __init__(self, reference: Reference, ids: tuple[str, ...]) -> None:
        self.reference, self.ids = reference, ids
        self.kills: dict[str, Kill] = {}
        self.cases, self.trouble, self.start = 0, "", monotonic()
        make_ready(reference)

    def judge(self, cases: tuple[Case, ...]) -> None:
        """Time is shared out evenly among the cases of a batch."""
        before, started = self.cases, monotonic()
        judging = Judging(self.reference, self.ids, cases, Limits())
        judging.to_the_end()
        each = (monotonic() - started) / len(cases)
        for id, position in _failures(judging):
            seconds = started - self.start + each * (position + 1)
            self.kills.setdefault(id, Kill(id, before + position + 1, seconds))
        self.cases += len(cases)
        if judging.fault is not None:
            raise judging.fault
        self.trouble = "; ".join(judging.unexplained) or (INTERRUPTED if stopped() else "")

    def examination(self) -> Examination:
        kills = tuple(sorted(self.kills.values(), key=lambda kill: (kill.cases, kill.guarantee)))
        return Examination(kills, self.cases, monotonic() - self.start, self.trouble)


def _failures(judging: Judging) -> Iterator[tuple[str, int]]:
    """Guarantees that were broken, with the case that did it, in the order of the cases."""
    records = {
        position: [
            judging.ids[number]
            for number, judgement in record.others
            if isinstance(judgement, Failure)
        ]
        for position, record in judging.records.items()
    }
    deaths = {position: [broken_by_death(judging.cases[position])] for position in judging.deaths}
    for position, ids in sorted((records | deaths).items()):
        yield from ((id, position) for id in ids)
