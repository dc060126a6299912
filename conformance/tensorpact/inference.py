"""What written-out values come to: their dtype by the tables of `reftensor.rules`, their shape."""

from __future__ import annotations

from reftensor import rules
from reftensor.rules import PythonKind
from tensorpact.cases.model import Block, Leaf, Node, leaves
from tensorpact.cases.remember import remembered
from tensorpact.cases.things import SEQUENCES

PYTHON_KINDS = frozenset(kind.value for kind in PythonKind)
"""The kinds of leaves that are Python's own numbers."""


def inferred(root: Node, defaults: rules.Defaults) -> str | None:
    """The dtype that plain values infer; None where the rules leave it to the library.

    Python scalars by the table of inference; scalars of one dtype keep it; several dtypes,
    and what mixes dtyped with Python scalars, are left open.
    """
    found = list(leaves(root))
    if all(isinstance(leaf, Leaf) and leaf.kind in PYTHON_KINDS for leaf in found):
        kinds = (PythonKind(leaf.kind) for leaf in found if isinstance(leaf, Leaf))
        return rules.infer(rules.python_kind(kinds), defaults)
    names = {carried(leaf) for leaf in found}
    return names.pop() if len(names) == 1 else None


def carried(leaf: Leaf | Block) -> str | None:
    """The dtype that a leaf brings along; None for what has none of its own."""
    if isinstance(leaf, Block):
        return leaf.dtype
    return leaf.kind.partition(":")[2] or None


@remembered
def shape_of(node: Node) -> tuple[int, ...] | None:
    """The shape of a nested value; None when the nesting is irregular."""
    return _shape(node)


def _shape(node: Node) -> tuple[int, ...] | None:
    if isinstance(node, Leaf):
        return ()
    if isinstance(node, Block):
        return node.shape
    if node.kind not in SEQUENCES:
        return None
    shapes = set(map(_shape, node.items))
    if len(shapes) > 1 or None in shapes:
        return None
    return (len(node.items), *(next(iter(shapes), ()) or ()))
