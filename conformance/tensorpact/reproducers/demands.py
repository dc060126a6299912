"""What a check asked for, as scripts that ask for it again: the candidates, most telling first.

Each is made of a typed case and the value of the demand. Not every candidate works for every
input, and none is shown before it was seen to fail: see `made`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tensorpact.guarantees.model import Demand, DemandKind
from tensorpact.reproducers import exported, memories, resized, results, warned
from tensorpact.reproducers.typed import Asked, Lines, Typed, caught

RETURNS = "assert not isinstance(result, Exception), repr(result)"
"""The last line of a script that asks for no more than a result."""


def candidates(made: Typed, demand: Demand | None) -> Iterator[Lines]:
    """The scripts for a demand, without their imports; last, or alone, that the call returns."""
    if demand is not None:
        yield from ASKED[demand.kind](made, demand.value)
    yield from _taken(made)


def _taken(made: Typed) -> Iterator[Lines]:
    """The call does not raise."""
    yield [*made.outcome, RETURNS]


def _refused(made: Typed, classes: tuple[str, ...]) -> Iterator[Lines]:
    if not classes:
        yield [*made.outcome, "assert isinstance(result, Exception), type(result)"]
        return
    listed = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
    yield [*made.outcome, f"assert isinstance(result, {listed}), repr(result)"]


def _of_a_class(made: Typed, classes: tuple[str, ...]) -> Iterator[Lines]:
    """A value is as good; the classes would make a line of their own."""
    yield [
        *made.outcome,
        f"telling = ({', '.join(classes[:4])},",
        f"           {', '.join(classes[4:])})",
        "assert not isinstance(result, Exception) or isinstance(result, telling), repr(result)",
    ]


def _with_message(made: Typed, _: Any) -> Iterator[Lines]:
    yield [*made.outcome, "assert not isinstance(result, Exception) or str(result), repr(result)"]


def _ordinary(made: Typed, _: Any) -> Iterator[Lines]:
    tried = caught(made.call).replace("except Exception", "except BaseException")
    strange = "isinstance(result, SystemError) or not isinstance(result, Exception)"
    yield [
        *made.lines,
        *made.doing(tried),
        f"assert not (isinstance(result, BaseException) and ({strange})), repr(result)",
    ]


ASKED: Mapping[DemandKind, Asked] = {
    "refusal": _refused,
    "class": _of_a_class,
    "message": _with_message,
    "ordinary": _ordinary,
    **results.ASKED,
    **memories.ASKED,
    **warned.ASKED,
    **exported.ASKED,
    **resized.ASKED,
}
"""By the kind of the demand; those of two calls and of stories stand in modules of their own."""
