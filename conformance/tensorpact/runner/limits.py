"""How long a run waits, how often it tries, and when it stops."""

from __future__ import annotations

from ctypes import c_bool
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, and how often to try what goes wrong.

    `case_seconds` is the time for one case. A batch leaves out the cases of a class once
    its deaths weigh `class_deaths`, and all its cases once they weigh `batch_deaths`; a
    hang, which costs more time, weighs three times as much as a crash. `tries` bounds the
    shrinking of a failure, `death_tries` that of a crash, where each try costs a process.
    """

    case_seconds: float = 10.0
    class_deaths: int = 4
    batch_deaths: int = 24
    tries: int = 200
    death_tries: int = 30


_flag: c_bool | None = None


def stop_when(flag: c_bool) -> None:
    """The work of this process ends early once the flag, in shared memory, is set."""
    global _flag
    _flag = flag


def stopped() -> bool:
    """Whether the run was interrupted."""
    return _flag is not None and bool(_flag.value)
