"""A run says the same wherever its cases were judged, and keeps what it found if it ends early."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import faulty
import plans
import tensorpact
from tensorpact.errors import AdapterFault, NonConformance, UsageError
from tensorpact.reports.jsonlines import from_json_lines
from tensorpact.reports.model import Report, Verdict
from tensorpact.runner.run import INTERRUPTED, KILLED, UNCLAIMED, Progress

SHARED = "sharing.array-is-shared"
CRASHES = "error.nothing-crashes"
ONLY = (SHARED, CRASHES)


def small(backend: tensorpact.Backend | str, **options: object) -> Report:
    defaults: dict[str, object] = {"only": ONLY, "budget": "quick", "jobs": 1}
    return tensorpact.run(backend, **defaults | options)  # type: ignore[arg-type]  # mixed


def timeless(report: Report) -> Report:
    return replace(report, seconds=0.0)


@pytest.fixture(autouse=True, scope="module")
def small_plan() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        plans.only_one_family(monkeypatch)
        yield


@pytest.fixture(scope="module")
def aborting(small_plan: None) -> Report:  # noqa: ARG001  # needed first
    return small(faulty.aborting)


def test_a_sound_library_conforms() -> None:
    report = small("numpy")
    assert report.conforms
    assert report[SHARED].verdict is Verdict.PASS
    assert report[SHARED].judged > 0


def test_a_crash_is_one_finding_and_the_run_goes_on(aborting: Report) -> None:
    (finding,) = aborting[CRASHES].findings
    assert aborting[CRASHES].verdict is Verdict.CRASH
    assert "np.asarray" in finding.call
    assert aborting[SHARED].judged > 0
    assert aborting.exit_code() == 1


def test_a_crash_is_reported_though_nobody_asked_for_it() -> None:
    report = small(faulty.aborting, only=[SHARED])
    assert report[CRASHES].verdict is Verdict.CRASH
    assert (report[SHARED].selected, report[CRASHES].selected) == (True, False)
    assert not report.conforms


def test_the_report_does_not_depend_on_the_number_of_processes(aborting: Report) -> None:
    assert timeless(small(faulty.aborting, jobs=3)) == timeless(aborting)


def test_the_report_does_not_depend_on_the_executor(aborting: Report) -> None:
    with ThreadPoolExecutor(2) as threads:
        assert timeless(small(faulty.aborting, executor=threads)) == timeless(aborting)


def test_the_report_does_not_depend_on_how_the_backend_is_named(aborting: Report) -> None:
    named = small("faulty:aborting")
    assert (named.header.named, aborting.header.named) == ("faulty:aborting", "")
    nameless = replace(named, header=replace(named.header, named=""))
    assert timeless(nameless) == timeless(aborting)


def test_a_backend_that_cannot_be_sent_is_refused() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(UsageError, match="by its import path"):
        small(faulty.aborting, executor=pool)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["sharing.nonsense"]}, "no guarantee"),
        ({"budget": "huge"}, "there is no budget 'huge'"),
        ({"output": "/nonexistent/report.jsonl"}, "cannot write /nonexistent/report.jsonl"),
    ],
)
def test_what_does_not_work_out_is_said_in_one_sentence(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        small("numpy", **options)


def test_an_unknown_backend_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nonesuch"):
        small("nonesuch")


def test_an_adapter_that_raises_is_an_adapter_fault() -> None:
    with pytest.raises(AdapterFault, match="broken-adapter"):
        small(faulty.broken_adapter)


def test_a_fault_brings_what_was_found_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("READS", str(tmp_path / "reads"))
    path = tmp_path / "report.jsonl"
    with pytest.raises(AdapterFault, match="the 801st") as caught:
        small(faulty.breaking_late, output=path)
    report = caught.value.report
    assert report is not None
    assert "the 801st" in (report.incomplete or "")
    assert report.cases > 0
    assert all(finding.call.startswith(("x = ", "a = ")) for finding in report[SHARED].findings)
    assert report[SHARED].findings
    with path.open() as lines:
        assert from_json_lines(lines) == report


def test_a_fault_before_anything_was_judged_has_no_report() -> None:
    with pytest.raises(AdapterFault) as caught:
        small(faulty.broken_adapter)
    assert caught.value.report is None


def test_a_run_that_judges_nothing_is_incomplete() -> None:
    report = small("numpy", only=["grad.*"])
    assert report.incomplete == UNCLAIMED.format("numpy")
    assert report.exit_code() == 4


def test_check_raises_with_the_report() -> None:
    with pytest.raises(NonConformance, match="does not conform") as caught:
        tensorpact.check(faulty.copying, only=ONLY, budget="quick", jobs=1)
    assert caught.value.report[SHARED].verdict is Verdict.FAIL
    assert SHARED in str(caught.value)


def test_check_returns_the_report_of_what_conforms() -> None:
    assert tensorpact.check("numpy", only=ONLY, budget="quick", jobs=1).conforms


def test_the_output_file_is_the_report(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    report = small(faulty.copying, output=path)
    with path.open() as lines:
        assert from_json_lines(lines) == report


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_leaves_the_report_and_says_so() -> None:
    report = small("numpy", output="/dev/full")
    assert report.exit_code() == 4
    assert report.incomplete is not None
    assert "could not be written" in report.incomplete


def test_progress_ends_at_the_total() -> None:
    seen: list[Progress] = []
    report = small(faulty.copying, progress=seen.append)
    assert {p.phase for p in seen} == {"judging", "shrinking", "reproducing"}
    assert seen[-1].done == seen[-1].total
    assert seen[-1].cases == report.cases


def interrupt_after_first(progress: Progress) -> None:
    if progress.done == 1:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_what_was_found() -> None:
    report = small(faulty.copying, progress=interrupt_after_first)
    assert report.incomplete == INTERRUPTED
    assert report.cases > 0
    assert report.exit_code() == 4


def test_ctrl_c_counts_where_python_drops_it() -> None:
    def drop(progress: Progress) -> None:
        with suppress(KeyboardInterrupt):
            interrupt_after_first(progress)

    assert small(faulty.copying, progress=drop).incomplete == INTERRUPTED


def test_ctrl_c_in_a_callback_of_the_garbage_collector_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python would drop the exception there, with a message on stderr."""
    dropped: list[object] = []
    waiting: list[None] = []

    def interrupt(*_: object) -> None:
        if waiting:
            waiting.clear()
            signal.raise_signal(signal.SIGINT)

    def collect(progress: Progress) -> None:
        if progress.done == 1:
            waiting.append(None)
            gc.collect()

    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    gc.callbacks.append(interrupt)
    try:
        report = small(faulty.copying, progress=collect)
    finally:
        gc.callbacks.remove(interrupt)
    assert report.incomplete == INTERRUPTED
    assert dropped == []


def workers() -> Iterator[int]:
    """The processes that this one made, but for the helper of multiprocessing itself."""
    for thread in Path("/proc/self/task").iterdir():
        for child in (thread / "children").read_text().split():
            if "resource_tracker" not in Path(f"/proc/{child}/cmdline").read_text():
                yield int(child)


def test_a_worker_that_is_killed_leaves_an_incomplete_report() -> None:
    def kill_once(progress: Progress) -> None:
        if progress.done == 1:
            for worker in workers():
                os.kill(worker, signal.SIGKILL)

    report = small("numpy", progress=kill_once)
    assert report.incomplete == KILLED
    assert report.cases > 0
    assert not report.conforms


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import tensorpact\n"
        "print('once')\n"
        f"report = tensorpact.run('numpy', only=[{SHARED!r}], budget='quick', jobs=1)\n"
        "print(report.summary())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    once, summary = done.stdout.splitlines()
    assert once == "once"
    assert "conforms" in summary


def test_runs_in_threads_do_not_disturb_each_other(aborting: Report) -> None:
    reports: list[Report] = []
    threads = [
        threading.Thread(target=lambda: reports.append(small(faulty.aborting))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [timeless(report) for report in reports] == [timeless(aborting)] * 2
