"""Stories: operations one after the other, each on what an earlier step made.

A handle is what a step made: its number is the place of that step in the story. `VERBS` says
what a step can be. A step whose handle was never made, or is gone, is passed over when the
story is told, so that a story stays one when a call in it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from reftensor.rules import Memory
from tensorpact.backends.protocol import Claims
from tensorpact.cases import contents, dtypes
from tensorpact.cases.model import Argument, Block, Call, Case, Step, call
from tensorpact.expectation import expect, reads_raw

Array = np.ndarray[Any, np.dtype[Any]]

VERBS: Mapping[str, str] = {
    "make": "data that has memory: exporter, dtype, shape, layout, readonly, @device",
    "call": "an operation on the handle: its name and arguments",
    "view": "a view of the handle: a slice of the first dimension, or T",
    "export": "the handle as another library sees it: an entry of EXPORTS",
    "write": "numbers into all of the handle: 7 everywhere, or counting from 7+",
    "drop": "the handle is given up",
    "collect": "garbage is collected",
    "resize": "the handle, a buffer, grows by one element and shrinks again",
}
"""What a step does, and what its detail says."""

MAKING = frozenset({"make", "call", "view", "export"})
"""The verbs whose step makes a handle."""

EXPORTS: Mapping[str, str] = {
    "np.from_dlpack": "ndarray",
    "reftensor.from_dlpack": "dlpack",
    "__array__": "ndarray",
    "buffer": "memoryview",
}
"""How a handle is exported, and what kind of exporter comes of it."""

RESIZABLE = frozenset({"bytearray", "array.array"})


@dataclass(frozen=True, slots=True)
class Handle:
    """What is known of a handle before the story is told.

    `block` describes it as a source for further calls, layout apart. `made` says how it came
    about and `parent` of what. `shares`: by the rules it uses the memory of its parent.
    """

    number: int
    block: Block
    made: str
    parent: int | None = None
    shares: bool = False


def handles(steps: Sequence[Step], claims: Claims) -> dict[int, Handle]:
    """Every handle of the story by its number, as it is if no call in it is refused."""
    found: dict[int, Handle] = {}
    for number, step in enumerate(steps):
        made = born(number, step, found.get(step.handle), claims)
        if made is not None:
            found[number] = made
    return found


def born(number: int, step: Step, parent: Handle | None, claims: Claims) -> Handle | None:
    """The handle that the step makes; None where it makes none, or its parent is missing."""
    if step.verb == "make":
        block = block_of(step.detail)
        return Handle(number, block, f"made as {block.exporter}")
    if parent is None or step.verb not in MAKING:
        return None
    if step.verb == "call":
        return _called(number, call_of(step.detail), parent, claims)
    if step.verb == "view":
        seen = selected(step, parent.block, np.empty((*parent.block.shape, 1), np.bool_))
        block = replace(parent.block, shape=seen.shape[:-1])
        return Handle(number, block, "a view", parent.number, shares=True)
    block = replace(parent.block, exporter=EXPORTS[step.detail], device="", alignment=64)
    return Handle(number, block, f"exported by {step.detail}", parent.number, shares=True)


def _called(number: int, made: Call, parent: Handle, claims: Claims) -> Handle | None:
    case = Case(parent.block, made)
    expected = expect(case, claims)
    if expected.dtype is None or expected.shape is None or expected.device is None:
        return None
    raw = made.operation != "frombuffer" and reads_raw(case, claims)
    if raw and expected.dtype != parent.block.dtype:
        return None  # its elements are neither those of the buffer nor made out of them
    device = "" if expected.device == claims.host else expected.device
    block = Block("own", expected.dtype, expected.shape, alignment=0, device=device)
    shares = expected.memory in (Memory.SAME, Memory.SHARE)
    return Handle(number, block, f"made by {made.operation}", parent.number, shares)


# --------------------------------------------------------------------------- elements


def carried(step: Step, parent: Block, made: Block, data: bytes) -> bytes:
    """The elements of what the step makes of a parent that holds `data`."""
    cells = np.frombuffer(data, np.uint8).reshape(*parent.shape, dtypes.itemsize(parent.dtype))
    chosen = selected(step, parent, cells).tobytes()
    if made.dtype == parent.dtype or _reads_bytes(step):
        return chosen
    return np.frombuffer(chosen, parent.dtype).astype(made.dtype).tobytes()


def selected(step: Step, parent: Block, cells: Array) -> Array:
    """Those of the parent's bytes that the step takes; `cells` has one more dimension for them.

    A reading of a buffer begins at an offset and takes a number of elements.
    """
    if step.verb == "view":
        if step.detail == "T":
            return np.moveaxis(cells.T, 0, -1)
        part: Array = cells[slice_of(step.detail)]
        return part
    if not _reads_bytes(step):
        return cells
    made = call_of(step.detail)
    offset, count = int(made.get("offset") or 0), made.get("count")
    size = dtypes.itemsize(made.dtype or parent.dtype)
    end = None if count is None else offset + int(count) * size
    return cells.reshape(-1)[offset:end].reshape(-1, size)


def _reads_bytes(step: Step) -> bool:
    return step.verb == "call" and step.detail.startswith("frombuffer")


def written(detail: str, block: Block, aliased: bool) -> bytes:
    """The elements that a write puts in; one number where elements share their bytes."""
    count, start = prod(block.shape), int(detail.removesuffix("+"))
    steps = np.arange(count) if detail.endswith("+") and not aliased else np.zeros(count)
    return contents.to_storage(steps + start, block.dtype).tobytes()


# --------------------------------------------------------------------------- details

_CONSTANTS: Mapping[str, Argument] = {"None": None, "True": True, "False": False}


def call_of(detail: str) -> Call:
    """The call that "asarray copy=True dtype=float64 device=sim:0#1" stands for."""
    operation, *rest = detail.split()
    pairs = (text.partition("=") for text in rest)
    return call(operation, **{name: _argument(value) for name, _, value in pairs})


def _argument(text: str) -> Argument:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return int(text) if text.lstrip("-").isdigit() else text


def detail_of_call(made: Call) -> str:
    """The inverse of `call_of`."""
    return " ".join([made.operation, *(f"{name}={value}" for name, value in made.arguments)])


def block_of(detail: str) -> Block:
    """The data that "ndarray float32 2x3 gaps readonly @sim:0" stands for."""
    exporter, dtype, shape, layout, *flags = detail.split()
    lengths = tuple(int(n) for n in shape.split("x")) if shape != "()" else ()
    return Block(
        exporter,
        dtype,
        lengths,
        layout,
        alignment=0 if exporter in ("own", *RESIZABLE) else 64,
        readonly="readonly" in flags,
        device=next((flag[1:] for flag in flags if flag.startswith("@")), ""),
    )


def detail_of_block(block: Block) -> str:
    """The inverse of `block_of`, for what it can say."""
    shape = "x".join(map(str, block.shape)) or "()"
    flags = ["readonly"] * block.readonly + [f"@{block.device}"] * bool(block.device)
    return " ".join([block.exporter, block.dtype, shape, block.layout, *flags])


def slice_of(detail: str) -> slice:
    """The slice that "1:", "::2" or "::-1" stands for."""
    return slice(*(int(text) if text else None for text in detail.split(":")))


# --------------------------------------------------------------------------- shorter stories


def without(steps: Sequence[Step], first: int, last: int) -> tuple[Step, ...]:
    """The story without the steps from `first` up to `last`, and what was done to their handles."""
    return _renumbered(steps, set(range(first, last)), lambda step: step)


def bypassing(steps: Sequence[Step], number: int) -> tuple[Step, ...]:
    """The story without this step; what was done to its handle is done to its parent."""
    parent = steps[number].handle
    return _renumbered(
        steps, {number}, lambda s: replace(s, handle=parent) if s.handle == number else s
    )


def _renumbered(
    steps: Sequence[Step], gone: set[int], changed: Callable[[Step], Step]
) -> tuple[Step, ...]:
    kept: list[Step] = []
    places: dict[int, int] = {}
    for number, step in enumerate(map(changed, steps)):
        needed = step.verb not in ("make", "collect")
        if number in gone or (needed and step.handle not in places):
            continue
        places[number] = len(kept)
        kept.append(replace(step, handle=places[step.handle]) if needed else step)
    return tuple(kept)
