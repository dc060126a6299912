"""What the command line prints, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import plans
from tensorpact.cli import main
from tensorpact.errors import AdapterFault, UsageError
from tensorpact.guarantees import GROUPS, TABLE

COMMANDS = tuple(main.commands)


def invoke(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="tensorpact")


def python(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_help_names_every_command_and_exit_code() -> None:
    text = invoke("--help").output
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert all(f"\n  {code}  " in text for code in range(5))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: tensorpact {command} ")


def test_help_imports_neither_numpy_nor_hypothesis_nor_the_engine() -> None:
    script = (
        "import sys; from tensorpact.cli import main; main(['--help'], standalone_mode=False);"
        "heavy = {'numpy', 'hypothesis', 'torch', 'rich', 'jinja2', 'pytest', 'tensorpact.judge'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    assert python("-c", script).stderr == ""


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    assert invoke("--version").output.split()[-1] == version("tensorpact")


# --------------------------------------------------------------------------- list, explain


def test_list_prints_one_line_a_guarantee() -> None:
    lines = invoke("list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(TABLE)


def test_list_takes_group_level_and_globs_together() -> None:
    lines = invoke("list", "--group", "dtype", "--level", "must", "--only", "*.*").output
    expected = [g.id for g in TABLE.values() if g.group == "dtype" and g.level == "MUST"]
    assert [line.split()[0] for line in lines.splitlines()] == expected != []


@pytest.mark.parametrize(
    "words", [("--group", "dtpye"), ("--only", "dtpye.*"), ("--level", "MAY"), ("--group",)]
)
def test_list_refuses_what_does_not_exist(words: tuple[str, ...]) -> None:
    result = invoke("list", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", TABLE)
def test_explain_prints_all_that_a_guarantee_says(name: str) -> None:
    text, guarantee = " ".join(invoke("explain", name).output.split()), TABLE[name]
    assert guarantee.sentence in text
    assert guarantee.why in text
    assert str(guarantee.level) in text
    assert all(promise.url in text for promise in guarantee.promised_by)
    assert all(operation in text for operation in guarantee.operations)


def test_explain_suggests_the_nearest_id() -> None:
    result = invoke("explain", "dtype.bool-infer-bool")
    assert result.exit_code == 2
    assert "did you mean dtype.bools-infer-bool" in result.stderr


@pytest.mark.parametrize("group", GROUPS)
def test_explain_points_from_a_group_to_its_guarantees(group: str) -> None:
    result = invoke("explain", group)
    assert result.exit_code == 2
    assert f"`tensorpact list --group {group}`" in result.stderr
    assert "did you mean" not in result.stderr


@pytest.mark.parametrize("words", [("explain",), ("run", "numpy", "--only")])
def test_what_no_group_has_is_looked_for_in_the_group(words: tuple[str, ...]) -> None:
    assert "see `tensorpact list --group lifetime`" in invoke(*words, "lifetime.x").stderr
    near = invoke(*words, "lifetime.array-outlive-source").stderr
    assert "did you mean lifetime." in near


def test_backends_prints_the_built_in_ones() -> None:
    names = [line.split()[0] for line in invoke("backends").output.splitlines()]
    assert {"reference", "torch", "numpy", "array-api-strict"} <= set(names)


# --------------------------------------------------------------------------- how it ends


def test_a_misspelt_command_gets_a_suggestion() -> None:
    result = invoke("rnu", "torch")
    assert result.exit_code == 2
    assert "did you mean 'run'?" in result.stderr


@pytest.mark.parametrize("command", ["run", "smoke"])
def test_an_unknown_backend_is_a_usage_error_in_one_sentence(command: str) -> None:
    result = invoke(command, "torhc")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "torch" in result.stderr


def raising(error: BaseException) -> Result:
    @click.command("fail")
    def fail() -> None:
        raise error

    group = type(main)("tensorpact", commands=[fail])
    return CliRunner().invoke(group, ["fail"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such thing"), 2),
        (AdapterFault("read raised"), 3),
        (KeyboardInterrupt(), 4),
        (ZeroDivisionError("a bug"), 3),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert raising(error).exit_code == code


def test_only_a_bug_of_tensorpact_shows_a_traceback() -> None:
    assert raising(UsageError("no such thing")).stderr == "tensorpact: no such thing\n"
    assert "ZeroDivisionError: a bug" in raising(ZeroDivisionError("a bug")).stderr


@pytest.mark.parametrize(
    "words", ["list", "run numpy --budget quick --only dtype.bools-infer-bool"]
)
def test_a_reader_that_goes_away_leaves_the_run_incomplete_and_silent(words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tensorpact", *words.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (4, b"")


# --------------------------------------------------------------------------- run, smoke, docs


def test_run_ends_in_a_line_that_can_be_read_alone(tmp_path: Path) -> None:
    output = tmp_path / "report.jsonl"
    result = invoke("run", "numpy", "--budget", "quick", "--only", "shape.*", "-o", str(output))
    assert result.output.splitlines()[-1].startswith("numpy ")
    assert output.read_text(encoding="utf-8").count("\n") > 2


def test_smoke_says_what_it_tested() -> None:
    result = invoke("smoke", "numpy")
    assert result.exit_code == 0
    assert "float32" in result.output or "dtypes" in result.output


def test_docs_writes_what_check_then_finds_fresh(tmp_path: Path) -> None:
    assert invoke("docs", "--check", str(tmp_path)).exit_code == 1
    assert invoke("docs", str(tmp_path)).exit_code == 0
    assert invoke("docs", "--check", str(tmp_path)).exit_code == 0


@pytest.mark.parametrize("taken", ["file", "file/below", "file/below/it"])
def test_docs_needs_a_directory_that_can_be_written(tmp_path: Path, taken: str) -> None:
    (tmp_path / "file").touch()
    result = invoke("docs", str(tmp_path / taken))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tensorpact: cannot write {tmp_path}")
    assert result.stderr.count("\n") == 1


def test_docs_check_names_the_command_that_writes_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "run `tensorpact docs '/no such'`." in invoke("docs", "--check", "/no such").stderr
    assert "run `tensorpact docs`." in invoke("docs", "--check").stderr


def test_a_fault_comes_after_the_report_of_what_was_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("READS", str(tmp_path / "reads"))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    with pytest.MonkeyPatch.context() as patched:
        plans.only_one_family(patched)
        result = invoke("run", "faulty:breaking_late", "--only", "sharing.*", "--budget", "quick")
    assert result.exit_code == 3
    assert "sharing.array-is-shared (MUST): fail" in result.stdout
    assert "incomplete (breaking-late: " in result.stdout.splitlines()[-1]
    assert result.stderr.count("\n") == 1
    assert "the 801st" in result.stderr


def test_every_group_is_listed_in_its_own_order() -> None:
    groups = [line.partition(".")[0] for line in invoke("list").output.splitlines()]
    assert groups == sorted(groups, key=list(GROUPS).index)
