"""The cases that the guarantees of the group sharing are about."""

from __future__ import annotations

from tensorpact.backends.protocol import Claims
from tensorpact.cases.dtypes import itemsize
from tensorpact.cases.layouts import aliased, byte_strides
from tensorpact.cases.live import UNTOUCHED
from tensorpact.cases.model import DLPACKS, Block, Case, Leaf, leaves
from tensorpact.cases.things import THINGS
from tensorpact.guarantees.relations import (
    BUFFERS,
    default_is_moot,
    in_first_spelling,
    written_block,
)


def _plain(case: Case) -> Block | None:
    """A block that the probes write, where no default device moves it, in a plain call."""
    if not default_is_moot(case) or not in_first_spelling(case):
        return None
    if case.call.get("requires_grad"):
        return None
    block = written_block(case)
    return None if block is None or block.dtype.startswith("code:") else block


def _overlaps(block: Block) -> bool:
    return aliased(block.shape, byte_strides(block), itemsize(block.dtype))


def array(case: Case, _: Claims) -> bool:
    """An array without overlap, and nothing said about copying."""
    block = _plain(case)
    kinds = ("ndarray", "subclass", "array_interface", "array_protocol", "array_protocol_old")
    if block is None or block.exporter not in kinds or case.call.given("copy"):
        return False
    return not _overlaps(block)


def own(case: Case, _: Claims) -> bool:
    """A tensor of the library itself, and nothing said about copying or gradients."""
    block = case.block
    if block is None or block.exporter != "own":
        return False
    given = case.call.given("copy") or case.call.given("requires_grad")
    return in_first_spelling(case) and default_is_moot(case) and not given


def copy_none(case: Case, _: Claims) -> bool:
    """copy=None, passed; a pending transform or a gradient may need a copy."""
    block = _plain(case)
    if block is None or not case.call.given("copy") or case.call.get("copy") is not None:
        return False
    return not (case.call.given("requires_grad") or block.lazy)


def copy_false(case: Case, _: Claims) -> bool:
    """copy=False on anything but hostile objects, which are refused or worse for what they are."""
    if case.call.copy is not False or not default_is_moot(case):
        return False
    found = leaves(case.root) if case.root is not None else ()
    return not any(
        isinstance(leaf, Leaf) and leaf.kind == "thing" and THINGS[leaf.text].hostile
        for leaf in found
    )


def copy_false_block(case: Case, _: Claims) -> bool:
    """copy=False on an array, a buffer or a tensor."""
    return _plain(case) is not None and case.call.copy is False


def buffer(case: Case, _: Claims) -> bool:
    """A writable buffer, and nothing said about copying."""
    block = _plain(case)
    if block is None or block.exporter not in BUFFERS or case.call.given("copy"):
        return False
    # Bytes that are no boolean cannot be told apart once they are read as booleans.
    return not (case.call.dtype == "bool" != block.dtype)


def imported(case: Case, _: Claims) -> bool:
    """An import through DLPack, and nothing said about copying."""
    block = _plain(case)
    if block is None or case.call.given("copy"):
        return False
    from_any = case.call.operation == "from_dlpack" and not block.lazy
    return (from_any or block.exporter in DLPACKS) and not _overlaps(block)


def overlapping(case: Case, _: Claims) -> bool:
    """A foreign source whose elements overlap, and nothing said about copying."""
    block = _plain(case)
    if block is None or case.call.given("copy") or block.exporter == "own":
        return False
    return _overlaps(block)


def memmap(case: Case, _: Claims) -> bool:
    """A memory map, and nothing said about copying."""
    block = _plain(case)
    return block is not None and block.exporter == "memmap" and not case.call.given("copy")


def shareable(case: Case, claims: Claims) -> bool:
    """Data whose memory can be shared, in a library that can write."""
    return claims.mutable and written_block(case) is not None


def untouched(case: Case, _: Claims) -> bool:
    """Memory that nobody has touched."""
    return case.block is not None and case.block.content == UNTOUCHED
