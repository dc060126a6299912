"""What a case has about it, coarsely: the traits by which cases are told apart.

A defect seldom shows with one dtype, or in one layout: it shows with this dtype in that layout.
Sizes and numbers are classes here, so that their pairs are few enough for a run to show many.
What one trait says no other repeats, for it would count twice.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations, islice, pairwise
from math import prod

from tensorpact.cases.model import Block, Case, Leaf, Nest, Node, State, Values, walked

_PLAIN = State()
_BITS = 24
_LEAVES = 6
"""So many leaves of a sequence are looked at; there may be thousands."""

_MANY = 64


class Traits:
    """The traits of cases as numbers, given out in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._pairs: dict[int, frozenset[int]] = {}

    def pairs(self, case: Case) -> frozenset[int]:
        """The traits of a case, and which of them stand together."""
        known = self._pairs.get(id(case))  # by identity: to hash a case is to walk it
        if known is None:
            special, common = self._numbered(case)
            every = sorted({*special, *common})
            known = frozenset([*every, *(a << _BITS | b for a, b in combinations(every, 2))])
            self._pairs[id(case)] = known
        return known

    def special_pairs(self, case: Case) -> frozenset[int]:
        """The pairs alone in which something special has a part."""
        special, common = self._numbered(case)
        every = {*special, *common}
        return frozenset(min(a, b) << _BITS | max(a, b) for a in special for b in every)

    def _numbered(self, case: Case) -> tuple[list[int], list[int]]:
        numbers = self._numbers
        special = [numbers.setdefault(trait, len(numbers)) for trait in _special(case)]
        return special, [numbers.setdefault(trait, len(numbers)) for trait in _common(case)]


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
            yield "shape", _size(block.shape), len(block.shape)
            yield "layout", block.layout
            yield "alignment", block.alignment
            yield "content", block.content.partition(":")[0]
            yield "order and protection", block.foreign_order, block.readonly
        case Values(root):
            kinds = [_kind(leaf) for leaf in islice(walked(root), _LEAVES)]
            yield "container", root.kind if isinstance(root, Nest) else ""
            yield "items", _lengths(root)
            yield from kinds
            yield from (("after", pair) for pair in pairwise(kinds) if pair[0] != pair[1])


def outline(case: Case) -> Hashable:
    """What kind of case it is, by what is most conspicuous about it."""
    block, few = case.block, not case.call.arguments
    if block is None:
        return case.call.operation, case.aspect, few, case.state
    special = bool(block.device), bool(block.twist), block.grad, block.lazy
    return case.call.operation, case.aspect, few, case.state, block.exporter, special


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
            yield "twisted", case.block.exporter


def _kind(leaf: Leaf | Block) -> Hashable:
    if isinstance(leaf, Block):
        return "array", leaf.exporter
    return (leaf.kind, leaf.text) if leaf.kind == "thing" else leaf.kind


def _lengths(root: Node) -> Hashable:
    """How many items there are, how deep, and whether rows differ."""
    if not isinstance(root, Nest):
        return "scalar"
    rows = [len(item.items) if isinstance(item, Nest) else -1 for item in root.items[:_LEAVES]]
    depth = min(_depth(root), 3)
    return _size((len(root.items),)), depth, len({*rows}) > 1


def _depth(node: Node) -> int:
    """The depth of the first items."""
    return 1 + _depth(node.items[0]) if isinstance(node, Nest) and node.items else 0


def _size(shape: tuple[int, ...]) -> str:
    """The class of a number of elements."""
    size = prod(shape)
    if size > 1:
        return "many" if size >= _MANY else "some, and a length of one" if 1 in shape else "some"
    return "one" if size else "none"
