"""Whose memory a result uses, and what became of the source, as writes and reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tensorpact.cases.words import word
from tensorpact.guarantees.model import DemandKind
from tensorpact.reproducers.typed import (
    Asked,
    Lines,
    Typed,
    caught,
    elements_of_source,
    overwriting,
)


def _memory(made: Typed, wanted: str) -> Iterator[Lines]:
    """A write to either side shows in the other, or does not."""
    seen, source = word(made.claims, "elements of", x="result"), elements_of_source(made)
    write = overwriting(made)
    shared = wanted == "shared"
    told = "" if shared else ", 'a write to the source shows in the result'"
    if write and not shared:
        before = [*made.result, f"before = {seen}", write]
        yield [*before, f"assert {seen} == before{told}"]
        yield [*before, f"assert str({seen}) == str(before){told}"]
    if write and shared:
        yield [*made.result, write, f"assert {seen} == {source}, {seen}"]
        unseen = "'a write to the source does not show in the result'"
        yield [*made.result, f"before = {seen}", write, f"assert {seen} != before, {unseen}"]
    written = word(made.claims, "fill", x="result", value=0)
    if source and shared:
        yield [*made.result, written, f"assert {source} == {seen}, {source}"]
    elif source:
        first = [*made.result, f"before = {source}", written]
        yield [*first, f"assert {source} == before, 'a write to the result shows in the source'"]


def _fresh(made: Typed, _: Any) -> Iterator[Lines]:
    other = word(made.claims, "elements of", x="other")
    yield [
        *made.result,
        *made.again,
        *made.doing(f"other = {made.call}"),
        f"before = {other}",
        word(made.claims, "fill", x="result", value=0),
        f"assert {other} == before, 'two results share one memory'",
    ]


def _untouched(made: Typed, _: Any) -> Iterator[Lines]:
    """The source's elements, its description, and what is left of an iterator."""
    block, claims = made.case.block, made.claims
    looks = [elements_of_source(made)] if block is not None else []
    if block is not None and block.exporter == "own":
        looks += [
            word(claims, kind, x="x")
            for kind in ("requires_grad of", "dtype of", "shape of", "strides of")
        ]
    for look in looks:
        first = [*made.lines, f"before = {look}", *made.doing(caught(made.call))]
        yield [*first, f"assert {look} == before, {look}"]
    if block is None:
        call = made.call.replace(made.data, "x", 1)
        lines = [*made.lines, f"x = {made.data}", *made.doing(caught(call))]
        yield [*lines, "assert len(list(x)) == 2, 'items were taken'"]


def _writable(made: Typed, wanted: bool) -> Iterator[Lines]:
    fill, seen = word(made.claims, "fill", x="result", value=0), "error"
    tried = f"try:\n    {fill}\n    error = None\nexcept Exception as raised:\n    error = raised"
    yield [*made.result, tried, f"assert {seen} is {'' if wanted else 'not '}None, repr(error)"]


ASKED: Mapping[DemandKind, Asked] = {
    "memory": _memory,
    "fresh": _fresh,
    "untouched": _untouched,
    "writable": _writable,
}
