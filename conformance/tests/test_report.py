"""A report says no more than is known, and loses nothing on its way through a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from rich.console import Console

from report_strategies import HEADER, report, reports, result
from tensorpact.errors import UsageError
from tensorpact.guarantees.model import Level
from tensorpact.reports.jsonlines import (
    CUT_OFF,
    FORMAT,
    closing_lines,
    cut_off_line,
    found_line,
    from_json_lines,
    header_line,
    read_report,
    to_json_lines,
)
from tensorpact.reports.model import BROKEN, GuaranteeResult, Report, Verdict
from tensorpact.reports.plain import result_text
from tensorpact.reports.terminal import render

OLD = Path(__file__).parent / "reports"


def shown(value: Report, **options: bool) -> str:
    stream = StringIO()
    render(value, Console(file=stream, width=100), **options)
    return stream.getvalue()


@given(reports)
def test_json_lines_lose_nothing(value: Report) -> None:
    assert from_json_lines(to_json_lines(value)) == value


@given(reports)
def test_whatever_a_backend_said_is_shown_without_control_characters(value: Report) -> None:
    assert all(character == "\n" or character.isprintable() for character in shown(value))


@given(reports)
def test_a_summary_is_one_line(value: Report) -> None:
    assert len(value.summary().splitlines()) == 1


def test_a_file_without_its_last_line_is_incomplete() -> None:
    lines = list(to_json_lines(report(result(Verdict.PASS))))
    assert from_json_lines(lines[:-1]).incomplete == CUT_OFF
    assert from_json_lines([*lines[:-1], lines[-1][:-9]]).exit_code() == 4


def test_what_was_found_before_a_fault_is_kept() -> None:
    (finding,) = result(Verdict.FAIL).findings
    lines = [header_line(HEADER), found_line(finding, Level.MUST), cut_off_line("read raised")]
    cut_off = from_json_lines(lines)
    assert cut_off.incomplete == "read raised"
    assert cut_off.findings == (finding,)
    assert cut_off["sharing.array-is-shared"].verdict is Verdict.FAIL


def test_results_supersede_what_was_found_on_the_way() -> None:
    final = report(result(Verdict.FAIL))
    (finding,) = final.findings
    early = found_line(replace(finding, call="not yet shrunk"), Level.MUST)
    assert from_json_lines([header_line(HEADER), early, *closing_lines(final)]) == final


@pytest.mark.parametrize("path", sorted(OLD.glob("*.jsonl")), ids=lambda path: path.stem)
def test_reports_of_older_formats_are_read_and_shown(path: Path) -> None:
    old = read_report(path)
    assert old.incomplete is None
    text = shown(old, every=True)
    assert all(line in text for finding in old.findings for line in finding.call.splitlines())


def changed(value: Report, change: Callable[[dict[str, Any]], object]) -> list[str]:
    """The lines of the report, each changed."""
    lines = [json.loads(line) for line in to_json_lines(value)]
    for line in lines:
        change(line)
    return [json.dumps(line) + "\n" for line in lines]


def test_fields_of_a_later_version_are_left_out() -> None:
    final = report(result(Verdict.FAIL))
    lines = changed(final, lambda line: line.update(colour="red"))
    assert from_json_lines(lines) == final


def test_a_later_format_is_refused_with_what_to_do() -> None:
    lines = changed(report(), lambda line: line.update(format=FORMAT + 1))
    with pytest.raises(UsageError, match="update tensorpact"):
        from_json_lines(lines)


def test_names_of_another_version_are_shown() -> None:
    def rename(line: dict[str, Any]) -> None:
        for finding in line.get("findings", ()):
            finding["case"]["source"] = {"block": {"twist": "of tomorrow"}}
        line |= {"id": "sharing.of-tomorrow"} if "id" in line else {}

    later = from_json_lines(changed(report(result(Verdict.FAIL)), rename))
    assert "sharing.of-tomorrow" in shown(later)
    assert "np.asarray(x)" in shown(later)


@pytest.mark.parametrize("lines", [[], ["{}\n"], ["nonsense\n"], ['{"line": "end"}\n']])
def test_other_files_are_refused(lines: list[str]) -> None:
    with pytest.raises(UsageError, match="not a report"):
        from_json_lines(lines)


@pytest.mark.parametrize("verdict", sorted(BROKEN | {Verdict.STALE}))
def test_a_broken_must_stands_against_conformance(verdict: Verdict) -> None:
    assert report(result(verdict)).exit_code() == 1
    assert not report(result(verdict)).conforms


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - BROKEN - {Verdict.STALE}))
def test_nothing_else_stands_against_conformance(verdict: Verdict) -> None:
    assert report(result(verdict)).exit_code(strict=True) == 0


def test_a_broken_should_counts_only_under_strict() -> None:
    advised = report(result(Verdict.FAIL, Level.SHOULD))
    assert (advised.exit_code(), advised.exit_code(strict=True)) == (0, 1)
    assert "1 advised" in advised.summary()


def unselected(verdict: Verdict, level: Level) -> GuaranteeResult:
    return replace(result(verdict, level), selected=False)


def test_an_unselected_must_stands_against_conformance_and_an_unselected_should_never() -> None:
    must = report(result(Verdict.PASS), unselected(Verdict.CRASH, Level.MUST))
    should = report(result(Verdict.PASS), unselected(Verdict.CRASH, Level.SHOULD))
    assert (must.exit_code(), should.exit_code(strict=True)) == (1, 0)
    assert "1 of 2 guarantees failed" in must.summary()
    assert "0 of 1 guarantees failed, 1 advised" in should.summary(strict=True)


def test_what_was_not_selected_says_so_also_where_the_run_was_cut_off() -> None:
    crash = unselected(Verdict.CRASH, Level.MUST)
    assert "not selected, but seen in this run: sharing.array-is-shared" in shown(report(crash))
    found = found_line(crash.findings[0], Level.MUST, selected=False)
    cut_off = from_json_lines([header_line(HEADER), found])
    assert not cut_off["sharing.array-is-shared"].selected


def test_findings_that_are_left_out_are_counted_with_the_way_to_see_them() -> None:
    (finding,) = result(Verdict.FAIL).findings
    many = replace(result(Verdict.FAIL), findings=(finding,) * 7)
    assert "and 2 more; `tensorpact run --all` shows them" in shown(report(many))
    assert "more;" not in shown(report(many), every=True)
    assert "and 2 more; look there" in result_text(many, HEADER, rest="look there")


def test_a_traceback_is_no_part_of_the_summary() -> None:
    fault = report(result(Verdict.PASS), incomplete="this is a bug:\nTraceback\n  line 3")
    assert "incomplete (this is a bug)" in fault.summary()
    assert "Traceback" not in shown(fault)


def test_an_incomplete_run_does_not_conform() -> None:
    interrupted = report(result(Verdict.PASS), incomplete="interrupted")
    assert (interrupted.exit_code(), interrupted.conforms) == (4, False)
    assert "incomplete (interrupted)" in interrupted.summary()


def test_the_last_line_can_be_read_alone() -> None:
    final = report(result(Verdict.CRASH), result(Verdict.PASS), result(Verdict.NOT_CLAIMED))
    assert shown(final).splitlines()[-1] == (
        f"numpy {HEADER.claims.version}: does not conform: 1 of 2 guarantees failed (1 crash), "
        "1 234 cases, 41 s, seed 0"
    )


def test_a_finding_is_shown_with_the_call_the_requirement_and_the_promise() -> None:
    text = shown(report(result(Verdict.FAIL)))
    for part in ("np.asarray(x)", "shared memory", "a copy", "Python array API standard"):
        assert part in text


def test_markup_in_an_exception_is_shown_as_it_stands() -> None:
    assert "[red]x[/red] [/]" in shown(report(result(Verdict.FAIL, seen="[red]x[/red] [/]")))


def test_only_a_judged_guarantee_counts_as_passed() -> None:
    unexercised = report(result(Verdict.NOT_EXERCISED), result(Verdict.NOT_CLAIMED))
    assert "0 of 0 guarantees failed, 1 not exercised" in unexercised.summary()
