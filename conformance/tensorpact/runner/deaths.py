"""Trying which case is the first to end its process, in as few processes as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tensorpact.backends.protocol import Claims
from tensorpact.cases.axes import axes_of
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Case
from tensorpact.deviations.model import NOTHING_KNOWN, Known
from tensorpact.reports.model import Finding
from tensorpact.runner.isolation import Ending, How, isolate
from tensorpact.runner.judging import judge_cases
from tensorpact.runner.limits import Limits, stopped
from tensorpact.runner.outcome import broken_by_death
from tensorpact.runner.subject import Reference


@dataclass(frozen=True, slots=True)
class DeathTrial:
    """Whether other cases end their process as that of the finding did."""

    reference: Reference
    claims: Claims
    ids: Sequence[str]
    finding: Finding
    limits: Limits
    known: Known = NOTHING_KNOWN

    def first(self, cases: Sequence[Case]) -> int | None:
        """The position of the first case that does so, alone in a fresh process.

        They are tried one after the other in one process, and only what ends it is tried alone:
        a process takes longer than the case. After a hang no more are tried. What is known to
        end its process is none of them.
        """
        waiting = [n for n, case in enumerate(cases) if self._may_be(case)]
        return next(self._deadly(cases, waiting), None)

    def _may_be(self, case: Case) -> bool:
        known = self.known.label(broken_by_death(case), axes_of(case))
        return not known and possible(case, self.claims)

    def _deadly(self, cases: Sequence[Case], waiting: list[int]) -> Iterator[int]:
        while waiting:
            survived, ending = self._try([cases[n] for n in waiting])
            if ending.how is not How.DIED:
                return
            if survived == 0 or len(waiting) == 1:
                yield from waiting[:1] if self._same(ending) else ()
            else:
                # If not of itself it died of what one before it had left behind: each is tried.
                suspects = [*waiting[survived : survived + 1], *waiting[:survived]]
                yield from (n for n in suspects if self._same(self._try([cases[n]])[1]))
            waiting = waiting[survived + 1 :]

    def _try(self, cases: Sequence[Case]) -> tuple[int, Ending]:
        """How many cases the process outlived, and how it ended."""
        arguments = (self.reference, self.ids, list(enumerate(cases)))
        seconds = self.limits.case_seconds
        notes, ending = isolate(judge_cases, *arguments, seconds=seconds, stopped=stopped)
        return len(notes), ending

    def _same(self, ending: Ending) -> bool:
        return ending.how is How.DIED and f"by {ending.cause}," in self.finding.seen
