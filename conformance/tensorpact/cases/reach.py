"""What a run reaches for certain: inputs on which libraries have failed, and how many of them.

A generator that no longer comes upon something fails a test, instead of quietly finding less.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from tensorpact.cases import layouts
from tensorpact.cases.dtypes import RAW, itemsize
from tensorpact.cases.model import EXPORTERS, Block, Case, Leaf, Nest, Node, leaves
from tensorpact.cases.schedules import ORDERS
from tensorpact.cases.things import SEQUENCES, THINGS
from tensorpact.cases.twists import TWISTS

Found = Callable[[Case], bool]


@dataclass(frozen=True, slots=True)
class Reached:
    """An input, and the least number of cases with it in every run of a quick budget.

    It holds for a library that claims everything, such as the reference, whatever the seed.
    """

    what: str
    found: Found
    least: int


def _blocks(case: Case) -> tuple[Block, ...]:
    root = case.root
    if case.block is not None:
        return (case.block,)
    return tuple(leaf for leaf in leaves(root) if isinstance(leaf, Block)) if root else ()


def _some(holds: Callable[[Block], bool]) -> Found:
    return lambda case: any(map(holds, _blocks(case)))


def _numbers(case: Case) -> list[Leaf]:
    return [leaf for leaf in leaves(case.root) if isinstance(leaf, Leaf)] if case.root else []


def _kinds(case: Case) -> set[str]:
    return {leaf.kind for leaf in _numbers(case)}


def _int(case: Case, holds: Callable[[int], bool]) -> bool:
    return any(leaf.kind == "int" and holds(int(leaf.text)) for leaf in _numbers(case))


def _misaligned(block: Block) -> bool:
    return block.dtype in RAW and 0 < block.alignment < itemsize(block.dtype)


def _negative_with_offset(block: Block) -> bool:
    """A negative stride whose first element lies behind others, in an array of more than one."""
    named = block.layout in layouts.NAMES and not any(n < 2 for n in block.shape)
    return named and any(step < 0 for step in layouts.byte_strides(block))


def _things(case: Case) -> set[str]:
    return {leaf.text for leaf in _numbers(case) if leaf.kind == "thing"}


def _deep(node: Node | None) -> int:
    if not isinstance(node, Nest):
        return 0
    return 1 + max(map(_deep, node.items), default=0)


REACH: tuple[Reached, ...] = (
    Reached("an array of rank 0", _some(lambda b: b.shape == ()), 100),
    Reached("an array without elements", _some(lambda b: 0 in b.shape), 100),
    Reached("an array of more than 10 000 elements", _some(lambda b: 10_000 in b.shape), 5),
    Reached("a negative stride, behind an offset", _some(_negative_with_offset), 100),
    Reached("a broadcast array", _some(lambda b: b.layout.startswith("broadcast")), 50),
    Reached("a misaligned array", _some(_misaligned), 50),
    Reached("an array in foreign byte order", _some(lambda b: b.foreign_order), 50),
    Reached("a read-only array", _some(lambda b: b.readonly), 100),
    Reached("an array on another device", _some(lambda b: bool(b.device)), 100),
    Reached("a NaN with a payload", _some(lambda b: b.content == "payloads"), 10),
    Reached("a bool among ints", lambda case: {"bool", "int"} <= _kinds(case), 10),
    Reached("an int of 2**63 or more", lambda case: _int(case, lambda n: n >= 2**63), 20),
    Reached("a list that holds itself", lambda case: "only_itself" in _things(case), 1),
    Reached("nesting of five levels", lambda case: _deep(case.root) >= 5, 5),
    Reached("warnings turned into errors", lambda case: case.state.warnings == "error", 50),
    Reached("a default device", lambda case: bool(case.state.default_device), 50),
    Reached("a default dtype", lambda case: bool(case.state.default_real), 50),
)


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of which every value is in every run of a quick budget, in one case at the least."""

    what: str
    values: Collection[str]
    along: Callable[[Case], Iterable[str]]


AXES: tuple[Axis, ...] = (
    Axis("kinds of exporters", EXPORTERS, lambda case: [b.exporter for b in _blocks(case)]),
    Axis("dtypes", RAW, lambda case: [b.dtype for b in _blocks(case)]),
    Axis("layouts", layouts.NAMES, lambda case: [b.layout for b in _blocks(case)]),
    Axis("unusual DLPack exports", TWISTS, lambda case: [b.twist for b in _blocks(case)]),
    Axis("things that are no data, or hostile", THINGS, _things),
    Axis("orders of release", ORDERS, lambda case: [case.schedule]),
    Axis("kinds of sequences", SEQUENCES, lambda case: _nests(case.root)),
)


def _nests(node: Node | None) -> set[str]:
    if not isinstance(node, Nest):
        return set()
    return {node.kind}.union(*map(_nests, node.items))


def counted(cases: Iterable[Case]) -> Mapping[str, int]:
    """For each entry of `REACH`, by its words, how many of the cases have it."""
    found = dict.fromkeys((each.what for each in REACH), 0)
    for case in cases:
        for each in REACH:
            found[each.what] += each.found(case)
    return found


def unreached(cases: Iterable[Case]) -> Mapping[str, Collection[str]]:
    """For each axis the values that none of the cases has."""
    left = {axis.what: set(axis.values) for axis in AXES}
    for case in cases:
        for axis in AXES:
            left[axis.what].difference_update(axis.along(case))
    return {what: sorted(values) for what, values in left.items() if values}
