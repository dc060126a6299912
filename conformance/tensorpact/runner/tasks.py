"""What an executor runs: plain functions that can be pickled.

They import the backend and never call it; whatever does runs in a child process, for an
executor's processes may be anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from tensorpact.backends.protocol import Claims
from tensorpact.cases.plan import Batch
from tensorpact.cases.shrink import shrink_together
from tensorpact.deviations.model import NOTHING_KNOWN, Known
from tensorpact.errors import AdapterFault
from tensorpact.reports.model import Finding, Verdict
from tensorpact.reproducers.made import Workshop
from tensorpact.runner.batch import Judging
from tensorpact.runner.compared import compared
from tensorpact.runner.deaths import DeathTrial
from tensorpact.runner.isolation import START_SECONDS, How, isolate
from tensorpact.runner.judging import (
    import_in_child,
    judge_cases,
    note_failure,
    shrink_failure,
    smoke_test,
    with_failure,
)
from tensorpact.runner.limits import Limits, stopped
from tensorpact.runner.outcome import BatchResult
from tensorpact.runner.subject import Reference, backend_of, make_ready

ALONE = "not seen when tried alone: it depends on what ran before"


def import_backend(reference: Reference) -> None:
    """Readies a worker. Raises UsageError and AdapterFault as `describe` does."""
    backend_of(reference)


def importable(reference: Reference) -> None:
    """Imports the backend in a child, to see whether it can be. Raises as `describe` does."""
    _, ending = isolate(import_in_child, reference, seconds=START_SECONDS)
    if ending.how is not How.DONE:
        raise AdapterFault(f"importing the backend {reference} ended in {ending.cause}")


def describe(reference: Reference, limits: Limits) -> Claims:
    """What the backend claims, after its adapter was tested. Raises AdapterFault."""
    problems, claims = smoke_tested(reference, limits.case_seconds * 6)
    if problems:
        name = backend_of(reference).name
        raise AdapterFault(f"the adapter of {name} is broken: {'; '.join(problems)}")
    return claims


def smoke_tested(reference: Reference, seconds: float) -> tuple[tuple[str, ...], Claims]:
    """What is wrong with the adapter, and what it claims, in a process that its library may end.

    Raises AdapterFault where the adapter raises, or ends that process.
    """
    name = backend_of(reference).name
    notes, ending = isolate(smoke_test, reference, seconds=seconds)
    if ending.how is not How.DONE:
        what = "in_worker of " if notes == ["in_worker"] else "testing "
        raise AdapterFault(f"{what}the adapter of {name} ended in {ending.cause}")
    *_, (problems, claims) = notes
    return problems, claims


def judge_batch(
    reference: Reference,
    ids: Sequence[str],
    batch: Batch,
    limits: Limits,
    known: Known = NOTHING_KNOWN,
) -> BatchResult:
    """Judges the cases of a batch by these guarantees, up to a fault, which the result carries."""
    make_ready(reference)
    judging = Judging(reference, ids, batch.cases, limits, known)
    judging.to_the_end()
    return judging.result()


def examine(
    reference: Reference,
    claims: Claims,
    ids: Sequence[str],
    finding: Finding,
    limits: Limits,
    known: Known = NOTHING_KNOWN,
) -> Finding:
    """The finding with a case as small as can be found, tried in fresh processes.

    A hang is left as it is: every try of it would take as long. With what the reference does.
    What is known is left as it is, too: the witness of its deviation is small already.
    """
    if finding.known:
        return finding
    make_ready(reference)
    if finding.verdict is Verdict.FAIL:
        finding = _shrunk_failure(reference, finding, limits, known)
    elif finding.verdict is Verdict.CRASH:
        trial = DeathTrial(reference, claims, ids, finding, limits, known)
        case = shrink_together(finding.case, trial.first, limits.death_tries)
        finding = _as_it_dies(reference, ids, replace(finding, case=case), limits)
    return replace(finding, reference=compared(finding, claims, limits))


def _as_it_dies(
    reference: Reference, ids: Sequence[str], finding: Finding, limits: Limits
) -> Finding:
    """With what the process says at the end of this very case, if it ends again."""
    arguments = (reference, ids, [(0, finding.case)])
    _, ending = isolate(judge_cases, *arguments, seconds=limits.case_seconds, stopped=stopped)
    return replace(finding, detail=ending.output) if ending.how is How.DIED else finding


def _shrunk_failure(
    reference: Reference, finding: Finding, limits: Limits, known: Known
) -> Finding:
    arguments = (reference, finding, limits.tries, known)
    seconds = limits.case_seconds
    notes, ending = isolate(shrink_failure, *arguments, seconds=seconds, stopped=stopped)
    if notes:
        ((case, failure),) = notes
        return with_failure(finding, case, failure)
    if ending.how is How.DONE:
        return replace(finding, detail=ALONE)
    return finding


def reproduce(
    reference: Reference, claims: Claims, named: str, findings: Sequence[Finding], limits: Limits
) -> tuple[Finding, ...]:
    """The findings with scripts that were seen to fail, so far as such can be made."""
    make_ready(reference)
    with closing(Workshop(claims, named, limits.case_seconds)) as workshop:
        return tuple(_reproduced(workshop, reference, finding, limits) for finding in findings)


def _reproduced(
    workshop: Workshop, reference: Reference, finding: Finding, limits: Limits
) -> Finding:
    if stopped() or finding.known:
        return finding
    if finding.detail == ALONE:
        return replace(finding, unreproduced=ALONE)
    demand = None
    if finding.verdict is Verdict.FAIL:
        arguments = (reference, finding.guarantee, finding.case)
        notes, _ = isolate(note_failure, *arguments, seconds=limits.case_seconds, stopped=stopped)
        if not notes:
            return replace(finding, unreproduced=ALONE)
        demand = notes[0].demand
    return workshop.reproduced(finding, demand)
