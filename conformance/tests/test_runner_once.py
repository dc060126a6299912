"""Several processes that need one report make it once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.errors import AdapterFault
from tensorpact.reports.model import Header, Report
from tensorpact.runner import once as module
from tensorpact.runner.once import SharedRun, once
from tensorpact.runner.run import INTERRUPTED

REPORT = Report(Header(claims_of(backend), "0.1", "3", "Linux", "2", 0, "quick", ()), (), 1, 0, 1.0)


def test_a_report_is_made_once_and_read_by_the_others(tmp_path: Path) -> None:
    made: list[None] = []

    def make() -> Report:
        made.append(None)
        sleep(0.1)
        return REPORT

    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(lambda _: once(tmp_path / "report.jsonl", make), range(4)))
    assert got == [REPORT] * 4
    assert len(made) == 1


def test_a_run_that_failed_is_made_again(tmp_path: Path) -> None:
    def fail() -> Report:
        raise AdapterFault("read raised")

    with pytest.raises(AdapterFault):
        once(tmp_path / "report.jsonl", fail)
    assert once(tmp_path / "report.jsonl", lambda: REPORT) == REPORT


def test_what_was_found_before_a_fault_is_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = AdapterFault("read raised")
    fault.report = replace(REPORT, incomplete="read raised")

    def fail(*_: object, **__: object) -> Report:
        raise fault

    monkeypatch.setattr(module, "run", fail)
    assert SharedRun("numpy", "key", {}).report(None) == fault.report


def test_an_interrupted_run_interrupts_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run", lambda *_, **__: replace(REPORT, incomplete=INTERRUPTED))
    with pytest.raises(KeyboardInterrupt):
        SharedRun("numpy", "key", {}).report(None)
