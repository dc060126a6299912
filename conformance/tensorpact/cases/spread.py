"""A sample of many cases in which as many pairs of features as possible stand together.

A defect seldom shows with one dtype, or in one layout: it shows with this dtype in that layout.
A sample at random finds a given pair by luck; this one takes the pairs that are left first.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain, combinations
from random import Random

from tensorpact.cases.model import Block, Case, Leaf, Nest, State, Values, leaves

_PLAIN = State()
_BITS = 24
_LEAVES = 4
"""So many numbers of a sequence tell it from others; there may be thousands."""


def spread(cases: Sequence[Case], limit: int, random: Random) -> list[Case]:
    """At most `limit` of the cases, each of which adds the most pairs to those before it.

    In half of them at the most it is pairs that something special has a part in that count. The
    greedy choice: not the smallest sample that there is. Ties are for `random` to decide.
    """
    if len(cases) <= limit:
        return list(cases)
    order = random.sample(cases, len(cases))
    numbers = _numbered(order)
    special = [{min(a, b) << _BITS | max(a, b) for a in few for b in all} for few, all in numbers]
    first = _greedy(special, limit // 2, enough=1)
    every = [{a << _BITS | b for a, b in combinations(all, 2)} for _, all in numbers]
    chosen = [*first, *_greedy(every, limit - len(first), taken=first)]
    return [order[turn] for turn in chosen]


def _greedy(
    pairs: Sequence[set[int]], limit: int, taken: Sequence[int] = (), enough: int = 0
) -> list[int]:
    """Which to take, until none adds `enough` pairs to those of what is `taken`."""
    seen = set(chain.from_iterable(pairs[turn] for turn in taken))
    out = set(taken)
    left = [(-len(own), turn) for turn, own in enumerate(pairs) if turn not in out]
    heapq.heapify(left)
    chosen: list[int] = []
    while left and len(chosen) < limit:
        most, turn = left[0]
        gain = len(pairs[turn] - seen)
        if gain != -most:
            heapq.heapreplace(left, (-gain, turn))
        elif gain < enough:
            break
        else:
            heapq.heappop(left)
            seen |= pairs[turn]
            chosen.append(turn)
    return chosen


def _numbered(cases: Sequence[Case]) -> list[tuple[list[int], list[int]]]:
    """The special features of each case, and all of them, as numbers in their order."""
    known: dict[Hashable, int] = {}
    found = []
    for case in cases:
        special = sorted({known.setdefault(f, len(known)) for f in _special(case)})
        common = {known.setdefault(f, len(known)) for f in _common(case)}
        found.append((special, sorted(common.union(special))))
    return found


def _common(case: Case) -> Iterator[Hashable]:
    """What every case has, each by its name and value."""
    yield case.call.operation
    yield case.call.arguments or "plain"
    yield from case.call.arguments
    match case.source:
        case Block() as block:
            yield "exporter", block.exporter
            yield "dtype", block.dtype
            yield "dtype is kept", case.call.dtype in (None, block.dtype)
            yield "shape", block.shape
            yield "layout", block.layout
            yield "alignment", block.alignment
            yield "content", block.content
            yield "order and protection", block.foreign_order, block.readonly
        case Values(root):
            yield "container", root.kind if isinstance(root, Nest) else ""
            yield "length", len(root.items) if isinstance(root, Nest) else -1
            for leaf in leaves(root)[:_LEAVES]:
                yield leaf.kind if isinstance(leaf, Leaf) else "array"
                yield leaf


def _special(case: Case) -> Iterator[Hashable]:
    """What few cases have, and what their families are for."""
    if case.schedule:
        yield "schedule", case.schedule
    if case.state != _PLAIN:
        yield case.state
    if case.block is not None:
        for name in ("device", "twist", "grad", "lazy"):
            if value := getattr(case.block, name):
                yield name, value
        if case.block.twist:
            yield "exporter", case.block.exporter
