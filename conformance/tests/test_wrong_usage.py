"""Whatever is wrong with a command line or with its files is said in one line on stderr."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tensorpact.cli import main


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """With a directory, a file of random bytes, an empty one, and adapters that are none."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "empty").touch()
    (tmp_path / "lines.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    (tmp_path / "number_adapter.py").write_text("backend = 3\n", encoding="utf-8")
    (tmp_path / "raising_adapter.py").write_text("raise ValueError('x\\ny')\n", encoding="utf-8")
    (tmp_path / "garbled_adapter.py").write_text("def f(:\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def told(words: str, code: int = 2) -> str:
    """What the one line on stderr says; stdout stays empty."""
    result = CliRunner().invoke(main, words.split(), prog_name="tensorpact")
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert result.stderr.startswith("tensorpact: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("rnu torch", "did you mean 'run'?"),
        ("--verison", "Did you mean '--version'?"),
        ("run", "`tensorpact run --help`"),
        ("run torch --bugdet quick", "Did you mean '--budget'?"),
        ("run torch --budget qiuck", "'quick'"),
        ("run torch --seed x", "--seed"),
        ("run torch --jobs 0", "--jobs"),
        ("report x.jsonl --format htlm", "'html'"),
        ("diff old.jsonl", "missing argument"),
        ("smoke torch numpy", "unexpected extra argument"),
        ("list --level MSUT", "--level"),
        ("zoo --kind odds", "'odd'"),
        ("completion bahs", "'bash'"),
        ("selftest --seeds 0", "--seeds"),
    ],
)
def test_a_misspelt_word_ends_in_its_cause_and_a_hint(words: str, hint: str) -> None:
    assert hint in told(words)


@pytest.mark.parametrize("command", ["run", "smoke", "baseline"])
@pytest.mark.parametrize(
    ("backend", "hint"),
    [
        ("torhc", "did you mean 'torch'?"),
        ("zoo:copy-true-share", "copy-true-shares"),
        ("number_adapter:backend", "of type int"),
        ("number_adapter.py", "number_adapter:backend"),
        ("./number_adapter.py", "number_adapter:backend"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_backend_that_is_not_there_gets_a_hint(command: str, backend: str, hint: str) -> None:
    assert hint in told(f"{command} {backend}")


@pytest.mark.parametrize("adapter", ["raising_adapter", "garbled_adapter"])
@pytest.mark.usefixtures("folder")
def test_an_adapter_that_cannot_be_imported_is_at_fault(adapter: str) -> None:
    assert "Error: " in told(f"run {adapter}", code=3)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("run numpy --only shpae.*", "did you mean shape"),
        ("list --only shpae.*", "did you mean shape"),
        ("baseline numpy --only shpae.*", "did you mean shape"),
        ("zoo --breaks shpae.*", "did you mean shape"),
        ("zoo copy-true-share", "did you mean 'copy-true-shares'?"),
        ("selftest nonesuch", "`tensorpact zoo`"),
    ],
)
def test_a_glob_that_matches_nothing_is_said(words: str, hint: str) -> None:
    assert hint in told(words)


def test_a_group_stands_for_its_guarantees_wherever_a_glob_does() -> None:
    by_group = CliRunner().invoke(main, ["zoo", "--breaks", "sharing"])
    by_glob = CliRunner().invoke(main, ["zoo", "--breaks", "sharing.*"])
    assert by_group.stdout == by_glob.stdout != ""


@pytest.mark.parametrize("file", ["nonesuch", "dir", "binary", "empty", "lines.jsonl"])
@pytest.mark.parametrize(
    "words", ["replay {}", "bugreport {} dtype.bools-infer-bool", "report {}", "diff {0} {0}"]
)
@pytest.mark.usefixtures("folder")
def test_a_file_that_is_no_report_is_named(words: str, file: str) -> None:
    assert file in told(words.format(file))


@pytest.mark.parametrize("file", ["nonesuch", "dir", "binary"])
@pytest.mark.usefixtures("folder")
def test_a_file_that_holds_no_deviations_is_named(file: str) -> None:
    assert file in told(f"run numpy --only shape.* --deviations {file}")


@pytest.mark.parametrize("file", ["dir", "binary", "lines.jsonl", "nonesuch/file"])
@pytest.mark.usefixtures("folder")
def test_a_file_that_is_no_journal_of_a_selftest_is_named(file: str) -> None:
    assert file in told(f"selftest copy-true-shares --keep {file}")


@pytest.mark.parametrize(
    "words",
    [
        "run numpy --only shape.scalar-is-0d --budget quick -o {}",
        "baseline numpy --only shape.scalar-is-0d --write --deviations {}",
        "selftest copy-true-shares -o {}",
    ],
)
@pytest.mark.parametrize("file", ["dir", "nonesuch/file"])
@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_written_is_named_before_anything_is_judged(
    monkeypatch: pytest.MonkeyPatch, words: str, file: str
) -> None:
    monkeypatch.setattr("tensorpact.runner.tasks.judge_batch", None)
    assert file in told(words.format(file))


@pytest.mark.usefixtures("folder")
def test_an_unknown_backend_is_said_though_there_is_nothing_to_replay() -> None:
    quick = "run reference --only shape.scalar-is-0d --budget quick -o report.jsonl"
    assert CliRunner().invoke(main, quick.split()).exit_code == 0
    assert "torch" in told("replay report.jsonl --backend torhc")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk without space at hand")
@pytest.mark.parametrize("words", ["list", "explain sharing.array-is-shared", "zoo", "backends"])
def test_a_full_disk_leaves_the_output_incomplete(words: str) -> None:
    command = [sys.executable, "-m", "tensorpact", *words.split()]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 4
    assert done.stderr.count(b"\n") == 1
