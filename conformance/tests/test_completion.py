"""What a shell is told when somebody asks it to complete a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from tensorpact.cli import main
from tensorpact.cli.completion import SHELLS, VARIABLE
from tensorpact.guarantees import TABLE


def completed(*words: str) -> list[str]:
    """What completes the last of the words."""
    *before, begun = words
    shell = ShellComplete(main, {}, "tensorpact", VARIABLE)
    return [item.value for item in shell.get_completions(before, begun) if item.type == "plain"]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("boo", []),
        ("bas", ["baseline"]),
        ("run tor", ["torch"]),
        ("run zoo:copy-true-sh", ["zoo:copy-true-shares"]),
        ("smoke num", ["numpy"]),
        ("baseline array", ["array-api-strict"]),
        ("replay --backend ref", ["reference"]),
        ("run torch --budget q", ["quick"]),
        ("run torch --deviations s", ["shipped"]),
        ("run torch --only dlpa", ["dlpack", *(id for id in TABLE if id.startswith("dlpack."))]),
        ("explain sharing.array-is", ["sharing.array-is-shared"]),
        ("list --group shar", ["sharing"]),
        ("zoo copy-true-sh", ["copy-true-shares"]),
        ("zoo --breaks sharing.array-is", ["sharing.array-is-shared"]),
        ("selftest --sought-only copy-true-sh", ["copy-true-shares"]),
        ("completion z", ["zsh"]),
    ],
)
def test_names_and_ids_complete(words: str, meant: list[str]) -> None:
    assert completed(*words.split()) == meant


def test_the_zoo_is_shown_to_those_who_ask_for_it() -> None:
    assert "torch" in completed("run", "")
    assert not any(name.startswith("zoo:") for name in completed("run", ""))


@pytest.mark.parametrize("words", [("bugreport", "x"), ("run", "torch", "--deviations", "x")])
def test_where_a_file_may_stand_the_shell_looks_for_files(words: tuple[str, ...]) -> None:
    *before, begun = words
    shell = ShellComplete(main, {}, "tensorpact", VARIABLE)
    assert [item.type for item in shell.get_completions(before, begun)] == ["file"]


def test_what_cannot_be_had_completes_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorpact.errors import UsageError
    from tensorpact.selftest import zoos

    def missing() -> None:
        raise UsageError("no zoo is installed")

    monkeypatch.setattr(zoos, "zoo", missing)
    assert completed("zoo", "") == []


@pytest.mark.parametrize("words", ["run t", "run torch --only shar", "zoo copy", "explain s"])
def test_to_complete_imports_no_library_under_test(words: str) -> None:
    script = (
        "import sys; from click.shell_completion import ShellComplete as S;"
        "from tensorpact.cli import main; *before, begun = sys.argv[1:];"
        f"assert S(main, {{}}, 'tensorpact', {VARIABLE!r}).get_completions(before, begun);"
        "sys.exit(' '.join({'torch', 'array_api_strict'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", script, *words.split()]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


# --------------------------------------------------------------------------- the scripts


@pytest.mark.parametrize("shell", SHELLS)
def test_every_script_asks_by_the_variable(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{VARIABLE}={shell}_complete" in result.stdout


def test_bash_completes_by_the_script() -> None:
    script = (
        'eval "$(tensorpact completion bash)"; COMP_WORDS=(tensorpact run tor); COMP_CWORD=2;'
        '_tensorpact_completion tensorpact; echo "${COMPREPLY[@]}"'
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "torch\n", done.stderr
