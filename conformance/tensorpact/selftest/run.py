"""A self-test: every member of the zoo is examined, and the matrix made of what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, as_completed
from dataclasses import replace
from pathlib import Path

from tensorpact.cases.plan import BUDGETS
from tensorpact.errors import UsageError
from tensorpact.runner.run import INTERRUPTED, KILLED
from tensorpact.runner.workers import Workers, crew
from tensorpact.selftest.examination import Examination
from tensorpact.selftest.exams import Exam, Manner, exams, missing, once_more, sit
from tensorpact.selftest.journal import Journal, journal, sources
from tensorpact.selftest.matrix import Matrix, matrix
from tensorpact.selftest.member import Kind, Zoo
from tensorpact.selftest.zoos import chosen

OnProgress = Callable[[str, int, int], None]
"""Told who was examined last, how many were, and how many there are to be."""


def selftest(
    names: Sequence[str] = (),
    *,
    budget: str = "quick",
    seeds: int = 1,
    whole: bool = True,
    jobs: int | None = None,
    keep: Path | None = None,
    progress: OnProgress | None = None,
) -> Matrix:
    """Judge the members of the zoo, and say what the suite makes of them.

    `names` are globs over the names of members. Every member is judged with `budget` at each of
    the first `seeds` seeds. `whole`: at the first seed everybody judges the faulty ones, to know
    all that condemns them; else only the right guarantee does, until it condemns. What quick
    lets pass is judged once more with standard. `keep` is a file for what was found, from which
    a self-test that was cut off goes on. Ctrl-C ends it with an incomplete matrix.

    Raises UsageError for names and files that do not work out.
    """
    if budget not in BUDGETS:
        raise UsageError(f"there is no budget {budget!r}: use one of {', '.join(BUDGETS)}")
    members = chosen(names)
    absent = tuple(member.name for member in members.values() if missing(member))
    there = {name: member for name, member in members.items() if name not in absent}
    options = {"budget": budget, "sources": sources()}
    with journal(keep, options) as notes, crew(jobs) as workers:
        incomplete = _made(exams(there, budget, seeds, whole=whole), workers, notes, progress)
        if not incomplete and budget == "quick":
            incomplete = _made(_let_pass(there, notes), workers, notes, progress)
        found = matrix(there, budget, seeds, notes.known, partial=bool(names))
    return replace(found, missing=absent, incomplete=incomplete)


def _let_pass(members: Zoo, notes: Journal) -> Iterator[Exam]:
    """What is to be judged once more."""
    for exam, examination in list(notes.known.items()):
        member = members.get(exam.member)
        if member is None or exam.sound or member.kind is Kind.ODD or exam.budget != "quick":
            continue
        if member.breaks not in examination.condemned_by and not examination.trouble:
            yield once_more(member, exam.seed)


def _made(
    wanted: Iterable[Exam], workers: Workers, notes: Journal, progress: OnProgress | None
) -> str:
    """Make the examinations that are not noted yet; why not all of them were made, or nothing."""
    futures: dict[Future[Examination], Exam] = {}
    try:
        with workers.interruptible():
            for exam in wanted:
                if not _known(exam, notes):
                    futures[workers.submit(sit, exam)] = exam
            for done, future in enumerate(as_completed(futures), 1):
                if workers.stopped:
                    raise KeyboardInterrupt
                exam = futures[future]
                notes.note(exam, future.result())
                if progress is not None:
                    progress(exam.member, done, len(futures))
    except KeyboardInterrupt:
        workers.stop()
        return INTERRUPTED
    except BrokenExecutor:
        return KILLED
    return ""


def _known(exam: Exam, notes: Journal) -> bool:
    """An examination to the end says what a shorter one would have said."""
    return exam in notes.known or replace(exam, manner=Manner.WHOLE) in notes.known
