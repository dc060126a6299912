"""The cases that the guarantees of a DLPack consumer are about."""

from __future__ import annotations

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import DLPACKS, Block, Case, Leaf, Nest
from tensorpact.cases.twists import Outcome, named, twist_of
from tensorpact.expectation import layout_traits
from tensorpact.guarantees.predicates import Applies, python_kinds

_KNOWS_ALL = ("dlpack", "dlpack_ignores_copy")
_WITHOUT_PROTOCOL = ("array.array", "bytearray", "bytes", "memoryview", "mmap",
                     "array_interface", "array_protocol", "array_protocol_old")  # fmt: skip

VERSIONS = ("major_2", "major_2_garbled")
DEVICES = ("vpi", "hidden_vpi", "unknown_device")
DTYPES = ("opaque", "unknown_code", "int24", "lanes_4")
NO_CAPSULES = ("no_capsule", "other_name")


def _export(case: Case) -> Block | None:
    """The block, where it is lent through DLPack in a plain state."""
    block = case.block
    plain = case.state.default_device == "" and not case.state.warnings
    return block if block is not None and block.exporter in DLPACKS and plain else None


def twisted(*names: str) -> Applies:
    """An export with one of these twists."""

    def applies(case: Case, _: Claims) -> bool:
        block = _export(case)
        return block is not None and block.twist in names

    return applies


def either_generation(case: Case, _: Claims) -> bool:
    """A compact export that departs in nothing but its generation, and no argument."""
    block = _export(case)
    if block is None or block.twist not in ("", "plain", "legacy") or block.layout != "C":
        return False
    return not (case.call.given("copy") or case.call.given("device"))


def free_strides(case: Case, _: Claims) -> bool:
    """Strides that mean nothing, by hand or as NumPy exports them."""
    block = _export(case)
    if block is None:
        return False
    return block.twist.startswith("free_strides") or block.layout == "odd_ones"


def negative(case: Case, _: Claims) -> bool:
    """A step backwards, in an array of NumPy or an export with nothing else odd about it."""
    block = case.block
    if block is None or twist_of(block).outcome is not Outcome.TAKEN or block.foreign_order:
        return False
    if block.exporter not in (*DLPACKS, "ndarray", "subclass") or case.call.arguments:
        return False
    return layout_traits(block) == {"negative"}


def refused_alone(*names: str) -> Applies:
    """The same, and nothing asked for that could be refused too."""
    return lambda case, claims: not case.call.arguments and twisted(*names)(case, claims)


def raising(case: Case, _: Claims) -> bool:
    """An exporter one of whose methods raises."""
    block = _export(case)
    return block is not None and twist_of(block).outcome is Outcome.RAISED


def contradictory(case: Case, claims: Claims) -> bool:
    """An export whose fields contradict each other."""
    return twisted(*named(Outcome.DOUBTED))(case, claims)


def left_open(case: Case, claims: Claims) -> bool:
    """An export of which the documents do not say whether a consumer must take it."""
    return twisted(*named(Outcome.OPEN))(case, claims) and not case.call.arguments


def recorded(case: Case, _: Claims) -> bool:
    """An exporter that keeps account of what it is asked, and has nothing odd about it."""
    block = _export(case)
    if block is None or block.exporter == "capsule":
        return False
    return twist_of(block).outcome is Outcome.TAKEN


def knows_all(case: Case) -> bool:
    """Whether the exporter knows every keyword of the standard, so that one call is enough."""
    return case.block is not None and case.block.exporter in _KNOWS_ALL


def without_protocol(case: Case, claims: Claims) -> bool:
    """Numbers, sequences and buffers: nothing that has `__dlpack__`, and nothing else is wrong."""
    device, root = case.call.device, case.root
    if case.call.given("unknown") or (device is not None and device not in claims.devices):
        return False
    if device not in (None, claims.host) and case.call.copy is False:
        return False
    if case.block is not None:
        return case.block.exporter in _WITHOUT_PROTOCOL
    if root is None:
        return False
    plain = isinstance(root, Leaf) or (isinstance(root, Nest) and root.kind in ("list", "tuple"))
    return plain and python_kinds(root) is not None
