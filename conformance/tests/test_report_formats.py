"""Reports in other formats: made from files alone, whatever stands in them, saying no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from report_strategies import HEADER, SHARED, report, reports, result
from tensorpact.cli import main
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Level
from tensorpact.reports import side_by_side
from tensorpact.reports.as_json import as_json
from tensorpact.reports.badge import badge
from tensorpact.reports.fences import cell, fenced, inline
from tensorpact.reports.jsonlines import to_json_lines
from tensorpact.reports.junit import junit
from tensorpact.reports.markdown import markdown
from tensorpact.reports.matrix import labels, rows
from tensorpact.reports.model import KnownDeviation, Report, Verdict
from tensorpact.reports.verdicts import as_text, from_text, verdicts

several = st.lists(reports, min_size=1, max_size=3)
FAILING, SOUND = report(result(Verdict.FAIL)), report(result(Verdict.PASS))
CUT_OFF = report(result(Verdict.PASS), incomplete="interrupted")


def beside(values: Sequence[Report]) -> str:
    stream = StringIO()
    side_by_side.render(values, Console(file=stream, width=200), every=True)
    return stream.getvalue()


# --------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("form", [markdown, junit, as_json, beside])
@given(values=several)
def test_whatever_was_said_comes_out_without_control_characters(
    form: Callable[[Sequence[Report]], str], values: list[Report]
) -> None:
    assert all(c == "\n" or c.isprintable() for c in form(values))


@given(several)
def test_every_guarantee_has_a_place_in_the_matrix_for_every_report(values: list[Report]) -> None:
    made = {row.id: row for row in rows(values)}
    for number, value in enumerate(values):
        for each in value.results:
            assert made[each.id].results[number] == each
    known = [id for id in made if id in TABLE]
    assert known == [id for id in TABLE if id in made]


@given(several)
def test_labels_tell_reports_apart(values: list[Report]) -> None:
    assert len(set(labels(values))) == len(values)


def test_a_label_says_in_what_runs_of_one_library_differ() -> None:
    other = replace(FAILING, header=replace(HEADER, python="3.13"))
    version = HEADER.claims.version
    assert labels([FAILING]) == (f"numpy {version}",)
    assert labels([FAILING, other]) == (
        f"numpy {version}, Python 3.11",
        f"numpy {version}, Python 3.13",
    )


# --------------------------------------------------------------------------- each of them


@given(st.text(st.characters(codec=None)))
def test_text_of_others_cannot_leave_its_place_in_markdown(text: str) -> None:
    fence = fenced(text, "text").splitlines()
    assert fence[0].removesuffix("text") == fence[-1]
    assert not any(line.startswith(fence[-1]) for line in fence[1:-1])
    assert "\n" not in inline(text) + cell(text)
    unescaped = cell(text).replace("\\\\", "")
    assert not any(f"{c}" in unescaped.replace(f"\\{c}", "") for c in "<|`[*_")


@given(several)
def test_junit_counts_what_it_has(values: list[Report]) -> None:
    root = ET.fromstring(junit(values))
    for suite, value in zip(root, values, strict=True):
        tests = suite.findall("testcase")
        assert len(tests) == len(value.results) + (value.incomplete is not None)
        for kind, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(plural) == str(sum(test.find(kind) is not None for test in tests))
        failed = int(suite.get("failures", "")) + int(suite.get("errors", ""))
        assert bool(failed) == bool(value.exit_code())


def test_junit_passes_advice_and_skips_what_is_known() -> None:
    known = KnownDeviation(SHARED, "1", "defect", "of old", "", "", 3)
    kinds = {}
    for name, each in {
        "advised": result(Verdict.FAIL, Level.SHOULD),
        "known": replace(result(Verdict.KNOWN), deviations=(known,)),
        "unclaimed": result(Verdict.NOT_CLAIMED),
        "stale": replace(result(Verdict.STALE), deviations=(replace(known, stale="passes"),)),
    }.items():
        (test,) = ET.fromstring(junit([report(each)])).iter("testcase")
        kinds[name] = [child.tag for child in test]
    assert kinds == {
        "advised": ["system-out"],
        "known": ["skipped"],
        "unclaimed": ["skipped"],
        "stale": ["failure"],
    }


@pytest.mark.parametrize("value", [FAILING, SOUND, CUT_OFF])
def test_a_badge_is_green_for_what_conforms_alone(value: Report) -> None:
    drawn = json.loads(badge(value))
    assert drawn["schemaVersion"] == 1
    assert (drawn["color"] == "brightgreen") == value.conforms
    assert (drawn["message"] == "conforms") == value.conforms


@given(several)
def test_json_has_the_reports_in_full(values: list[Report]) -> None:
    data = json.loads(as_json(values))
    for each, value in zip(data["reports"], values, strict=True):
        ends = [json.loads(line) for line in to_json_lines(value)]
        written = [line for line in ends if line.pop("line") == "result"]
        assert each["results"] == written
        assert each["exit_code"] == value.exit_code()
    assert set(data["matrix"]) == {*chain(*((r.id for r in v.results) for v in values))}


@given(several)
def test_the_verdicts_alone_lose_nothing_on_their_way_through_a_file(values: list[Report]) -> None:
    found = verdicts(values)
    assert from_text(as_text(found)) == found
    assert [column.summary for column in found.columns] == [v.summary() for v in values]


def test_markdown_shows_who_breaks_what_and_how() -> None:
    text = markdown([FAILING, SOUND])
    assert f"| `{SHARED}` | MUST | ❌ fail (1 of 7 cases) | ✅ passed |" in text
    assert "np.asarray(x)" in text
    assert "**Incomplete:** interrupted" in markdown([CUT_OFF])


# --------------------------------------------------------------------------- the command


def written(folder: Path, value: Report, name: str = "report.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(to_json_lines(value)), encoding="utf-8")
    return path


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


@pytest.mark.parametrize("form", ["terminal", "markdown", "junit", "badge", "json", "matrix"])
def test_a_report_is_shown_in_every_format_and_never_judged(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, FAILING)
    shown = invoke(path, "--format", form)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert invoke(path, "--format", form, "-o", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out").read_text(encoding="utf-8") == shown.stdout


@pytest.mark.parametrize(
    ("suffix", "form"), [("html", "html"), ("md", "markdown"), ("xml", "junit"), ("json", "json")]
)
def test_the_name_of_the_output_says_the_format(tmp_path: Path, suffix: str, form: str) -> None:
    path, out = written(tmp_path, FAILING), tmp_path / f"report.{suffix}"
    assert invoke(path, "-o", out).exit_code == 0
    assert out.read_text(encoding="utf-8") == invoke(path, "--format", form).stdout


def test_a_run_writes_no_json_lines_into_a_page(tmp_path: Path) -> None:
    words = ["run", "numpy", "-o", str(tmp_path / "report.html")]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, "tensorpact report" in done.stderr) == (2, True)


def test_one_bad_file_is_named(tmp_path: Path) -> None:
    good, bad = written(tmp_path, SOUND), tmp_path / "bad.jsonl"
    bad.write_text("nonsense", encoding="utf-8")
    for words in ((good, bad), (bad,), (tmp_path,), (tmp_path / "none",)):
        shown = invoke(*words)
        assert (shown.exit_code, str(words[-1]) in shown.stderr) == (2, True)


def test_a_badge_of_two_files_is_a_usage_error(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    assert invoke(path, path, "--format", "badge").exit_code == 2
