"""What a case is made of, as far as it decides what has to be observed."""

from __future__ import annotations

from tensorpact.cases.model import Block, Case, Leaf, leaves
from tensorpact.cases.things import THINGS


def may_warn(case: Case) -> bool:
    """Read-only memory, an imaginary part that has no place, arrays that are read one by one.

    Not where warnings are raised; and a capsule serves once only.
    """
    if case.state.warnings or (case.block is not None and case.block.exporter == "capsule"):
        return False
    if any(counts(leaf) for leaf in leaves_of(case)):
        return True
    if any(block.readonly for block in blocks_of(case)):
        return True
    return not (case.call.dtype or "complex").startswith("complex") and _is_complex(case)


def counts(leaf: Leaf | Block) -> bool:
    """Whether it counts what it is asked for."""
    if not isinstance(leaf, Leaf) or leaf.kind != "thing":
        return False
    return THINGS[leaf.text].asked is not None


def _is_complex(case: Case) -> bool:
    if case.block is not None:
        return case.block.dtype.startswith("complex")
    kinds = (getattr(leaf, "kind", "") or getattr(leaf, "dtype", "") for leaf in leaves_of(case))
    return any("complex" in kind for kind in kinds)


def leaves_of(case: Case) -> tuple[Leaf | Block, ...]:
    """The leaves of written-out data; none of a block."""
    return leaves(case.root) if case.root is not None else ()


def blocks_of(case: Case) -> tuple[Block, ...]:
    """The arrays that the case is made of: its input, or those inside its input."""
    if case.block is not None:
        return (case.block,)
    return tuple(leaf for leaf in leaves_of(case) if isinstance(leaf, Block))
