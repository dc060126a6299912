"""A batch is judged to its end, and every death in it is put down to the case that caused it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import faulty
from tensorpact.backends.protocol import Backend, claims_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.errors import AdapterFault
from tensorpact.guarantees import TABLE
from tensorpact.reports.model import Finding, Verdict
from tensorpact.runner.batch import Judging
from tensorpact.runner.isolation import Ending
from tensorpact.runner.limits import Limits
from tensorpact.runner.outcome import CRASHES, BatchResult
from tensorpact.runner.subject import Inherited, lend, take_back
from tensorpact.runner.tasks import examine

GOOD = tuple(Case(Block(dtype=dtype), call("asarray")) for dtype in ("int8", "int32", "float32"))
BAD = Case(Block(dtype="float16"), call("asarray"))
BAD_TOO = Case(Block(dtype="float16", layout="F"), call("asarray"))
IDS = tuple(TABLE)
SHARED = "sharing.array-is-shared"


@pytest.fixture
def lent(request: pytest.FixtureRequest) -> Iterator[Inherited]:
    """The backend that the test is parametrized with, as child processes get it."""
    backend: Backend = request.param
    reference = lend(backend)
    yield reference
    take_back(reference)


def of(backend: Backend) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("lent", [backend], indirect=True, ids=[backend.name])


def judged(lent: Inherited, cases: Sequence[Case], limits: Limits | None = None) -> BatchResult:
    judging = Judging(lent, IDS, cases, limits or Limits())
    judging.to_the_end()
    return judging.result()


def deaths(result: BatchResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.guarantee == CRASHES]


@of(faulty.aborting)
def test_a_crash_condemns_its_case_and_the_others_are_judged(lent: Inherited) -> None:
    result = judged(lent, (*GOOD, BAD, *GOOD))
    (death,) = deaths(result)
    assert (death.verdict, death.case, death.count) == (Verdict.CRASH, BAD, 1)
    assert death.seen.startswith("the process ended by SIGABRT")
    assert death.detail.startswith("terminate called")
    assert result.cases == 7
    assert (result.tallies[CRASHES].judged, result.tallies[CRASHES].failed) == (7, 1)


@of(faulty.leaving)
def test_leaving_without_a_word_is_a_crash(lent: Inherited) -> None:
    (death,) = deaths(judged(lent, (*GOOD, BAD)))
    assert death.verdict is Verdict.CRASH
    assert death.seen.startswith("the process ended by exit code 0")


@of(faulty.sleeping)
def test_a_hang_is_a_time_out_of_its_case(lent: Inherited) -> None:
    result = judged(lent, (*GOOD, BAD, *GOOD), Limits(0.3))
    (death,) = deaths(result)
    assert (death.verdict, death.case) == (Verdict.TIMEOUT, BAD)
    assert result.cases == 7


@of(faulty.dying_late)
def test_a_death_at_collection_is_put_down_to_the_case_that_left_the_garbage(
    lent: Inherited,
) -> None:
    result = judged(lent, (*GOOD, BAD, *GOOD))
    (death,) = deaths(result)
    assert (death.verdict, death.case) == (Verdict.CRASH, BAD)
    assert not result.unexplained


@of(faulty.dying_together)
def test_a_death_that_no_single_case_causes_is_not_lost(lent: Inherited) -> None:
    result = judged(lent, (BAD, BAD, BAD, BAD))
    assert result.cases == 4
    assert not deaths(result)
    assert "SIGABRT" in result.unexplained[0]


@of(faulty.aborting)
def test_deaths_by_one_cause_are_one_finding_with_their_count(lent: Inherited) -> None:
    (death,) = deaths(judged(lent, (BAD, *GOOD, BAD_TOO)))
    assert death.count == 2


@of(faulty.aborting)
def test_only_the_first_of_deaths_that_are_alike_is_tried_alone(
    lent: Inherited, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Sequence[int]] = []
    attempt = Judging._try

    def counted(judging: Judging, positions: Sequence[int]) -> Ending:
        tried.append(positions)
        return attempt(judging, positions)

    monkeypatch.setattr(Judging, "_try", counted)
    (death,) = deaths(judged(lent, (*GOOD, BAD, *GOOD, BAD, BAD_TOO, *GOOD)))
    assert death.count == 3
    sizes = [len(positions) for positions in tried]
    assert sizes == [12, 1, 8, 4, 3], "the first alone, the second not, and the third was first"


@of(faulty.aborting)
def test_what_is_not_tried_after_many_deaths_is_counted(lent: Inherited) -> None:
    result = judged(lent, (*[BAD] * 6, *GOOD, BAD_TOO), Limits(class_deaths=2))
    assert (result.cases, result.untried) == (3, 7)


@of(faulty.aborting)
def test_a_batch_of_deaths_comes_to_an_end(lent: Inherited) -> None:
    result = judged(lent, (BAD, BAD_TOO, *GOOD), Limits(batch_deaths=2))
    assert (result.cases, result.untried) == (2, 3)


@of(faulty.broken_adapter)
def test_an_exception_of_the_adapter_is_no_finding(lent: Inherited) -> None:
    result = judged(lent, GOOD)
    assert isinstance(result.fault, AdapterFault)
    assert "broken-adapter" in str(result.fault)
    assert (result.findings, result.stopped) == ((), True)


@of(faulty.breaking_late)
def test_what_a_batch_found_before_a_fault_comes_home_with_it(
    lent: Inherited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("READS", str(tmp_path / "reads"))
    result = judged(lent, GOOD * 200)
    assert isinstance(result.fault, AdapterFault)
    assert 0 < result.cases < len(GOOD) * 200
    assert SHARED in {finding.guarantee for finding in result.findings}


@of(faulty.copying)
def test_a_failure_is_shrunk_to_a_case_that_fails_too(lent: Inherited) -> None:
    large = Case(Block(shape=(7, 5, 3), layout="F", content="counting"), call("asarray"))
    (finding,) = (f for f in judged(lent, [large]).findings if f.guarantee == SHARED)
    smaller = examine(lent, claims_of(faulty.copying), IDS, finding, Limits())
    assert len(smaller.case.block.shape) < 3  # type: ignore[union-attr]  # it has a block
    assert any(f.guarantee == SHARED for f in judged(lent, [smaller.case]).findings)


@of(faulty.dying_late)
def test_a_death_at_collection_is_shrunk_too(lent: Inherited) -> None:
    large = Case(Block(dtype="float16", shape=(7, 5), layout="F"), call("asarray", copy=None))
    (finding,) = deaths(judged(lent, [large]))
    smaller = examine(lent, claims_of(faulty.dying_late), IDS, finding, Limits()).case
    assert (smaller.block.dtype, smaller.block.layout) == ("float16", "C")  # type: ignore[union-attr]  # it has a block


@of(faulty.aborting)
def test_a_crash_is_shrunk_to_a_case_that_crashes_too(lent: Inherited) -> None:
    large = Case(Block(dtype="float16", shape=(7, 5), layout="F"), call("asarray", copy=None))
    (finding,) = deaths(judged(lent, [large]))
    smaller = examine(lent, claims_of(faulty.aborting), IDS, finding, Limits()).case
    assert (smaller.block.dtype, smaller.block.layout) == ("float16", "C")  # type: ignore[union-attr]  # it has a block
    assert deaths(judged(lent, [smaller]))
