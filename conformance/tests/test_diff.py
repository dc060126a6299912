"""What changed between two reports: symmetric, blind to chance, and strict where it is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given

from report_strategies import CASES, HEADER, SHARED, report, reports, result
from tensorpact.cases.model import Block, Case, call
from tensorpact.cli import main
from tensorpact.guarantees.model import Level
from tensorpact.reports.diff import Change, changes
from tensorpact.reports.diff_text import FORMATS
from tensorpact.reports.jsonlines import to_json_lines
from tensorpact.reports.model import Finding, GuaranteeResult, Report, Verdict

FAILING, SOUND = report(result(Verdict.FAIL)), report(result(Verdict.PASS))
ABSENT, UNCLAIMED = report(), report(result(Verdict.NOT_CLAIMED))
OPPOSITE = {
    Change.BROKEN: Change.FIXED,
    Change.FIXED: Change.BROKEN,
    Change.NEW: Change.GONE,
    Change.GONE: Change.NEW,
}


def words(old: Report, new: Report) -> list[tuple[Change, bool]]:
    """Each change, and whether it is one of a finding."""
    return [(one.change, one.finding is not None) for one in changes(old, new)]


@given(reports)
def test_nothing_changes_from_a_report_to_itself(value: Report) -> None:
    assert changes(value, value) == ()


@given(reports, reports)
def test_what_is_broken_one_way_is_fixed_the_other_way(one: Report, other: Report) -> None:
    there, back = words(one, other), words(other, one)
    assert sorted(there) == sorted((OPPOSITE[change], of) for change, of in back)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (SOUND, FAILING, Change.BROKEN),
        (FAILING, SOUND, Change.FIXED),
        (ABSENT, FAILING, Change.NEW),
        (UNCLAIMED, FAILING, Change.NEW),
        (FAILING, UNCLAIMED, Change.GONE),
    ],
)
def test_a_guarantee_changes_with_its_findings(old: Report, new: Report, change: Change) -> None:
    assert words(old, new) == [(change, False), (change, True)]


def finding(case: Case, seen: str = "a copy") -> Finding:
    return Finding(SHARED, Verdict.FAIL, case, "f(x)", "shared memory", seen)


def having(*findings: Finding) -> Report:
    failing: GuaranteeResult = replace(result(Verdict.FAIL), findings=findings)
    return report(failing)


def test_a_second_way_to_fail_is_broken_though_its_guarantee_was() -> None:
    first, second = finding(CASES[0]), finding(CASES[0], "an exception")
    second = replace(second, case=CASES[1])
    assert words(having(first), having(first, second)) == [(Change.BROKEN, True)]


def test_another_example_of_the_same_way_is_no_change() -> None:
    halves, bytes_ = (Case(Block(dtype=dtype), call("asarray")) for dtype in ("float16", "int8"))
    assert words(having(finding(halves)), having(finding(bytes_))) == []
    assert words(having(finding(halves)), having(finding(halves), finding(bytes_))) == [
        (Change.BROKEN, True)
    ]


def test_what_becomes_known_is_broken_as_before_and_counts_no_more() -> None:
    known = replace(result(Verdict.KNOWN), findings=(replace(finding(CASES[0]), known="1"),))
    assert words(FAILING, report(known)) == []
    assert words(report(known), SOUND) == [(Change.FIXED, False), (Change.FIXED, True)]
    assert not any(one.breaks for one in changes(SOUND, report(known)))


@pytest.mark.parametrize("form", FORMATS)
@given(old=reports, new=reports)
def test_every_change_is_told_without_control_characters(
    form: str, old: Report, new: Report
) -> None:
    text = FORMATS[form](old, new, changes(old, new))
    assert all(c == "\n" or c.isprintable() for c in text)


# --------------------------------------------------------------------------- the command


def invoke(folder: Path, old: Report, new: Report, *options: str) -> Result:
    paths = []
    for name, value in (("old", old), ("new", new)):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(to_json_lines(value)), encoding="utf-8")
        paths.append(str(path))
    return CliRunner().invoke(main, ["diff", *paths, *options])


ADVICE = report(result(Verdict.PASS, Level.SHOULD)), report(result(Verdict.FAIL, Level.SHOULD))


@pytest.mark.parametrize(
    ("old", "new", "options", "code"),
    [
        (SOUND, FAILING, (), 0),
        (SOUND, FAILING, ("--fail-on", "broken"), 1),
        (SOUND, FAILING, ("--fail-on", "fixed", "--fail-on", "gone"), 0),
        (FAILING, SOUND, ("--fail-on", "broken"), 0),
        (*ADVICE, ("--fail-on", "broken"), 0),
        (*ADVICE, ("--fail-on", "broken", "--strict"), 1),
        (SOUND, replace(SOUND, incomplete="interrupted"), ("--fail-on", "broken"), 4),
        (SOUND, replace(SOUND, incomplete="interrupted"), (), 0),
    ],
)
def test_it_fails_on_what_it_is_told_to(
    tmp_path: Path, old: Report, new: Report, options: tuple[str, ...], code: int
) -> None:
    assert invoke(tmp_path, old, new, *options).exit_code == code


def test_machines_get_the_changes_on_stdout_and_people_the_doubts_on_stderr(tmp_path: Path) -> None:
    other = replace(FAILING, header=replace(HEADER, seed=7))
    done = invoke(tmp_path, SOUND, other, "--format", "json")
    assert [one["change"] for one in json.loads(done.stdout)["changes"]] == ["broken", "broken"]
    assert "seed 0 and 7" in done.stderr
