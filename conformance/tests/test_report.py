"""A report says no more than is known, and loses nothing on its way through a file."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, Leaf, State, Values, call
from tensorpact.errors import UsageError
from tensorpact.guarantees.model import Level
from tensorpact.reports.jsonlines import (
    CUT_OFF,
    closing_lines,
    cut_off_line,
    found_line,
    from_json_lines,
    header_line,
    to_json_lines,
)
from tensorpact.reports.model import (
    BROKEN,
    Finding,
    GuaranteeResult,
    Header,
    KnownDeviation,
    Report,
    Verdict,
)
from tensorpact.reports.plain import result_text
from tensorpact.reports.terminal import render

HEADER = Header(claims_of(backend), "0.1", "3.11", "Linux", "2.4", 0, "quick", ("sharing.*",))
CASES = (
    Case(Block(shape=(2, 3), strides=(24, 8)), call("asarray", dtype="int8", copy=None)),
    Case(Values(Leaf("float", "nan")), call("tensor"), State(default_real="float64")),
)


def result(verdict: Verdict, level: Level = Level.MUST, *, seen: str = "a copy") -> GuaranteeResult:
    broken = verdict in BROKEN
    finding = Finding(
        "sharing.array-is-shared", verdict, CASES[0], "np.asarray(x)", "shared memory", seen
    )
    judged = 0 if verdict in (Verdict.NOT_CLAIMED, Verdict.NOT_EXERCISED) else 7
    return GuaranteeResult(
        finding.guarantee, level, verdict, judged, int(broken), (finding,) * broken, {}, {}
    )


def report(*results: GuaranteeResult, incomplete: str | None = None) -> Report:
    return Report(HEADER, results, 1234, 0, 41.2, incomplete)


def shown(value: Report, **options: bool) -> str:
    stream = StringIO()
    render(value, Console(file=stream, width=100), **options)
    return stream.getvalue()


verdicts = st.sampled_from(Verdict)
counts = st.dictionaries(st.text(), st.integers(1))
findings = st.builds(
    Finding,
    guarantee=st.just("sharing.array-is-shared"),
    verdict=st.sampled_from(sorted(BROKEN)),
    case=st.sampled_from(CASES),
    call=st.text(),
    required=st.text(),
    seen=st.text(st.characters(codec=None)),
    known=st.text(),
)
deviations = st.builds(
    KnownDeviation,
    guarantee=st.just("sharing.array-is-shared"),
    key=st.text(),
    kind=st.text(),
    reason=st.text(),
    issue=st.text(),
    where=st.text(),
    count=st.integers(0),
    stale=st.text(),
)
results = st.builds(
    GuaranteeResult,
    id=st.just("sharing.array-is-shared"),
    level=st.sampled_from(Level),
    verdict=verdicts,
    judged=st.integers(0),
    failed=st.integers(0),
    findings=st.lists(findings, max_size=2).map(tuple),
    notes=counts,
    axes=counts,
    selected=st.booleans(),
    deviations=st.lists(deviations, max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    header=st.just(HEADER),
    results=st.lists(results, max_size=3).map(tuple),
    cases=st.integers(0),
    untried=st.integers(0),
    seconds=st.floats(0, 1e6),
    incomplete=st.none() | st.text(),
)


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


def test_a_file_from_before_there_were_deviations_is_read() -> None:
    final = report(result(Verdict.FAIL))
    lines = [json.loads(line) for line in to_json_lines(final)]
    for line in lines:
        line.pop("deviations", None)
        for finding in line.get("findings", ()):
            del finding["known"]
    assert from_json_lines(json.dumps(line) + "\n" for line in lines) == final


@pytest.mark.parametrize("lines", [[], ["{}\n"], ["nonsense\n"], ['{"line": "end"}\n']])
def test_other_files_are_refused(lines: list[str]) -> None:
    with pytest.raises(UsageError, match="not a report"):
        from_json_lines(lines)


@pytest.mark.parametrize("verdict", sorted(BROKEN))
def test_a_broken_must_stands_against_conformance(verdict: Verdict) -> None:
    assert report(result(verdict)).exit_code() == 1
    assert not report(result(verdict)).conforms


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - BROKEN))
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
