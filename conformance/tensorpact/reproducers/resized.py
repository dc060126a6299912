"""What must not be resized, or not be taken twice, as scripts that try it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tensorpact.cases.words import word
from tensorpact.guarantees.model import DemandKind
from tensorpact.reproducers.typed import Asked, Lines, Typed, caught


def _not_resized(made: Typed, _: Any) -> Iterator[Lines]:
    for resize in _resizes(made):
        tried = f"try:\n    {resize}\n    refused = False\nexcept Exception:\n    refused = True"
        yield [*made.result, tried, "assert refused"]


def _size_kept(made: Typed, _: Any) -> Iterator[Lines]:
    shape = word(made.claims, "shape of", x="result")
    for resize in _resizes(made):
        tried = f"try:\n    {resize}\nexcept Exception:\n    pass"
        yield [*made.result, f"before = {shape}", tried, f"assert {shape} == before, {shape}"]


def _resizes(made: Typed) -> Iterable[str]:
    block = made.case.block
    if made.case.schedule == "result resized":
        return [word(made.claims, "resize", x="result").replace("...", "1000")]
    kinds = {"array.array": "x.append(x[0])", "bytearray": "x.append(0)", "mmap": "x.close()"}
    return [kinds.get(block.exporter if block is not None else "", "x.resize(1000)")]


def _consumed(made: Typed, _: Any) -> Iterator[Lines]:
    again = caught(made.call, "again")
    yield [*made.result, *made.doing(again), "assert isinstance(again, Exception), type(again)"]


ASKED: Mapping[DemandKind, Asked] = {
    "no resize": _not_resized,
    "size after resize": _size_kept,
    "consumed": _consumed,
}
