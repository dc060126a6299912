"""What an executor runs: plain functions that can be pickled.

They import the backend and never call it; whatever does runs in a child process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tensorpact.backends.protocol import Claims, claims_of
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Case
from tensorpact.cases.plan import Batch, cases_of
from tensorpact.cases.shrink import shrink
from tensorpact.errors import AdapterFault
from tensorpact.guarantees import TABLE
from tensorpact.reports.model import Finding, Verdict
from tensorpact.runner.batch import Judging
from tensorpact.runner.isolation import START_SECONDS, How, isolate
from tensorpact.runner.judging import import_in_child, judge_cases, shrink_failure, smoke_test
from tensorpact.runner.limits import Limits, stopped
from tensorpact.runner.outcome import BatchResult
from tensorpact.runner.subject import Reference, backend_of


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
    backend = backend_of(reference)
    notes, ending = isolate(smoke_test, reference, seconds=limits.case_seconds * 6)
    if ending.how is not How.DONE:
        raise AdapterFault(f"testing the adapter of {backend.name} ended in {ending.cause}")
    (problems,) = notes
    if problems:
        raise AdapterFault(f"the adapter of {backend.name} is broken: {'; '.join(problems)}")
    return claims_of(backend)


def judge_batch(
    reference: Reference, ids: Sequence[str], batch: Batch, limits: Limits
) -> BatchResult:
    """Judges the cases of a batch by these guarantees. Raises AdapterFault and HarnessFault."""
    guarantees = [TABLE[id] for id in ids]
    cases = cases_of(batch, claims_of(backend_of(reference)), guarantees)
    judging = Judging(reference, ids, cases, limits)
    judging.to_the_end()
    return judging.result()


def examine(reference: Reference, ids: Sequence[str], finding: Finding, limits: Limits) -> Finding:
    """The finding with a case as small as can be found, tried in fresh processes.

    A hang is left as it is: every try of it would take as long.
    """
    if finding.verdict is Verdict.FAIL:
        return _shrunk_failure(reference, finding, limits)
    if finding.verdict is Verdict.CRASH:
        return _shrunk_crash(reference, ids, finding, limits)
    return finding


def _shrunk_failure(reference: Reference, finding: Finding, limits: Limits) -> Finding:
    arguments = (reference, finding.guarantee, finding.case, limits.tries)
    seconds = limits.case_seconds
    notes, ending = isolate(shrink_failure, *arguments, seconds=seconds, stopped=stopped)
    if notes:
        ((case, failure),) = notes
        return replace(finding, case=case, required=failure.required, seen=failure.seen)
    if ending.how is How.DONE:
        return replace(finding, detail="not seen when tried alone: it depends on what ran before")
    return finding


def _shrunk_crash(
    reference: Reference, ids: Sequence[str], finding: Finding, limits: Limits
) -> Finding:
    claims = claims_of(backend_of(reference))

    def dies(case: Case) -> bool:
        if not possible(case, claims):
            return False
        arguments = (reference, ids, [(0, case)])
        seconds = limits.case_seconds
        _, ending = isolate(judge_cases, *arguments, seconds=seconds, stopped=stopped)
        return ending.how is How.DIED and f"by {ending.cause}" in finding.seen

    return replace(finding, case=shrink(finding.case, dies, limits.death_tries))
