"""The cases that the guarantees of the group error are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Block, Case, Leaf, leaves
from tensorpact.cases.things import THINGS
from tensorpact.cases.twists import Outcome, twist_of
from tensorpact.expectation import kind_of_data, layout_traits, reads_raw
from tensorpact.guarantees import error_extremes
from tensorpact.guarantees.predicates import ordinary_block
from tensorpact.inference import PYTHON_KINDS, shape_of

PLAIN_SEQUENCES = ("overstated", "huge_len", "negative_len")
"""Sequences of the floats 1, 2, 3 that only lie about their length."""


def always(case: Case, claims: Claims) -> bool:
    """Every case."""
    del case, claims
    return True


def possible_input(case: Case, _: Claims) -> bool:
    """All but capsules whose fields contradict each other: no Python code makes those."""
    return case.block is None or twist_of(case.block).outcome is not Outcome.DOUBTED


def holds(*kinds: str) -> Callable[[Case, Claims], bool]:
    """Data in which some leaf is of one of these kinds, and all the others are numbers."""

    def applies(case: Case, claims: Claims) -> bool:
        if case.root is None or case.call.copy is False or _lends_bytes(case, claims):
            return False
        found = [leaf.kind if isinstance(leaf, Leaf) else "" for leaf in leaves(case.root)]
        return any(k in kinds for k in found) and all(
            k in kinds or k in PYTHON_KINDS for k in found
        )

    return applies


def _lends_bytes(case: Case, claims: Claims) -> bool:
    """Bytes on their own, for an operation that takes buffers."""
    if not isinstance(case.root, Leaf) or case.root.kind != "bytes":
        return False
    operation = case.call.operation
    return claims.accepted(operation, "bytes") or claims.accepted(operation, "buffer")


def _things(case: Case) -> list[str]:
    """The things in written-out data; empty when there is anything else but numbers."""
    if case.root is None:
        return []
    found = [leaf for leaf in leaves(case.root) if isinstance(leaf, Leaf)]
    if any(leaf.kind != "thing" and leaf.kind not in PYTHON_KINDS for leaf in found):
        return []
    return [leaf.text for leaf in found if leaf.kind == "thing"]


def no_sequence(case: Case, claims: Claims) -> bool:
    """Things that are no numbers either: a Fraction may pass for a scalar."""
    names = _things(case)
    return (
        bool(names)
        and case.call.copy is not False
        and not any(THINGS[n].hostile or THINGS[n].data or n == "fraction" for n in names)
    )


def bad_with_dtype(case: Case, claims: Claims) -> bool:
    """Text, None, things and irregular nesting, to a dtype that the library has."""
    if case.root is None or case.call.dtype not in claims.dtypes or case.call.copy is False:
        return False
    if _lends_bytes(case, claims) or case.call.given("unknown"):
        return False
    if case.call.device is not None and case.call.device not in claims.devices:
        return False
    found = list(leaves(case.root))
    if any(isinstance(x, Leaf) and x.kind in ("str", "bytes", "none") for x in found):
        return True
    names = _things(case)
    ragged = shape_of(case.root) is None and not any(isinstance(x, Block) for x in found)
    return not any(THINGS[n].hostile or THINGS[n].data for n in names) and (bool(names) or ragged)


def without_dtype(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same without its dtype."""
    return (replace(case, call=case.call.without("dtype")),)


def lying(case: Case, claims: Claims) -> bool:
    """Alone: inside a sequence a library may take the object for a scalar."""
    root = case.root
    if not isinstance(root, Leaf) or root.kind != "thing" or case.call.copy is False:
        return False
    return THINGS[root.text].raises or root.text in PLAIN_SEQUENCES


def reads_bounds(case: Case, claims: Claims) -> bool:
    """Part of a buffer is asked for, by offset or count."""
    return case.block is not None and (case.call.given("offset") or case.call.given("count"))


def not_an_array(case: Case, claims: Claims) -> bool:
    """Anything but an ndarray, and what may pass for data."""
    if _things(case) and any(THINGS[name].data for name in _things(case)):
        return False
    return kind_of_data(case) != "ndarray"


def has_traits(*traits: str) -> Callable[[Case, Claims], bool]:
    """A block whose layout has one of these traits, read as it is."""
    wanted = frozenset(traits)

    def applies(case: Case, claims: Claims) -> bool:
        block = ordinary_block(case)
        if block is None or block.foreign_order or block.lazy or reads_raw(case, claims):
            return False
        known = case.call.dtype is None or case.call.dtype == block.dtype
        return known and bool(layout_traits(block) & wanted)

    return applies


def unknown_keyword(case: Case, claims: Claims) -> bool:
    """A keyword that no operation has."""
    return case.call.given("unknown")


def orderly(case: Case, claims: Claims) -> bool:
    """Neither hostile nor without end: what such an input leads to is its own fault."""
    if case.root is None:
        return not error_extremes.endless(case, claims)
    return not any(
        isinstance(x, Leaf) and x.kind == "thing" and THINGS[x.text].hostile
        for x in leaves(case.root)
    )
