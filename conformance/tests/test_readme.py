"""Every command in the README and the written pages is run as it stands there.

Set-up is left out: the continuous integration runs the README's two set-up commands. Runs
that do not name a budget get the quick one, on one guarantee.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pages import README, STORIES, WRITTEN, blocks, commands, save, shell, shows

A_REPORT = Path(__file__).parent / "reports" / "format-1.jsonl"
"""What lies where a page goes on with reports that were written before."""


def allowed(command: str) -> set[int]:
    """Exit codes: whoever is not known to conform may also not."""
    judges = command.startswith(("tensorpact run", "pytest"))
    return {0, 1} if judges and "reference" not in command else {0}


def needs_torch(command: str) -> bool:
    return "run torch" in command


def cases() -> list[tuple[Path, str]]:
    pages = [page for page in (README, *WRITTEN) if page not in STORIES]
    shells = [(page, block) for page in pages for block in blocks(page) if block.language == "sh"]
    return [(page, command) for page, block in shells for command in commands(block)]


@pytest.mark.parametrize(("page", "command"), cases())
def test_every_command_of_the_documentation_works(page: Path, command: str, tmp_path: Path) -> None:
    if needs_torch(command):
        pytest.importorskip("torch")
    save(page, tmp_path)
    for name in ("before", "report"):
        shutil.copy(A_REPORT, tmp_path / f"{name}.jsonl")
    done = shell(command, tmp_path)
    assert done.returncode in allowed(command), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_readme_sets_up_with_exactly_two_commands() -> None:
    lines = [line for block in blocks(README) for line in block.text.splitlines()]
    first, second = (line for line in lines if line.startswith("python3 -m venv"))
    assert first.endswith("&& .venv/bin/tensorpact run reference")
    assert second.endswith("&& .venv/bin/pytest -n auto")


def test_every_block_of_the_readme_is_of_a_kind_that_is_run() -> None:
    assert {block.language for block in blocks(README)} == {"sh", "python", "text"}
    python = [block.file for block in blocks(README) if block.language == "python"]
    assert python == ["mylib_adapter.py", "test_conformance.py", "judge.py"]


def test_the_adapter_of_the_readme_is_shorter_than_forty_lines() -> None:
    (adapter,) = (block for block in blocks(README) if block.file == "mylib_adapter.py")
    assert len(adapter.text.splitlines()) < 40


def test_the_three_ways_of_use_find_the_same_fault(tmp_path: Path) -> None:
    save(README, tmp_path)
    (tmp_path / "test_conformance.py").unlink()
    fault = "sharing.copy-false-never-copies"
    command = shell(f"tensorpact run mylib_adapter:backend --only {fault} --budget quick", tmp_path)
    items = shell(
        "pytest -p no:cacheprovider --tensorpact-backend mylib_adapter:backend "
        f"--tensorpact-only {fault} --tensorpact-budget quick",
        tmp_path,
    )
    script = (
        "import tensorpact, mylib_adapter\n"
        f"report = tensorpact.run(mylib_adapter.backend, only=[{fault!r}], budget='quick')\n"
        "raise SystemExit(report.exit_code())"
    )
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    function = shell("python script.py", tmp_path)
    ends = [done.returncode for done in (command, items, function)]
    assert ends == [1, 1, 1], command.stderr + items.stdout + function.stderr
    assert fault in items.stdout
    shown, _ = texts(README)
    assert shows(shown, command.stdout)


def test_the_reproducer_of_the_readme_is_that_of_a_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    fault = "copying.copy-true-always-copies"
    command = shell(f"tensorpact run torch --only {fault} --budget quick", tmp_path)
    _, shown = texts(README)
    assert shown in command.stdout


def texts(page: Path) -> list[str]:
    return [block.text for block in blocks(page) if block.language == "text"]
