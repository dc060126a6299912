"""Runs scripts, each in a fork of a process that has imported what they need, and nothing else.

`reproducers.clean` starts it as a script of its own with `python -I`. It imports the standard
library alone, so that what fails here fails wherever the library under test is installed. The
first line of its input says what may be imported, and is answered by a line when that was done;
every further line is a script, and the answer to it is a line that says how the script ended.
"""

from __future__ import annotations

import ast
import importlib.abc
import json
import linecache
import os
import resource
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterable
from typing import Any, NoReturn

NAME = "reproducer.py"
MOST_PRINTED = 100_000
MOST_MEMORY = 8 << 30
"""What a defect may make a script ask for is no reason to fill the machine."""
ENDINGS = {0: "passed", 1: "raised", 77: "asserted"}


class Refuse(importlib.abc.MetaPathFinder):
    """Makes packages as good as not installed."""

    def __init__(self, packages: Iterable[str]) -> None:
        self.packages = frozenset(packages)

    def find_spec(self, name: str, *_: Any) -> None:
        """Raises what the import of a missing package raises; leaves others to be found."""
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> None:
    """Reads what may be imported, then script after script."""
    setup = json.loads(sys.stdin.readline())
    sys.path[:0] = [entry for entry in setup["path"] if entry not in sys.path]
    sys.meta_path.insert(0, Refuse(setup["refused"]))
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what a library prints is no answer
        exec(setup["imports"], {})  # import lines of the adapter
        out.write("ready\n")
        out.flush()
        for line in sys.stdin:
            task = json.loads(line)
            out.write(json.dumps(run(task["script"], task["seconds"])) + "\n")
            out.flush()


def run(script: str, seconds: float) -> dict[str, str]:
    """How the script ended, "asserted" being at its last statement, and what it printed."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as printed:
        pid = os.fork()
        if pid == 0:
            become(script, folder, printed.fileno())
        how = ending(pid, seconds)
        printed.seek(0)
        return {"how": how, "output": printed.read(MOST_PRINTED).decode(errors="replace")}


def ending(pid: int, seconds: float) -> str:
    """How the process ended, which is killed if it takes longer."""
    watch = os.pidfd_open(pid)
    hung = not select.select([watch], [], [], seconds)[0]
    os.close(watch)
    if hung:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if hung:
        return "hung"
    return signal.Signals(-code).name if code < 0 else ENDINGS.get(code, f"exit code {code}")


def become(script: str, folder: str, printed: int) -> NoReturn:
    """Runs the script in this process, and ends it."""
    os.chdir(folder)
    for stream, target in ((0, os.open(os.devnull, os.O_RDONLY)), (1, printed), (2, printed)):
        os.dup2(target, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    code = 0
    try:
        exec(compile(script, NAME, "exec"), {"__name__": "__main__"})  # the very purpose
    except BaseException as error:
        code = 77 if asserted(error, script) else 1
        show(error, script)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def asserted(error: BaseException, script: str) -> bool:
    """Whether it is the assertion that the script ends in."""
    last = ast.parse(script).body[-1]
    trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
    if not isinstance(error, AssertionError) or trace is None or trace.tb_next is not None:
        return False
    return last.lineno <= trace.tb_lineno <= (last.end_lineno or last.lineno)


def show(error: BaseException, script: str) -> None:
    """Prints the traceback as Python does for a script in a file."""
    linecache.cache[NAME] = (len(script), None, script.splitlines(keepends=True), NAME)
    trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
    traceback.print_exception(type(error), error.with_traceback(trace), trace)


if __name__ == "__main__":
    main()
