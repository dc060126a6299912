"""One case once more, alone in a fresh process, with everything that was seen of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tensorpact.backends.protocol import Claims
from tensorpact.cases.checked import known_names
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Case
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.defects import defect_of
from tensorpact.guarantees.model import Failure, Judgement, Silence
from tensorpact.reports.facts import Fact
from tensorpact.reports.model import Finding, Verdict
from tensorpact.runner.isolation import Ending, How, isolate
from tensorpact.runner.judging import see_case
from tensorpact.runner.limits import Limits
from tensorpact.runner.outcome import broken_by_death, death
from tensorpact.runner.subject import Reference, backend_of
from tensorpact.runner.tasks import describe
from tensorpact.vectors.files import by_case


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a case.

    `judged` has what every guarantee said that it put to the test; `facts` are empty where the
    process did not outlive it, and `ending` says how it died. `unbuilt` says why the input could
    not be made: then nothing was tried.
    """

    case: Case
    claims: Claims
    judged: tuple[tuple[str, Judgement], ...]
    facts: tuple[Fact, ...]
    unbuilt: str
    ending: Ending

    @property
    def died(self) -> bool:
        return self.ending.how in (How.DIED, How.HUNG)

    def finding(self, guarantee: str) -> Finding | None:
        """How it breaks the guarantee, not yet spelled; None where it does not.

        A case that ends its process breaks whatever it is asked about.
        """
        if self.died:
            return death(self.case, self.ending)
        failure = dict(self.judged).get(guarantee)
        if not isinstance(failure, Failure):
            return None
        return Finding(
            guarantee,
            Verdict.FAIL,
            self.case,
            "",
            failure.required,
            failure.seen,
            defect=defect_of(guarantee, failure),
        )

    def verdict(self, guarantee: str) -> Verdict:
        """FAIL, CRASH, TIMEOUT, PASS, or NOT_EXERCISED where the case did not test it."""
        finding = self.finding(guarantee)
        if finding is not None:
            return finding.verdict
        if guarantee == broken_by_death(self.case) and not self.unbuilt:
            return Verdict.PASS
        kept = dict(self.judged).get(guarantee) is Silence.PASS
        return Verdict.PASS if kept else Verdict.NOT_EXERCISED


def replay(reference: Reference, case: Case, limits: Limits | None = None) -> Replayed:
    """Try the case alone and let every guarantee judge it.

    Raises UsageError where the backend lacks what the case needs, and faults as `run` does.
    """
    found = next(replays(reference, [case], limits))
    if found is None:
        raise UsageError(
            f"this case cannot be tried on {backend_of(reference).name}: "
            "it lacks the operation, an argument, the dtype or the device, "
            "or the case is of another version of tensorpact"
        )
    return found


def _known(case: Case) -> bool:
    """Whether its names are those of this version; a report may be of another."""
    try:
        known_names(case)
    except (TypeError, AttributeError, ValueError):
        return False
    return True


def replays(
    reference: Reference, cases: Iterable[Case], limits: Limits | None = None
) -> Iterator[Replayed | None]:
    """Try each case alone; None where the backend lacks something, or the version another name."""
    limits = limits or Limits()
    claims = describe(reference, limits)
    by_case(claims)  # once here, instead of in every child
    for case in cases:
        if not _known(case) or not possible(case, claims):
            yield None
            continue
        arguments = (reference, tuple(TABLE), case)
        notes, ending = isolate(see_case, *arguments, seconds=limits.case_seconds)
        judged, seen, unbuilt = notes[0] if notes else ((), (), "")
        yield Replayed(case, claims, judged, seen, unbuilt, ending)
