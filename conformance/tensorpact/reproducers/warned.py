"""What the user must be told, as scripts that record the warnings; and what costs too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tensorpact.cases.words import word
from tensorpact.guarantees.model import DemandKind
from tensorpact.reproducers.typed import Asked, Lines, Typed, caught, elements_of_source, indented


def _recorded(text: str) -> Lines:
    first = (
        "with warnings.catch_warnings(record=True) as told:\n    warnings.simplefilter('always')"
    )
    return [first, indented(text)]


def _warning_count(made: Typed, least: int) -> Iterator[Lines]:
    """None at all for 0, else none or one at each of so many calls."""
    call = "\n".join([*made.again, *made.doing(f"result = {made.call}")])
    if not least:
        yield [*made.lines, *_recorded(call), "assert not told, told[0].message"]
        return
    calls = f"for _ in range({least}):\n{indented(call)}"
    yield [*made.lines, *_recorded(calls), f"assert len(told) in (0, {least}), len(told)"]


def _told_or_protected(made: Typed, _: Any) -> Iterator[Lines]:
    source = elements_of_source(made)
    fill = word(made.claims, "fill", x="result", value=0)
    call = "\n".join(made.doing(f"result = {made.call}"))
    told = "'read-only memory was written, and nobody was warned'"
    yield [
        *made.lines,
        f"before = {source}",
        *_recorded(f"{call}\n{fill}"),
        f"assert told or {source} == before, {told}",
    ]


def _refused_or_told(made: Typed, _: Any) -> Iterator[Lines]:
    call = "\n".join(made.doing(caught(made.call)))
    yield [
        *made.lines,
        *_recorded(call),
        "assert told or isinstance(result, Exception), result",
    ]


def _few_questions(made: Typed, most: int) -> Iterator[Lines]:
    """The odd input counts what it is asked."""
    call = "\n".join(made.doing(f"result = {made.call}"))
    asked = f"assert told or Rows.asked <= {most}, f'{{Rows.asked}} questions'"
    yield [*made.lines, *_recorded(call), asked]


ASKED: Mapping[DemandKind, Asked] = {
    "warnings": _warning_count,
    "told or protected": _told_or_protected,
    "refusal or warning": _refused_or_told,
    "questions": _few_questions,
}
