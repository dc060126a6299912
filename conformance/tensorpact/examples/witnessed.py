"""How the backends of the zoo break a guarantee, told in the words of any library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tensorpact.backends.protocol import Claims
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Case
from tensorpact.cases.words import word
from tensorpact.guarantees.model import Demand, Failure, Guarantee
from tensorpact.reports.model import Finding
from tensorpact.reproducers.demands import RETURNS
from tensorpact.reproducers.made import MOST, plain
from tensorpact.reproducers.source_text import with_imports
from tensorpact.runner.compared import translated
from tensorpact.runner.replay import Replayed, replays
from tensorpact.selftest.exams import missing
from tensorpact.selftest.member import Member
from tensorpact.selftest.zoos import zoo


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A member that breaks a guarantee on one of its witnesses."""

    member: Member
    claims: Claims
    finding: Finding
    demand: Demand | None

    def case(self, claims: Claims) -> Case | None:
        """The case for another library; None where that lacks what it needs."""
        case = self.finding.case
        if claims.name != self.claims.name:
            case = translated(case, self.claims, claims)
        return case if possible(case, claims) else None

    def scripts(self, claims: Claims) -> Iterator[str]:
        """The scripts that ask for what was broken; empty for one that cannot be typed.

        That a call returns is no answer to a finding about what it returned.
        """
        case = self.case(claims)
        if case is None:
            return
        raised = self.finding.seen.startswith("raised")
        for lines in islice(plain(self.finding, self.demand, case, claims), MOST):
            tells = raised or lines[-1] != RETURNS
            yield with_imports(lines, word(claims, "import")) or "" if tells else ""


def witnesses(guarantee: Guarantee) -> Iterator[Witnessed]:
    """The plainest first: made out of the reference, with the defect in the open, of ours."""
    members = [m for m in zoo().values() if m.breaks == guarantee.id and not missing(m)]
    members.sort(key=lambda m: (m.base != "reference", bool(m.corner), bool(m.address)))
    for member in members:
        for found in replays(f"zoo:{member.name}", member.witness):
            finding = found.finding(guarantee.id) if found is not None else None
            if found is not None and finding is not None:
                yield Witnessed(member, found.claims, finding, _demand(found, guarantee.id))


def _demand(found: Replayed, guarantee: str) -> Demand | None:
    failure = dict(found.judged).get(guarantee)
    return failure.demand if isinstance(failure, Failure) else None
