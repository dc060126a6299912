"""Runs scripts, each in a fork of a process that has imported what they need, and nothing else.

It is started as a script of its own by `reproducers.clean`, with `python -I`, and imports the
standard library alone: a script that fails here fails wherever the library is installed. The
first line of its input says what may be imported; every further line is a script, and the answer
is a line that says how it ended.
"""

import importlib.abc
import json
import os
import resource
import select
import signal
import sys
import tempfile
import traceback

NAME = "reproducer.py"


class Refuse(importlib.abc.MetaPathFinder):
    """Makes packages as good as not installed."""

    def __init__(self, packages):
        self.packages = frozenset(packages)

    def find_spec(self, name, *_):
        """None leaves the search to others."""
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return


def main():
    """Reads what may be imported, then script after script."""
    setup = json.loads(sys.stdin.readline())
    sys.path[:0] = [entry for entry in setup["path"] if entry not in sys.path]
    sys.meta_path.insert(0, Refuse(setup["refused"]))
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    exec(setup["imports"], {})
    for line in sys.stdin:
        task = json.loads(line)
        out.write(json.dumps(run(task["script"], task["seconds"])) + "\n")
        out.flush()


def run(script, seconds):
    """How the script ended: "passed", "asserted" at its last statement, "raised", "hung", or the
    name of a signal; and what it printed."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as printed:
        pid = os.fork()
        if pid == 0:
            become(script, folder, printed.fileno())
        how = ending(pid, seconds)
        printed.seek(0)
        return {"how": how, "output": printed.read(100_000).decode(errors="replace")}


def ending(pid, seconds):
    """How the process ended, which is killed if it takes longer."""
    watch = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    hung = watch is not None and not select.select([watch], [], [], seconds)[0]
    if watch is not None:
        os.close(watch)
    if hung:
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if hung:
        return "hung"
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return ENDINGS.get(os.WEXITSTATUS(status), f"exit code {os.WEXITSTATUS(status)}")


ENDINGS = {0: "passed", 1: "raised", 77: "asserted"}


def become(script, folder, printed):
    """Runs the script in this process, and ends it."""
    os.setpgid(0, 0)
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    code = 1
    try:
        exec(compile(script, NAME, "exec"), {"__name__": "__main__"})
        code = 0
    except BaseException as error:
        code = 77 if asserted(error, script) else 1
        show(error, script)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def asserted(error, script):
    """Whether it was the assertion that the script ends in."""
    import ast

    last = ast.parse(script).body[-1]
    line = error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else 0
    return isinstance(error, AssertionError) and last.lineno <= line <= (last.end_lineno or line)


def show(error, script):
    """Prints the traceback as Python does for a script in a file."""
    import linecache

    linecache.cache[NAME] = (len(script), None, script.splitlines(keepends=True), NAME)
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    traceback.print_exception(type(error), error.with_traceback(trace), trace)


if __name__ == "__main__":
    main()
