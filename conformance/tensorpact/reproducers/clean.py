"""Scripts in clean processes: `Clean(...).run(script)`; to be closed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OURS = ("tensorpact", "reftensor", "tensorpact_fixtures")
"""What a reader need not have installed."""

_PROGRAM = Path(__file__).with_name("clean_process.py")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended: "passed", "asserted" at its last statement, "raised", "hung", "exit code
    N", "lost", or the name of a signal; with what it printed."""

    how: str
    output: str


class NotStarted(Exception):
    """What the scripts need cannot be imported in a fresh process."""


class Clean:
    """A process that has imported a library and runs each script in a fork of itself.

    `imports` are import lines. `ours`: our packages can be imported, too. It starts with the
    first script.
    """

    def __init__(self, imports: Sequence[str], ours: bool = False) -> None:
        lines = list(imports)
        self.own = {line.split()[1].partition(".")[0] for line in lines if line.split()[1:]}
        self._setup = {
            "path": [entry for entry in sys.path if entry],
            "refused": [] if ours else [name for name in OURS if name not in self.own],
            "imports": "\n".join(lines),
        }
        self._process: subprocess.Popen[str] | None = None

    def close(self) -> None:
        """End the process; a further script starts another."""
        if self._process is None:
            return
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                _there(pipe).close()
        self._process.wait()
        self._process = None

    def run(self, script: str, seconds: float) -> Ended:
        """The end of the script, which is killed when it takes longer; "lost" if it took the
        process with it. Raises NotStarted."""
        process = self._started()
        answer = _answer(process, {"script": script, "seconds": seconds})
        if not answer:
            self.close()
            return Ended("lost", "")
        return Ended(**json.loads(answer))

    def _started(self) -> subprocess.Popen[str]:
        """The process, which has said that it has imported what it is to import."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            if not _answer(self._process, self._setup):
                self.close()
                raise NotStarted
        return self._process


def _answer(process: subprocess.Popen[str], task: Mapping[str, object]) -> str:
    """The line that comes back; empty where the process has ended."""
    try:
        _there(process.stdin).write(json.dumps(task) + "\n")
        _there(process.stdin).flush()
        return _there(process.stdout).readline()
    except OSError:
        return ""


def _there(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
