"""Schedules: in which order, how often and where things are released after a call, by name.

A schedule that releases says what is made out of the result before, and in which order all of
it is dropped. The others repeat the call, do with its input what must be refused, or write to
it before anything looks at the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

TAKEN: Mapping[str, str] = {
    "view": "view = result[1:]",
    "subview": "subview = result[1:][1:]",
    "array": "array = np.from_dlpack(result)",
    "part": "part = np.from_dlpack(result[1:])",
    "ndarray": "ndarray = result.__array__()",
    "tensor": "tensor = reftensor.from_dlpack(result)",
    "capsule": "capsule = result.__dlpack__(max_version=(1, 0))",
    "legacy": "legacy = result.__dlpack__()",
}
"""What can be made out of a result, by name, as a person would type it: views of it, arrays of
other libraries over an export of it, and capsules that nobody consumes."""

VIEWS = ("view", "subview")
CAPSULES = ("capsule", "legacy")
EXPORTS = ("array", "part", "ndarray", "tensor", *CAPSULES)
SOURCE, RESULT = "source", "result"

Kind = Literal[
    "release",
    "repeat",
    "unconsumed",
    "concurrent",
    "resize source",
    "resize result",
    "twice",
    "no GIL",
    "exit",
    "overwrite",
]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is done after the call. `drops` are the handles in the order of their release.

    `thread`: all but the first of them are dropped in another thread. `lines` are what a person
    would type after the call, which stands for `{}` where it is repeated; how source and result
    are resized depends on what they are.
    """

    kind: Kind
    lines: tuple[str, ...]
    drops: tuple[str, ...] = ()
    thread: bool = False

    @property
    def takes(self) -> tuple[str, ...]:
        """What is made out of the result before anything is dropped."""
        return tuple(name for name in TAKEN if name in self.drops)


def _release(drops: tuple[str, ...], thread: bool = False) -> Schedule:
    taken = tuple(text for name, text in TAKEN.items() if name in drops)
    dropped = [f"del {'x' if name == SOURCE else name}" for name in drops]
    if thread:
        dropped[1:] = [f"{line}  # in another thread" for line in dropped[1:]]
    return Schedule("release", (*taken, *dropped), drops, thread)


def _orders() -> Mapping[str, Schedule]:
    """Every order of releasing a source, a result, and at most one thing made out of it."""
    handles = [(SOURCE, RESULT), *((SOURCE, RESULT, taken) for taken in TAKEN)]
    orders = [order for group in handles for order in permutations(group)]
    orders += permutations((SOURCE, RESULT, "view", "array"))
    named = {", ".join(order): _release(order) for order in orders}
    lasting = (RESULT, "view", "array", "capsule")
    threads = [(SOURCE, *((RESULT,) if last != RESULT else ()), last) for last in lasting]
    return named | {f"{', '.join(o)} in a thread": _release(o, thread=True) for o in threads}


ORDERS: Mapping[str, Schedule] = _orders()

SCHEDULES: Mapping[str, Schedule] = {
    **ORDERS,
    "repeated": Schedule("repeat", ("for _ in range(8): {}",)),
    "unconsumed": Schedule("unconsumed", ("for _ in range(8): x.__dlpack__()",)),
    "concurrent": Schedule(
        "concurrent", ("with ThreadPoolExecutor(4) as pool: pool.map(lambda _: {}, range(100))",)
    ),
    "resized": Schedule("resize source", ("{source resized}",)),
    "result resized": Schedule("resize result", ("{result resized}  # to more elements",)),
    "consumed twice": Schedule("twice", ("{}",)),
    "deleted without the GIL": Schedule(
        "no GIL",
        (
            TAKEN["capsule"],
            "del x, result",
            "# the deleter of the capsule is called by a thread that is not Python's",
        ),
    ),
    "kept at exit": Schedule("exit", ("# Python exits",)),
    "overwritten": Schedule(
        "overwrite",
        ("# x is written to, at every element, before anything looks at the result", "result"),
    ),
}
"""Every schedule by name; that of a release names the handles in the order of their release."""
