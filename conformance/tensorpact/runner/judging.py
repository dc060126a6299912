"""What is done inside the child processes: everything that touches the backend."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from tensorpact.backends.protocol import claims_of
from tensorpact.backends.smoke import smoke
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Case
from tensorpact.cases.shrink import shrink
from tensorpact.deviations.model import NOTHING_KNOWN, Known
from tensorpact.errors import AdapterFault
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.defects import defect_of
from tensorpact.guarantees.model import PASS, Failure, Guarantee, Judgement
from tensorpact.judge import Judge
from tensorpact.reports.facts import facts
from tensorpact.reports.manner import manner
from tensorpact.reports.model import Finding
from tensorpact.runner.isolation import Note
from tensorpact.runner.subject import Reference, backend_in_child, backend_of, ready


class Record(NamedTuple):
    """The outcome of one case: guarantees stand as indices into those of the run.

    It is noted down as a plain tuple, which pickles in a third of the time.
    """

    position: int
    passed: tuple[int, ...]
    others: tuple[tuple[int, Judgement], ...]
    axes: tuple[str, ...]

    @property
    def judged(self) -> bool:
        """Whether the case put any guarantee to the test."""
        return bool(self.passed or self.others)


def judge_cases(
    note: Note, reference: Reference, ids: Sequence[str], cases: Sequence[tuple[int, Case]]
) -> None:
    """Notes a `Record` of every case as soon as it is judged; garbage is collected at the end.

    Some deaths come only when what a case left behind is collected.
    """
    index = {id: number for number, id in enumerate(ids)}
    with judging(reference, ids) as judge:
        for position, case in cases:
            judged = [(index[promise.id], judgement) for promise, judgement in _judged(judge, case)]
            passed = tuple([number for number, judgement in judged if judgement is PASS])
            others = () if len(passed) == len(judged) else _others(judged)
            note((position, passed, others, judge.axes(case)))
    gc.collect()


def _judged(judge: Judge, case: Case) -> Sequence[tuple[Guarantee, Judgement]]:
    """Raises what the judge raises, with a word on the case."""
    try:
        return judge.judge(case)
    except AdapterFault as fault:
        where = ", ".join(judge.axes(case))
        raise AdapterFault(f"{judge.backend.name}: {fault} ({where})") from fault
    except Exception as error:
        error.add_note(f"The case was {case}")
        raise


def _others(judged: list[tuple[int, Judgement]]) -> tuple[tuple[int, Judgement], ...]:
    return tuple((number, judgement) for number, judgement in judged if judgement is not PASS)


def see_case(note: Note, reference: Reference, ids: Sequence[str], case: Case) -> None:
    """Notes what each of these guarantees says of the case, all that was seen, and why it could
    not be made, if it could not."""
    with judging(reference, ids) as judge:
        trial, judged = judge.see(case)
    gc.collect()
    note(
        (
            tuple((promise.id, judgement) for promise, judgement in judged),
            facts(trial),
            trial.unbuilt,
        )
    )


def shrink_failure(
    note: Note, reference: Reference, finding: Finding, tries: int, known: Known = NOTHING_KNOWN
) -> None:
    """Notes a smaller case that fails alike, with its Failure.

    Nothing if the case of the finding does not fail. What is known already is not taken for it.
    """
    with judging(reference, [finding.guarantee]) as judge:
        first = _failure(judge, finding.case)
        if first is None:
            return
        alike = manner(with_failure(finding, finding.case, first))

        def fails(tried: Case) -> bool:
            if not possible(tried, judge.claims):
                return False
            if known.label(finding.guarantee, judge.axes(tried)):
                return False
            failure = _failure(judge, tried)
            return failure is not None and manner(with_failure(finding, tried, failure)) == alike

        smaller = shrink(finding.case, fails, tries)
        failure = _failure(judge, smaller)
        if failure is not None:
            note((smaller, failure))


def with_failure(finding: Finding, case: Case, failure: Failure) -> Finding:
    """The finding by this case, and what was seen of it."""
    defect = defect_of(finding.guarantee, failure)
    return replace(finding, case=case, required=failure.required, seen=failure.seen, defect=defect)


def import_in_child(_: Note, reference: Reference) -> None:
    """Only imports the backend."""
    backend_of(reference)


def smoke_test(note: Note, reference: Reference) -> None:
    """Notes what it is about to do, and last the problems of the adapter and what it claims."""
    if backend_of(reference).in_worker is not None:
        note("in_worker")
    backend = backend_in_child(reference)
    note("smoke")
    note((smoke(backend), claims_of(backend)))


def judging(reference: Reference, ids: Sequence[str]) -> Judge:
    """The judge of a child process.

    Garbage is looked for, often, among what the cases make, and not in all of the backend.
    """
    backend, claims = ready(reference)
    gc.freeze()
    return Judge(backend, [TABLE[id] for id in ids], claims)


def _failure(judge: Judge, case: Case) -> Failure | None:
    judgements = (judgement for _, judgement in _judged(judge, case))
    return next((j for j in judgements if isinstance(j, Failure)), None)


def note_failure(note: Note, reference: Reference, guarantee: str, case: Case) -> None:
    """Notes the Failure of a case; nothing if it does not fail."""
    with judging(reference, [guarantee]) as judge:
        failure = _failure(judge, case)
    if failure is not None:
        note(failure)
