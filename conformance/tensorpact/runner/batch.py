"""A batch of cases is judged to its end, whatever becomes of the processes that judge it.

A death or a hang of a child is confirmed by trying the suspected case alone in a fresh one,
once for cases that are alike and die alike; what does not happen again there is searched for
among the cases before it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tensorpact.cases.axes import axes_of
from tensorpact.cases.model import Case
from tensorpact.deviations.model import NOTHING_KNOWN, Known
from tensorpact.errors import TensorpactError
from tensorpact.guarantees.defects import defect_of
from tensorpact.guarantees.model import Failure, Note
from tensorpact.reports.manner import without_numbers
from tensorpact.reports.model import Finding, Verdict
from tensorpact.runner.evidence import Evidence, Gathering
from tensorpact.runner.isolation import Ending, How, attempt
from tensorpact.runner.judging import Record, judge_cases
from tensorpact.runner.limits import Limits, stopped
from tensorpact.runner.outcome import (
    BatchResult,
    Tally,
    broken_by_death,
    death,
    distinct,
    signature,
    source_class,
)
from tensorpact.runner.subject import Reference

KNOWN = "known"
"""Stands before the key of a deviation, where another death has the class of its input."""


class Judging:
    """The state of a batch while it is judged: records, deaths, and what is left to try."""

    def __init__(
        self,
        reference: Reference,
        ids: Sequence[str],
        cases: Sequence[Case],
        limits: Limits,
        known: Known = NOTHING_KNOWN,
    ) -> None:
        self.reference, self.ids, self.cases, self.limits = reference, ids, cases, limits
        self.known = known
        self.records: dict[int, Record] = {}
        self.deaths: dict[int, Ending] = {}
        self.confirmed: set[tuple[object, ...]] = set()
        self.untried: set[int] = set()
        self.unexplained: list[str] = []
        self.fault: TensorpactError | None = None
        self.stopped = False

    def to_the_end(self) -> None:
        while (waiting := self._waiting()) and not self.stopped:
            ending = self._try(waiting)
            if ending.how in (How.DIED, How.HUNG):
                self._explain(waiting, ending)

    def _waiting(self) -> list[int]:
        settled = self.records.keys() | self.deaths.keys() | self.untried
        return [position for position in range(len(self.cases)) if position not in settled]

    def _try(self, positions: Sequence[int]) -> Ending:
        cases = [(position, self.cases[position]) for position in positions]
        arguments = (self.reference, self.ids, cases)
        seconds = self.limits.case_seconds
        notes, ending = attempt(judge_cases, *arguments, seconds=seconds, stopped=stopped)
        for record in map(Record._make, notes):
            self.records.setdefault(record.position, record)
        self.fault = self.fault or ending.fault
        self.stopped |= ending.how is How.STOPPED
        return ending

    def _explain(self, tried: Sequence[int], ending: Ending) -> None:
        """Find the case to blame: the first one not judged, else one before it."""
        suspect = next((p for p in tried if p not in self.records), None)
        if suspect is not None:
            tried = tried[: tried.index(suspect) + 1]
            if self._kind(suspect, ending) in self.confirmed:
                self._condemn(suspect, ending)
                return
            died_first = ending.how is How.DIED and suspect == tried[0]
            alone = ending if died_first else self._try([suspect])
            if alone.how in (How.DIED, How.HUNG):
                self._condemn(suspect, alone)
                self._confirm(suspect, alone)
                return
        culprit = self._culprit(tried)
        if culprit is None:
            self._give_up(tried[-1], ending)
        elif not self.stopped:
            self._condemn(*culprit)

    def _confirm(self, position: int, ending: Ending) -> None:
        """A hang is confirmed every time: a machine that is busy elsewhere may look like one."""
        if ending.how is How.DIED:
            self.confirmed.add(self._kind(position, ending))

    def _kind(self, position: int, ending: Ending) -> tuple[object, ...]:
        said = without_numbers(ending.output)
        return *self._class(position), ending.how, ending.cause, said

    def _class(self, position: int) -> tuple[str, ...]:
        """Cases alike as far as deaths go; what is known of does not speak of what is not."""
        case = self.cases[position]
        known = self._known_death(case)
        return (KNOWN, known) if known else source_class(case)

    def _known_death(self, case: Case) -> str:
        return self.known.label(broken_by_death(case), axes_of(case))

    def _culprit(self, tried: Sequence[int]) -> tuple[int, Ending] | None:
        """The one case that kills when its like are tried in halves; None if no single one does."""
        ending = self._try(tried)
        while len(tried) > 1 and ending.how is not How.DONE:
            for half in (tried[: len(tried) // 2], tried[len(tried) // 2 :]):
                ending = self._try(half)
                if ending.how is not How.DONE:
                    tried = half
                    break
        return None if ending.how is How.DONE else (tried[0], ending)

    def _give_up(self, position: int, ending: Ending) -> None:
        source = " ".join(source_class(self.cases[position]))
        self.unexplained.append(
            f"a process ended by {ending.cause} at or before a case of {source}, "
            "and no case did that alone"
        )

    def _condemn(self, position: int, ending: Ending) -> None:
        self.deaths[position] = ending
        likes: Counter[tuple[str, ...]] = Counter()
        for dead, how in self.deaths.items():
            likes[self._class(dead)] += 3 if how.how is How.HUNG else 1
        new = sum(weight for like, weight in likes.items() if like[0] != KNOWN)
        all_of_them = new >= self.limits.batch_deaths
        for waiting in self._waiting():
            like = likes[self._class(waiting)]
            if all_of_them or like >= self.limits.class_deaths:
                self.untried.add(waiting)

    def result(self) -> BatchResult:
        return BatchResult(
            self._tallies(),
            distinct([*self._failures(), *self._crashes()]),
            len({p for p, record in self.records.items() if record.judged} | self.deaths.keys()),
            len(self.untried),
            tuple(self.unexplained),
            self.stopped,
            self.fault,
            (self._evidence(),),
        )

    def _evidence(self) -> Evidence:
        gathering = Gathering()
        for record in self.records.values():
            gathering.keeps([self.ids[number] for number in record.passed], record.axes)
        for finding in (*self._failures(), *self._crashes()):
            gathering.breaks(signature(finding), finding.case)
        return gathering.evidence()

    def _failures(self) -> Iterator[Finding]:
        for position, record in sorted(self.records.items()):
            for number, judgement in record.others:
                if isinstance(judgement, Failure):
                    yield Finding(
                        self.ids[number],
                        Verdict.FAIL,
                        self.cases[position],
                        "",
                        judgement.required,
                        judgement.seen,
                        known=self.known.label(self.ids[number], record.axes),
                        defect=defect_of(self.ids[number], judgement),
                    )

    def _crashes(self) -> Iterator[Finding]:
        for position, ending in sorted(self.deaths.items()):
            case = self.cases[position]
            yield replace(death(case, ending), known=self._known_death(case))

    def _tallies(self) -> dict[str, Tally]:
        tallies = tallied(self.ids, self.records.values())
        for broken, count in Counter(broken_by_death(self.cases[p]) for p in self.deaths).items():
            tallies[broken] = tallies.get(broken, Tally()) + Tally(count, count)
        return tallies


def tallied(ids: Sequence[str], records: Iterable[Record]) -> dict[str, Tally]:
    """The tally of every guarantee that was judged, by id.

    Axes are counted by the set of guarantees that a case was judged by: there are few.
    """
    failed: Counter[int] = Counter()
    notes: defaultdict[int, Counter[str]] = defaultdict(Counter)
    cases: Counter[tuple[int, ...]] = Counter()
    axes: defaultdict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    for record in records:
        numbers = (*record.passed, *(number for number, _ in record.others))
        cases[numbers] += 1
        axes[numbers].update(record.axes)
        for number, judgement in record.others:
            failed[number] += isinstance(judgement, Failure)
            if isinstance(judgement, Note):
                notes[number][judgement.outcome] += 1
    tallies: dict[str, Tally] = {}
    for numbers, times in cases.items():
        for number in numbers:
            one = Tally(times, 0, {}, axes[numbers])
            tallies[ids[number]] = tallies.get(ids[number], Tally()) + one
    for number in failed:
        one = Tally(0, failed[number], notes[number])
        tallies[ids[number]] += one
    return tallies
