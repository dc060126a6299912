"""Shrinking: from a failing case to a small one that fails in the same guarantee.

Greedy and deterministic: the simplest replacement of one part that still fails is taken, and
the search starts over, until nothing simpler fails or the limit of tries is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from tensorpact.cases import stories
from tensorpact.cases.model import (
    Block,
    Case,
    Leaf,
    Nest,
    Node,
    Source,
    State,
    Step,
    Story,
    Values,
    py,
)
from tensorpact.cases.schedules import ORDERS, SCHEDULES

Fails = Callable[[Case], bool]
First = Callable[[Sequence[Case]], int | None]
"""The position of the first of the cases, tried in order, that fails; None where none does."""


def shrink(case: Case, fails: Fails, limit: int = 200) -> Case:
    """The smallest case found for which `fails` holds; `limit` bounds the calls of `fails`.

    `fails` must hold for the case itself. The operation is never changed.
    """
    return shrink_together(
        case, lambda cases: next((n for n, tried in enumerate(cases) if fails(tried)), None), limit
    )


def shrink_together(case: Case, first: First, limit: int) -> Case:
    """The same as `shrink` finds, for cases that are cheaper to try in one go than one by one.

    `limit` bounds the cases that count: those up to and with the first that fails.
    """
    tried: set[Case] = {case}
    while limit > 0:
        simpler = dict.fromkeys(c for c in candidates(case) if c not in tried)
        untried = tuple(islice(simpler, limit))
        found = first(untried)
        if found is None:
            break
        tried.update(untried[: found + 1])
        limit -= found + 1
        case = untried[found]
    return case


def candidates(case: Case) -> Iterator[Case]:
    """Simpler cases, the biggest simplification first."""
    yield from _simpler_states(case)
    yield from _simpler_schedules(case)
    for name, _ in case.call.arguments:
        if (case.call.operation, name) != ("frombuffer", "dtype"):
            yield replace(case, call=case.call.without(name))
    device = case.call.get("device")
    if isinstance(device, str) and not device.endswith("#0"):
        yield replace(case, call=case.call.with_argument("device", f"{case.call.device}#0"))
    for source in _simpler_sources(case.source):
        yield replace(case, source=source)
    if isinstance(case.source, Block):
        yield from _same_dtype_calls(case, case.source)


def _simpler_schedules(case: Case) -> Iterator[Case]:
    """Orders of release with less in them, and without another thread."""
    whole = SCHEDULES.get(case.schedule)
    if whole is None or whole.kind != "release":
        return
    for name, order in ORDERS.items():
        rest = iter(whole.drops)
        part = all(handle in rest for handle in order.drops)
        if part and order != whole and order.thread <= whole.thread:
            yield replace(case, schedule=name)


def _simpler_states(case: Case) -> Iterator[Case]:
    state = case.state
    if state != State():
        yield replace(case, state=State())
        yield replace(case, state=replace(state, warnings=""))
        yield replace(case, state=replace(state, default_real=""))
        yield replace(case, state=replace(state, default_device="", device_form="setting"))


def _simpler_sources(source: Source) -> Iterator[Source]:
    if isinstance(source, Block):
        yield from _simpler_blocks(source)
    elif isinstance(source, Values):
        for node in _simpler_nodes(source.root):
            yield node if isinstance(node, Block) else Values(node)
    else:
        yield from map(Story, _simpler_stories(source.steps))


def _simpler_stories(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Without a run of steps, the later and longer ones first; then with a simpler step."""
    count = len(steps)
    for length in (count // 2, count // 4, 1):
        for last in range(count, 0, -length) if length else ():
            yield stories.without(steps, max(last - length, 0), last)
    for number, step in enumerate(steps):
        if step.verb in ("call", "view", "export"):
            yield stories.bypassing(steps, number)
        for detail in _simpler_details(step):
            yield (*steps[:number], replace(step, detail=detail), *steps[number + 1 :])


def _simpler_details(step: Step) -> Iterator[str]:
    if step.verb == "write" and step.detail.endswith("+"):
        yield step.detail.removesuffix("+")
    elif step.verb == "call":
        made = stories.call_of(step.detail)
        for name, _ in made.arguments:
            if (made.operation, name) != ("frombuffer", "dtype"):
                yield stories.detail_of_call(made.without(name))
    elif step.verb == "make":
        yield from map(stories.detail_of_block, _simpler_blocks(stories.block_of(step.detail)))


_RANK = {name: i for i, name in enumerate(("float32", "int64", "float64", "int32", "uint8"))}


def _simpler_blocks(block: Block) -> Iterator[Block]:
    plain: dict[str, Any] = {
        "layout": "C", "strides": None, "foreign_order": False, "readonly": False,
        "content": "counting", "grad": "", "lazy": "",
    }  # fmt: skip
    if block.exporter == "own":
        plain["device"] = ""
    elif block.alignment:
        plain["alignment"] = 64
    if block.strides is not None:
        yield replace(block, layout="C", strides=None)
    for name, value in plain.items():
        if getattr(block, name) != value and not (name == "layout" and block.strides):
            yield replace(block, **{name: value})
    if block.exporter in ("subclass", "memmap"):
        yield replace(block, exporter="ndarray")
    yield from _simpler_exports(block)
    yield from _smaller_shapes(block)
    rank = _RANK.get(block.dtype, len(_RANK))
    yield from (replace(block, dtype=d) for d, r in _RANK.items() if r < rank)


def _simpler_exports(block: Block) -> Iterator[Block]:
    if not block.twist:
        return
    yield replace(block, twist="")
    yield from (replace(block, twist=t) for t in ("plain",) if block.twist != t)
    yield from (replace(block, exporter=e) for e in ("dlpack",) if block.exporter != e)


def _smaller_shapes(block: Block) -> Iterator[Block]:
    shape = block.shape
    if block.strides is not None:
        for axis in range(len(shape)):
            yield replace(
                block,
                shape=shape[:axis] + shape[axis + 1 :],
                strides=block.strides[:axis] + block.strides[axis + 1 :],
            )
    else:
        wanted: tuple[tuple[int, ...], ...] = ((2,), (1,), (3,), (0,), (2, 3), ())
        size = _cost(shape)
        yield from (replace(block, shape=s) for s in wanted if _cost(s) < size)
        fewer = (shape[:axis] + shape[axis + 1 :] for axis in range(len(shape)))
        yield from (replace(block, shape=s) for s in fewer if _cost(s) < size)
    for axis, length in enumerate(shape):
        for less in (length // 2, length - 1):
            if 1 < less < length:
                yield replace(block, shape=(*shape[:axis], less, *shape[axis + 1 :]))


def _cost(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Rank first; lengths of zero and one and 0-d are special, so two elements are simpler."""
    odd = not shape or min(shape) < 2
    return len(shape) + 2 * odd, sum(shape), int(odd)


def _same_dtype_calls(case: Case, block: Block) -> Iterator[Case]:
    """Source and argument change their dtype together, so that sameness is kept."""
    asked = case.call.dtype
    if asked is None or asked.startswith("python:"):
        return
    if asked == block.dtype and block.dtype != "float32":
        simpler = replace(block, dtype="float32")
        yield replace(case, source=simpler, call=case.call.with_argument("dtype", "float32"))
    if asked not in ("float64", block.dtype) and block.dtype == "float32":
        yield replace(case, call=case.call.with_argument("dtype", "float64"))


def _simpler_nodes(node: Node) -> Iterator[Node]:
    if isinstance(node, Block):
        yield from _simpler_blocks(node)
    elif isinstance(node, Leaf):
        yield from _simpler_leaves(node)
    else:
        yield from _simpler_nests(node)


def _simpler_nests(nest: Nest) -> Iterator[Node]:
    yield from nest.items[:3]
    if nest.kind != "list":
        yield replace(nest, kind="list")
    if len(nest.items) > 3:
        yield replace(nest, items=nest.items[: len(nest.items) // 2])
    for index in range(min(len(nest.items), 8)):
        yield replace(nest, items=nest.items[:index] + nest.items[index + 1 :])
    for index, item in enumerate(nest.items[:8]):
        for simpler in _simpler_nodes(item):
            yield replace(nest, items=(*nest.items[:index], simpler, *nest.items[index + 1 :]))


_SIMPLE = {
    "int": (0, 1, -1, 2**31, 2**63),
    "float": (0.0, 1.0, 1.5, -1.0, 1e30),
    "complex": (1j,),
    "bool": (True,),
    "str": ("1",),
}


def _simpler_leaves(leaf: Leaf) -> Iterator[Node]:
    simple = [py(value) for value in _SIMPLE.get(leaf.kind, ())]
    known = simple.index(leaf) if leaf in simple else len(simple)
    yield from simple[:known]
