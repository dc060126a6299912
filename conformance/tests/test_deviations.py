"""What is known does not count, what is new does, and what is known must stay true."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import faulty
import plans
import tensorpact
from deviation_texts import CRASHES, HALF, SHARED, entry, written
from tensorpact.cases.axes import axes_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.short import shortened
from tensorpact.errors import UsageError
from tensorpact.reports.jsonlines import from_json_lines
from tensorpact.reports.model import Report, Verdict
from tensorpact.reports.terminal import render
from tensorpact.runner.run import INTERRUPTED, Progress

BYTES = Case(Block(dtype="int8"), call("asarray"))
TURNED = Case(Block(dtype="float16", layout="F"), call("asarray"))


@pytest.fixture(autouse=True, scope="module")
def small_plan() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        plans.only_one_family(monkeypatch)
        yield


@pytest.fixture
def known(tmp_path: Path) -> str:
    return written(tmp_path / "known.toml", entry())


def judged(backend: tensorpact.Backend | str, *files: str, **options: object) -> Report:
    defaults: dict[str, object] = {"only": [SHARED], "budget": "quick", "jobs": 1}
    return tensorpact.run(backend, deviations=files, **defaults | options)  # type: ignore[arg-type]  # mixed


def shown(report: Report, *, every: bool = False) -> str:
    stream = StringIO()
    render(report, Console(file=stream, width=100), every=every)
    return stream.getvalue()


def test_a_failure_that_nobody_knows_of_counts() -> None:
    report = judged(faulty.copying_half)
    assert report[SHARED].verdict is Verdict.FAIL
    assert report.exit_code() == 1


def test_a_known_failure_does_not_count_and_is_shown_with_its_reason(known: str) -> None:
    report = judged(faulty.copying_half, known)
    (deviation,) = report[SHARED].deviations
    assert report[SHARED].verdict is Verdict.KNOWN
    assert report.exit_code(strict=True) == 0
    assert deviation.count == report[SHARED].failed > 0
    assert "1 known deviation" in report.summary()
    assert "1 deviation, " in shown(report)
    assert "nobody had the time" in shown(report, every=True)


def test_a_failure_outside_of_the_axes_counts_and_stays_outside_when_shrunk(known: str) -> None:
    report = judged(faulty.copying_half_and_bytes, known)
    (new,) = report[SHARED].new
    assert report[SHARED].verdict is Verdict.FAIL
    assert report.exit_code() == 1
    assert "dtype=float16" not in axes_of(new.case)
    assert new.count + report[SHARED].deviations[0].count == report[SHARED].failed


def test_each_of_two_deviations_covers_its_own(tmp_path: Path) -> None:
    both = written(tmp_path / "f.toml", entry(), entry(case=BYTES, axes={"dtype": "int8"}))
    report = judged(faulty.copying_half_and_bytes, both)
    assert report[SHARED].verdict is Verdict.KNOWN
    assert all(deviation.count for deviation in report[SHARED].deviations)


def test_a_witness_that_no_longer_fails_is_an_error(known: str) -> None:
    report = judged("numpy", known)
    assert report[SHARED].verdict is Verdict.STALE
    (stale,) = report[SHARED].stale
    assert report.exit_code() == 1
    assert stale.stale.startswith(f"{known}, deviation 1: witness 1 no longer fails")


def test_each_case_of_a_witness_has_to_fail(tmp_path: Path) -> None:
    witness = f'["{shortened(HALF)}", "{shortened(BYTES)}"]'
    both = written(tmp_path / "f.toml", entry(axes={}, witness=witness))
    report = judged(faulty.copying_half, both)
    assert report[SHARED].verdict is Verdict.STALE
    assert "witness 2" in shown(report)


def test_a_stale_deviation_beside_a_new_failure_is_shown_too(known: str) -> None:
    report = judged(faulty.copying_only("copying-bytes", "int8"), known)
    assert report[SHARED].verdict is Verdict.FAIL
    assert "witness 1 no longer fails" in shown(report)


def test_a_witness_is_tried_whatever_the_run_meets(tmp_path: Path) -> None:
    """The plan of these tests has no such layout."""
    axes = {"dtype": "float16", "layout": "F"}
    file = written(tmp_path / "f.toml", entry(case=TURNED, axes=axes))
    report = judged(faulty.copying_only("turned", "float16"), file, only=[SHARED])
    assert report[SHARED].deviations[0].count == 0
    assert not report[SHARED].deviations[0].stale
    assert judged("numpy", file)[SHARED].verdict is Verdict.STALE


def test_only_deviations_of_selected_guarantees_are_tried(known: str) -> None:
    assert judged("numpy", known, only=["copying.*"]).exit_code() == 0


def test_a_known_death_does_not_count_and_hides_no_other(tmp_path: Path) -> None:
    known = written(tmp_path / "f.toml", entry(CRASHES))
    options = {"only": [SHARED, CRASHES]}
    assert judged(faulty.aborting, known, **options)[CRASHES].verdict is Verdict.KNOWN
    report = judged(faulty.aborting_half_and_bytes, known, **options)
    (new,) = report[CRASHES].new
    assert report[CRASHES].verdict is Verdict.CRASH
    assert "dtype=float16" not in axes_of(new.case)


def test_a_death_that_is_known_is_known_where_nobody_asked_for_it(tmp_path: Path) -> None:
    known = written(tmp_path / "f.toml", entry(CRASHES))
    report = judged(faulty.aborting, known)
    assert report[CRASHES].verdict is Verdict.KNOWN
    assert report.conforms


def test_a_deviation_of_other_versions_is_none(tmp_path: Path) -> None:
    other = written(tmp_path / "f.toml", entry(when='["copying-half<1"]'))
    assert judged(faulty.copying_half, other)[SHARED].verdict is Verdict.FAIL
    assert judged("numpy", other)[SHARED].verdict is Verdict.PASS


def test_a_witness_that_cannot_be_tried_is_refused_unless_the_condition_says_so(
    tmp_path: Path,
) -> None:
    elsewhere = Case(Block("own", dtype="float16", device="cuda:0"), call("asarray"))
    with pytest.raises(UsageError, match="witness 1 cannot be tried on numpy"):
        judged("numpy", written(tmp_path / "f.toml", entry(case=elsewhere)))
    there = written(tmp_path / "g.toml", entry(case=elsewhere, device='"cuda"'))
    assert judged("numpy", there).conforms


def test_what_is_wrong_in_a_file_is_said_before_anything_is_judged(tmp_path: Path) -> None:
    wrong = written(tmp_path / "f.toml", entry(reason=""))
    with pytest.raises(UsageError, match="it needs a reason"):
        judged("nonesuch", wrong)


def test_the_report_does_not_depend_on_the_number_of_processes(known: str) -> None:
    reports = [judged(faulty.copying_half_and_bytes, known, jobs=jobs) for jobs in (1, 3)]
    first, second = (replace(report, seconds=0.0) for report in reports)
    assert first == second


def test_the_output_file_is_the_report(known: str, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    report = judged(faulty.copying_half, known, output=path)
    with path.open() as lines:
        assert from_json_lines(lines) == report
    cut_off = path.read_text().splitlines(keepends=True)[:2]
    assert from_json_lines(cut_off)[SHARED].verdict is Verdict.KNOWN


def test_ctrl_c_among_the_witnesses_ends_the_run(known: str) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.phase == "witnesses" and progress.done == 1:
            signal.raise_signal(signal.SIGINT)

    report = judged(faulty.copying_half, known, progress=interrupt)
    assert (report.incomplete, report.exit_code()) == (INTERRUPTED, 4)


def test_check_takes_deviations_too(known: str) -> None:
    options = {"only": [SHARED], "budget": "quick", "jobs": 1, "deviations": Path(known)}
    assert tensorpact.check(faulty.copying_half, **options).conforms  # type: ignore[arg-type]  # mixed
