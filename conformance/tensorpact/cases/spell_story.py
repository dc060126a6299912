"""A story as the lines that a person would type, a line or two a step."""

from __future__ import annotations

from math import prod

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Block, Call, Case, Step, Story, call
from tensorpact.cases.spell import block_lines, call_text, preparations
from tensorpact.cases.stories import Handle, block_of, call_of, handles
from tensorpact.cases.words import word

_WAYS = {"__array__": "np.asarray(x{0})", "buffer": "memoryview(x{0})"}


def told(story: Story, claims: Claims) -> list[str]:
    """The steps as Python; the handle that the n-th step makes is called xn."""
    known = handles(story.steps, claims)
    cases = [Case(handle.block, call("")) for handle in known.values()]
    lines = list(dict.fromkeys(line for case in cases for line in preparations(case, claims)))
    for number, step in enumerate(story.steps):
        lines += _lines(number, step, known, claims)
    return lines


def _lines(number: int, step: Step, known: dict[int, Handle], claims: Claims) -> list[str]:
    of = f"x{step.handle}"
    match step.verb:
        case "make":
            return block_lines(block_of(step.detail), claims, f"x{number}")
        case "call":
            return [f"x{number} = {_called(call_of(step.detail), of, claims)}"]
        case "view":
            index = f"{of}[{step.detail}]"
            shown = _transposed(known, step, claims) if step.detail == "T" else index
            return [f"x{number} = {shown}"]
        case "export":
            way = _WAYS.get(step.detail, f"{step.detail}(x{{0}})")
            return [f"x{number} = {way.format(step.handle)}"]
        case "write":
            return [_written(step, known.get(step.handle), claims)]
        case "drop":
            return [f"del {of}"]
        case "resize":
            return [f"{of}.append(0); {of}.pop()"]
    return ["gc.collect()"]


def _transposed(known: dict[int, Handle], step: Step, claims: Claims) -> str:
    handle, of = known.get(step.handle), f"x{step.handle}"
    if handle is None or handle.block.exporter != "own":
        return f"{of}.T"
    axes = ", ".join(map(str, reversed(range(len(handle.block.shape)))))
    return word(claims, "permute", x=of, axes=axes)


def _written(step: Step, handle: Handle | None, claims: Claims) -> str:
    """One number everywhere, or as many as there are elements."""
    of, number = f"x{step.handle}", int(step.detail.removesuffix("+"))
    if handle is None:
        return f"{of}[...] = {number}"
    block, counting = handle.block, step.detail.endswith("+")
    count = prod(block.shape)
    values = f"range({number}, {number + count})" if counting else f"[{number}] * {count}"
    if block.exporter == "bytearray":
        return f"{of}[:] = bytes({values})"
    if block.exporter in ("array.array", "memoryview", "dlpack"):
        of = f"np.asarray({of})"
    if not counting:
        return f"{of}[...] = {number}"
    array = f"np.arange({number}, {number + count}, dtype={block.dtype!r})"
    if len(block.shape) != 1:
        array += f".reshape{block.shape}"
    if block.exporter != "own":
        return f"{of}[...] = {array}"
    makers = ("tensor", "asarray", *sorted(claims.operations))
    maker = next(name for name in makers if name in claims.operations)
    return f"{of}[...] = {_called(call(maker), array, claims)}"


def _called(made: Call, data: str, claims: Claims) -> str:
    return call_text(Case(Block(), made), claims, data)
