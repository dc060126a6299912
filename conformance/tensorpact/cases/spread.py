"""A sample of many cases in which as many pairs of features as possible stand together.

A defect seldom shows with one dtype, or in one layout: it shows with this dtype in that layout.
A sample at random finds a given pair by luck; this one takes the pairs that are left first.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain, combinations, product
from random import Random

from tensorpact.cases.model import Block, Case, Leaf, Nest, State, Values, leaves

_PLAIN = State()

_LEAVES = 4
"""So many numbers of a sequence tell it from others; there may be thousands."""


def spread(cases: Sequence[Case], limit: int, random: Random) -> list[Case]:
    """At most `limit` of the cases, each of which adds the most pairs to those before it.

    The greedy choice: not the smallest sample that there is. Ties are for `random` to decide.
    """
    if len(cases) <= limit:
        return list(cases)
    order = random.sample(range(len(cases)), len(cases))
    pairs = _pairs([cases[index] for index in order])
    left = [(-len(own), turn) for turn, own in enumerate(pairs)]
    heapq.heapify(left)
    seen: set[int] = set()
    chosen: list[Case] = []
    while len(chosen) < limit:
        _, turn = left[0]
        gain = len(pairs[turn] - seen)
        if -left[0][0] == gain:
            heapq.heappop(left)
            seen |= pairs[turn]
            chosen.append(cases[order[turn]])
        else:
            heapq.heapreplace(left, (-gain, turn))
    return chosen


def _pairs(cases: Sequence[Case]) -> list[set[int]]:
    """The pairs of features of each case, as numbers.

    Of a case with something special about it those count that have a part in it: the others are
    tried where nothing is special.
    """
    known: dict[Hashable, int] = {}

    def numbers(features: Iterable[Hashable]) -> list[int]:
        return sorted({known.setdefault(feature, len(known)) for feature in features})

    numbered = [(numbers(_special(case)), numbers(_common(case))) for case in cases]
    base = len(known)
    return [
        {a * base + b for a, b in chain(product(special, common), combinations(special, 2))}
        if special
        else {a * base + b for a, b in combinations(common, 2)}
        for special, common in numbered
    ]


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
