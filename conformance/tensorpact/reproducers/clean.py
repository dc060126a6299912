"""Scripts in clean processes: `with Clean(...) as clean: clean.run(script)`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

OURS = ("tensorpact", "reftensor", "tensorpact_fixtures")
"""What a reader need not have installed."""

_PROGRAM = Path(__file__).with_name("clean_process.py")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended: "passed", "asserted" at its last statement, "raised", "hung", "exit code
    N", or the name of a signal; with what it printed."""

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

    def __enter__(self) -> Clean:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()
        self._process = None

    def run(self, script: str, seconds: float) -> Ended:
        """The end of the script, which is killed when it takes longer. Raises NotStarted."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"script": script, "seconds": seconds}) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise NotStarted
        return Ended(**json.loads(answer))

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(self._setup) + "\n")
            self._process.stdin.flush()
        return self._process
