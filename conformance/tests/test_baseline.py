"""`tensorpact baseline` writes what fails, and touches nothing that somebody wrote by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import plans
from deviation_texts import HALF, SHARED, entry
from tensorpact.backends.numpy import backend as numpy
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.axes import axes_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.region import Condition, Region
from tensorpact.cli import main
from tensorpact.deviations.baseline import Entry, appended, entries_of, without
from tensorpact.deviations.files import parsed
from tensorpact.deviations.model import Kind
from tensorpact.guarantees.model import Level
from tensorpact.reports.model import Finding, GuaranteeResult, Header, Report, Verdict
from tensorpact.runner.tasks import ALONE

HEADER = Header(claims_of(numpy), "0.1", "3.11", "Linux", "2.4", 0, "quick", ())
HALVES = Region((Condition("dtype", ("float16",)),))
BY_HAND = f"""\
# What we live with, and why.
{entry(reason='"hardware without it"')}
# To be asked upstream:
{entry(case=Case(Block(dtype="int8"), call("asarray")), axes={"dtype": ["int8"]})}"""


@pytest.fixture(autouse=True, scope="module")
def small_plan() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        plans.only_one_family(monkeypatch)
        yield


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def invoke(*words: str) -> Result:
    options = ("--only", SHARED, "--budget", "quick", "--jobs", "1")
    return CliRunner().invoke(main, [words[0], *words[1:], *options], prog_name="tensorpact")


def finding(count: int = 1, where: Region | None = HALVES, detail: str = "") -> Finding:
    return Finding(
        SHARED, Verdict.FAIL, HALF, "f(x)", 'a "view"', "a\\copy", count, detail, where=where
    )


def report(*findings: Finding) -> Report:
    result = GuaranteeResult(SHARED, Level.MUST, Verdict.FAIL, 9, 9, findings, {}, {})
    return Report(HEADER, (result,), 9, 0, 1.0)


# --------------------------------------------------------------------------- the entries


def test_what_is_written_is_read_again() -> None:
    (found,) = parsed(appended("", entries_of(report(finding()))), "f.toml")
    assert (found.guarantee, found.kind, found.witness) == (SHARED, Kind.UNDECIDED, (HALF,))
    assert (found.region, found.reason) == (HALVES, 'required: a "view"; seen: a\\copy')


def test_whatever_was_seen_can_be_written() -> None:
    odd = Finding(SHARED, Verdict.FAIL, HALF, "", "\x00\x7f\n", "\ud800 é ]]", where=None)
    (found,) = parsed(appended("", [Entry(odd, Region())]), "f.toml")
    assert "é" in found.reason


def test_the_region_has_the_witness_inside() -> None:
    elsewhere = Region((Condition("dtype", ("int8",)), Condition("layout", ("C",))))
    (found,) = entries_of(report(finding(where=elsewhere)))
    assert found.region.conditions == (
        Condition("dtype", ("int8", "float16")),
        Condition("layout", ("C",)),
    )


def test_a_finding_of_unknown_extent_is_alone_in_its_region() -> None:
    (found,) = entries_of(report(finding(where=None)))
    assert found.region.has(axes_of(HALF))
    assert not found.region.has(axes_of(Case(Block(dtype="int8"), call("asarray"))))


def test_what_a_wider_region_covers_needs_no_entry() -> None:
    wider = finding(9, Region((Condition("dtype", ("float16", "int8")),)))
    assert [e.finding for e in entries_of(report(finding(), wider))] == [wider]


def test_what_fails_only_after_others_has_no_witness() -> None:
    assert entries_of(report(finding(detail=ALONE))) == ()


# --------------------------------------------------------------------------- the text


def test_new_entries_come_behind_what_there_is() -> None:
    text = appended(BY_HAND, entries_of(report(finding())))
    assert text.startswith(BY_HAND)
    assert len(parsed(text, "f.toml")) == 3


def test_a_stale_entry_becomes_a_comment_and_all_else_stays() -> None:
    text = without(BY_HAND, {1})
    (left,) = parsed(text, "f.toml")
    assert replace(left, number=2) == parsed(BY_HAND, "f.toml")[1]
    assert '# reason = "hardware without it"' in text
    assert all(line in text for line in ("# What we live with", "# To be asked upstream:"))


def test_entries_that_cannot_be_told_apart_are_left_alone() -> None:
    with pytest.raises(ValueError, match="told apart"):
        without(BY_HAND.replace("hardware", "[[deviation]]"), {1})


# --------------------------------------------------------------------------- the command


def test_a_first_file_makes_the_next_run_conform(tmp_path: Path) -> None:
    assert invoke("run", "faulty:copying_half").exit_code == 1
    assert invoke("baseline", "faulty:copying_half", "--write").exit_code == 0
    named = ("--deviations", "tensorpact-deviations.toml")
    assert invoke("run", "faulty:copying_half", *named).exit_code == 0
    before = (tmp_path / "tensorpact-deviations.toml").read_bytes()
    assert invoke("baseline", "faulty:copying_half", "--write").exit_code == 0
    assert (tmp_path / "tensorpact-deviations.toml").read_bytes() == before


def test_nothing_is_written_unasked(tmp_path: Path) -> None:
    result = invoke("baseline", "faulty:copying_half")
    assert result.exit_code == 1
    assert f"new    {SHARED}: " in result.stdout
    assert not list(tmp_path.iterdir())


def test_what_is_stale_is_said_and_dropped_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(BY_HAND)
    named = ("--deviations", "known.toml", "--write")
    result = invoke("baseline", "faulty:copying_half", *named)
    assert (result.exit_code, path.read_text()) == (1, BY_HAND)
    assert "stale  " in result.stdout
    assert invoke("baseline", "faulty:copying_half", *named, "--drop-stale").exit_code == 0
    assert len(parsed(path.read_text(), "f.toml")) == 1
    assert "hardware without it" in path.read_text()


def test_dropping_without_writing_is_a_usage_error() -> None:
    result = invoke("baseline", "faulty:copying_half", "--drop-stale")
    assert (result.exit_code, "--write" in result.stderr) == (2, True)


def test_a_new_failure_is_added_to_what_was_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    first = BY_HAND.partition("# To be")[0]
    path.write_text(first)
    named = ("--deviations", "known.toml", "--write")
    assert invoke("baseline", "faulty:copying_half_and_bytes", *named).exit_code == 0
    assert path.read_text().startswith(first)
    assert invoke("run", "faulty:copying_half_and_bytes", *named[:2]).exit_code == 0


@pytest.mark.parametrize(
    ("named", "said"), [("shipped", "name a file"), ("no/such/folder.toml", "cannot write")]
)
def test_a_file_that_cannot_be_written_is_a_usage_error(named: str, said: str) -> None:
    result = invoke("baseline", "faulty:copying_half", "--deviations", named, "--write")
    assert (result.exit_code, "Traceback" in result.stderr) == (2, False)
    assert said in result.stderr


def test_pyproject_names_files_for_the_command(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tensorpact]\ndeviations = ["known.toml"]\n')
    (tmp_path / "known.toml").write_text(entry())
    assert invoke("run", "faulty:copying_half").exit_code == 0
    assert invoke("run", "faulty:copying_half", "--deviations", "none").exit_code == 1
