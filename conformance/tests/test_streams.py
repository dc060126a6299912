"""What goes to which stream, in which colours, and how wide."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "run reference --only shape.scalar-is-0d --budget quick"
REPORT = Path(__file__).parent / "reports" / "format-1.jsonl"
PIPED = (
    *(RUN, "run numpy --only dtype.floats-infer-default-float --budget quick", "smoke numpy"),
    *("list", "explain sharing.array-is-shared", "backends", "zoo", "zoo copy-true-shares"),
    *(f"report {REPORT}", f"report {REPORT} {REPORT}", f"diff {REPORT} {REPORT}"),
    *("selftest copy-true-shares --sought-only", "--help", "run --help", "run torhc"),
)
COLOUR = re.compile(r"\x1b\[[\d;]*3[0-7]")


def environment(**changes: str) -> dict[str, str]:
    ours = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTEST_CURRENT_TEST")
    return {name: value for name, value in os.environ.items() if name not in ours} | changes


def command(words: str) -> list[str]:
    return [sys.executable, "-m", "tensorpact", *words.split()]


def piped(words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(words), capture_output=True, text=True, check=False, env=environment(**changes)
    )


def on_a_terminal(words: str, stdout: int | None = None, **changes: str) -> str:
    """What a terminal shows; stdout may go elsewhere."""
    ours, theirs = pty.openpty()
    changes = {"TERM": "xterm-256color", **changes}
    process = subprocess.Popen(
        command(words), stdout=stdout or theirs, stderr=theirs, env=environment(**changes)
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # what a terminal says when nobody writes to it any more
        pass
    process.wait()
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize("words", PIPED)
def test_nothing_is_coloured_where_it_is_piped(words: str) -> None:
    done = piped(words)
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout + done.stderr


def test_a_report_is_coloured_on_a_terminal_unless_nobody_wants_colours() -> None:
    assert COLOUR.search(on_a_terminal(RUN))
    assert not COLOUR.search(on_a_terminal(RUN, NO_COLOR="1"))


def test_progress_goes_to_stderr_and_leaves_stdout_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "stdout"
    with file.open("wb") as stdout:
        assert "cases" in on_a_terminal(RUN, stdout.fileno())
    alone = piped(RUN)
    assert alone.stderr == ""
    assert without_seconds(file.read_text(encoding="utf-8")) == without_seconds(alone.stdout)


def without_seconds(text: str) -> str:
    return re.sub(r"\d+ s,", "", text)


@pytest.mark.parametrize("words", ["--help", "explain sharing.array-is-shared"])
def test_prose_is_as_wide_as_the_terminal(words: str) -> None:
    lines = [line for line in piped(words, COLUMNS="50").stdout.splitlines() if "://" not in line]
    assert max(map(len, lines)) <= 50


def test_the_table_of_a_report_keeps_its_words_however_narrow() -> None:
    assert "…" not in piped(RUN, COLUMNS="40").stdout
