"""A run: from a backend and a selection of guarantees to a report."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed, wait
from dataclasses import dataclass, replace
from importlib.metadata import version
from os import PathLike
from time import monotonic
from typing import Any, TypedDict, TypeVar

from tensorpact.backends.protocol import Backend, Claims
from tensorpact.cases.plan import BUDGETS, Batch, batches
from tensorpact.deviations.files import Files, loaded, named_files
from tensorpact.deviations.model import Deviation, Known
from tensorpact.errors import Fault, TensorpactError, UsageError
from tensorpact.guarantees import TABLE, select
from tensorpact.guarantees.model import Guarantee
from tensorpact.reports.jsonlines import closing_lines, cut_off_line, found_line, header_line
from tensorpact.reports.model import Finding, Header, KnownDeviation, Report, Verdict
from tensorpact.runner.grouping import by_cause, without_doubles
from tensorpact.runner.limits import Limits
from tensorpact.runner.outcome import BatchResult, signature
from tensorpact.runner.results import deviations_of, in_order, results_of, spelled
from tensorpact.runner.sink import Sink, opened
from tensorpact.runner.tasks import describe, examine, judge_batch, reproduce
from tensorpact.runner.witness import Witnessed, applicable, try_witness
from tensorpact.runner.workers import Workers, workers

T = TypeVar("T")

INTERRUPTED = "interrupted"
KILLED = "a worker process was killed from outside, perhaps for want of memory; use fewer jobs"
NOTHING = "no case was judged"
UNCLAIMED = "no case was judged: {} claims none of these guarantees"
STOP_SECONDS = 10.0
PART = 12
"""Findings for which it is worth while that a worker imports the library once more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: parts of the phase that are done, out of those known so far."""

    phase: str
    done: int
    total: int
    cases: int
    findings: int


OnProgress = Callable[[Progress], None]


class Options(TypedDict, total=False):
    """The keywords of `run`."""

    only: Sequence[str]
    budget: str
    seed: int
    jobs: int | None
    executor: Executor | None
    output: str | PathLike[str] | None
    progress: OnProgress | None
    limits: Limits | None
    deviations: Files


def run(
    backend: Backend | str,
    *,
    only: Sequence[str] = (),
    budget: str = "standard",
    seed: int = 0,
    jobs: int | None = None,
    executor: Executor | None = None,
    output: str | PathLike[str] | None = None,
    progress: OnProgress | None = None,
    limits: Limits | None = None,
    deviations: Files = (),
) -> Report:
    """Judge a backend; the report says of every guarantee what became of it.

    `backend` is a name as for the command line, or a `Backend`. `only` are globs over the
    ids of guarantees. `budget` is quick, standard or deep. The same seed gives the same
    verdicts and findings, whatever `jobs` (processes; one a core by default) and `executor`
    (any `concurrent.futures.Executor`) are. `output` is a file that gets the report as JSON
    lines while it comes about. Ctrl-C ends the run with an incomplete report. `deviations`
    are files of known deviations; "shipped" stands for the one shipped for the library.

    Raises UsageError for names and files that do not work out, AdapterFault where the
    adapter of the backend fails, HarnessFault for a fault of tensorpact itself. The `report`
    of either fault is incomplete and has what was found before, or is None.
    """
    globs = (only,) if isinstance(only, str) else tuple(only)
    guarantees = select(globs)
    if budget not in BUDGETS:
        raise UsageError(f"there is no budget {budget!r}: use one of {', '.join(BUDGETS)}")
    files = named_files(deviations)
    loaded(files)  # what is wrong in a file is said at once
    started = monotonic()
    with opened(output) as sink, workers(backend, jobs, executor) as pool:
        limits = limits or Limits()
        claims = pool.first(describe, pool.reference, limits)
        named = backend if isinstance(backend, str) else ""
        ids = tuple(guarantee.id for guarantee in guarantees)
        known = applicable(loaded(files, claims.name), claims, ids)
        header = _header(claims, seed, budget, globs, named, files)
        sink.write([header_line(header)])
        plan = batches(claims, budget, seed, guarantees)
        watch = _Watch(sink, claims, ids, progress)
        try:
            witnessed, trouble = _witnessed(pool, known.of(ids), limits, watch)
            outcome = _ended(BatchResult(), trouble)
            if trouble is None:
                outcome = _judged(pool, claims, ids, plan, limits, known, watch)
                outcome = _reproduced(pool, claims, named, outcome, limits, watch)
        except TensorpactError as error:
            sink.write([cut_off_line(str(error))])
            raise
        became = deviations_of(known, witnessed, outcome.findings)
        report = _report(header, guarantees, outcome, became, monotonic() - started)
        if outcome.fault is not None:
            sink.write([cut_off_line(str(outcome.fault))])
        sink.write(closing_lines(report))
    if sink.trouble is not None:
        report = _because(report, sink.trouble)
    if isinstance(outcome.fault, Fault):
        outcome.fault.report = report
        raise outcome.fault
    return report


def _witnessed(
    pool: Workers, deviations: Sequence[Deviation], limits: Limits, watch: _Watch
) -> tuple[list[Witnessed], str | Fault | None]:
    """What became of the witness of each, as far as the run came."""
    if not deviations:
        return [], None
    trying = (pool.submit(try_witness, pool.reference, one, limits) for one in deviations)
    tried, trouble = _collect("witnesses", trying, pool, watch, watch.examined)
    return [found for _, found in sorted(tried.items()) if found is not None], trouble


def _ended(outcome: BatchResult, trouble: str | Fault | None) -> BatchResult:
    """The outcome with what ended the run early, if anything did."""
    return replace(
        outcome,
        unexplained=(*outcome.unexplained, *([str(trouble)] if trouble else [])),
        fault=trouble if isinstance(trouble, Fault) else None,
    )


def _judged(
    pool: Workers,
    claims: Claims,
    ids: Sequence[str],
    plan: Iterable[Batch],
    limits: Limits,
    known: Known,
    watch: _Watch,
) -> BatchResult:
    """All that was found, shrunk and spelled, and what ended the run early, if anything did."""
    submit, reference = pool.submit, pool.reference
    judging = (submit(judge_batch, reference, ids, batch, limits, known) for batch in plan)
    judged, trouble = _collect("judging", judging, pool, watch, watch.judged)
    outcome = sum((judged[number] for number in sorted(judged)), BatchResult())
    causes = by_cause(outcome.findings, outcome.evidence)
    examined: dict[int, Finding] = {}
    if trouble is None:
        share = (reference, claims, ids)
        shrinking = (submit(examine, *share, finding, limits, known) for finding in causes)
        examined, trouble = _collect("shrinking", shrinking, pool, watch, watch.examined)
    found = (examined.get(number, finding) for number, finding in enumerate(causes))
    distinct = without_doubles(found, outcome.evidence)
    findings = in_order(spelled(finding, claims) for finding in distinct)
    return _ended(replace(outcome, findings=findings), trouble)


def _reproduced(
    pool: Workers, claims: Claims, named: str, outcome: BatchResult, limits: Limits, watch: _Watch
) -> BatchResult:
    """The same with scripts for the findings; of a run that was cut off they are not made."""
    if outcome.fault is not None or outcome.unexplained or outcome.stopped:
        return outcome
    size = max(PART, -(-len(outcome.findings) // pool.jobs))
    parts = [outcome.findings[n : n + size] for n in range(0, len(outcome.findings), size)]
    share = (pool.reference, claims, named)
    making = (pool.submit(reproduce, *share, part, limits) for part in parts)
    made, trouble = _collect("reproducing", making, pool, watch, watch.reproduced)
    findings = [f for number, part in enumerate(parts) for f in made.get(number, part)]
    return _ended(replace(outcome, findings=tuple(findings)), trouble)


def _collect(
    phase: str,
    submitted: Iterable[Future[T]],
    pool: Workers,
    watch: _Watch,
    each: Callable[[T], None],
) -> tuple[dict[int, T], str | Fault | None]:
    """The results that there are, by number, and why some are missing."""
    futures: list[Future[T]] = []
    trouble: str | Fault | None = None
    try:
        with pool.interruptible():
            watch.start(phase)
            for future in _finished(submitted, futures):
                if pool.stopped:
                    raise KeyboardInterrupt
                watch.total = len(futures)
                if isinstance(future.exception(), BrokenExecutor):
                    trouble = KILLED
                else:
                    each(future.result())
    except BrokenExecutor:
        wait([future for future in futures if not future.cancel()], timeout=STOP_SECONDS)
        trouble = KILLED
    except (KeyboardInterrupt, Exception) as error:
        interrupted = pool.stopped or isinstance(error, KeyboardInterrupt)
        if not (interrupted or isinstance(error, Fault)):
            raise
        pool.stop()
        wait([future for future in futures if not future.cancel()], timeout=STOP_SECONDS)
        trouble = error if isinstance(error, Fault) and not interrupted else INTERRUPTED
    return {n: future.result() for n, future in enumerate(futures) if _there(future)}, trouble


def _finished(submitted: Iterable[Future[T]], futures: list[Future[T]]) -> Iterator[Future[T]]:
    """Futures as they finish, the first of them while others are still being submitted."""
    waiting: set[Future[T]] = set()
    for future in submitted:
        futures.append(future)
        done, waiting = wait({*waiting, future}, timeout=0)
        yield from done
    yield from as_completed(waiting)


def _there(future: Future[T]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


class _Watch:
    """Tells of progress, and writes down what was found when it is found.

    `ids` are those of the guarantees that were selected.
    """

    def __init__(
        self, sink: Sink, claims: Claims, ids: Collection[str], tell: OnProgress | None
    ) -> None:
        self._sink, self._claims, self._ids, self._tell = sink, claims, ids, tell
        self._now, self.total = Progress("", 0, 0, 0, 0), 0
        self._known: set[tuple[Any, ...]] = set()

    def start(self, phase: str) -> None:
        self.total = 0
        self._go(replace(self._now, phase=phase, done=0))

    def judged(self, result: BatchResult) -> None:
        new = [f for f in result.findings if signature(f) not in self._known]
        self._known.update(map(signature, new))
        self._sink.write(
            found_line(finding, TABLE[finding.guarantee].level, finding.guarantee in self._ids)
            for finding in (spelled(finding, self._claims) for finding in new)
        )
        cases = self._now.cases + result.cases
        self._go(replace(self._now, cases=cases, findings=len(self._known)), 1)
        if result.fault is not None:
            raise result.fault

    def examined(self, _: object) -> None:
        self._go(self._now, 1)

    def reproduced(self, _: Sequence[Finding]) -> None:
        self._go(self._now, 1)

    def _go(self, now: Progress, steps: int = 0) -> None:
        self._now = replace(now, done=now.done + steps, total=self.total)
        if self._tell is not None:
            self._tell(self._now)


def _report(
    header: Header,
    guarantees: Sequence[Guarantee],
    outcome: BatchResult,
    deviations: Sequence[KnownDeviation],
    seconds: float,
) -> Report:
    reasons = list(dict.fromkeys(outcome.unexplained))
    results = results_of(guarantees, header.claims, outcome, deviations)
    if not outcome.cases and not reasons:
        claimed = any(result.verdict is not Verdict.NOT_CLAIMED for result in results)
        reasons.append(NOTHING if claimed else UNCLAIMED.format(header.claims.name))
    return Report(
        header,
        results,
        outcome.cases,
        outcome.untried,
        seconds,
        "; ".join(reasons) or None,
    )


def _because(report: Report, reason: str) -> Report:
    reasons = [report.incomplete, reason] if report.incomplete else [reason]
    return replace(report, incomplete="; ".join(reasons))


def _header(
    claims: Claims,
    seed: int,
    budget: str,
    only: tuple[str, ...],
    named: str,
    deviations: tuple[str, ...],
) -> Header:
    return Header(
        claims=claims,
        suite=version("tensorpact"),
        python=platform.python_version(),
        platform=platform.platform(),
        numpy=version("numpy"),
        seed=seed,
        budget=budget,
        only=only,
        named=named,
        deviations=deviations,
    )
