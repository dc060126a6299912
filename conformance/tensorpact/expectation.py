"""What the rules say of a case: `expect(case, claims)`, before anything is called.

The outcomes come from the tables of `reftensor.rules`; this module only finds the row: what
kind of data it is, what stands in the way, and what is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from reftensor import rules
from reftensor.rules import Data, Need, Operation, Refusal
from tensorpact import exact
from tensorpact.backends.protocol import Claims
from tensorpact.cases import dtypes, layouts
from tensorpact.cases.live import ENDLESS
from tensorpact.cases.model import GIVE, Block, Case, Leaf, Nest, Node, leaves
from tensorpact.cases.things import THINGS
from tensorpact.cases.twists import Outcome, twist_of
from tensorpact.inference import PYTHON_KINDS, carried, inferred, shape_of
from tensorpact.trial import Expected

KIND_OF_EXPORTER = {
    "own": "own",
    "ndarray": "ndarray",
    "subclass": "ndarray",
    "memmap": "ndarray",
    "array.array": "buffer",
    "bytearray": "buffer",
    "memoryview": "buffer",
    "mmap": "buffer",
    "bytes": "bytes",
    "array_interface": "array_interface",
    "array_protocol": "array_protocol",
    "array_protocol_old": "array_protocol",
    "dlpack": "dlpack",
    "dlpack_old": "dlpack",
    "dlpack_ignores_copy": "dlpack",
    "capsule": "capsule",
    "accelerated": "accelerated",
}


def kind_of_data(case: Case) -> str:
    """The kind of data as in `backends.protocol.KINDS`, or "thing" for what is no data."""
    if case.block is not None:
        return KIND_OF_EXPORTER[case.block.exporter]
    root = case.root
    if isinstance(root, Nest):
        return "sequence"
    assert isinstance(root, Leaf)
    if root.kind.startswith("scalar:"):
        return "array_scalar"
    return "scalar" if root.kind in PYTHON_KINDS else "thing"


_TEXT = {"str", "bytes", "none", "thing"}


def expect(case: Case, claims: Claims) -> Expected:
    """The expectation of a case. Never touches the backend.

    Of exports and stories the tables of ingestion say nothing.
    """
    if case.aspect == "story" or case.call.operation in GIVE:
        return Expected("own", Data.OWN, accepted=True)
    kind = kind_of_data(case)
    accepted = claims.accepted(case.call.operation, kind)
    device = device_of(case, claims)
    if case.block is not None:
        found = _expect_block(case, case.block, claims, kind, accepted, device)
    else:
        found = _expect_values(case, claims, kind, accepted, device)
    return _open_on_device(found, case, claims) if claims.device_dtypes else found


def _open_on_device(found: Expected, case: Case, claims: Claims) -> Expected:
    """Of a dtype that the device lacks and others have, no document says what becomes.

    A result must still have the dtype that was asked for: that is what the argument means.
    """
    if not lacks_dtype(found, claims):
        return found
    return replace(found, accepted=False, may_refuse=True, dtype=case.call.dtype)


def lacks_dtype(expected: Expected, claims: Claims) -> bool:
    """Whether the result would have a dtype of the backend that its device does not have."""
    dtype = expected.dtype
    return dtype in claims.dtypes and dtype not in claims.dtypes_on(expected.device)


def device_of(case: Case, claims: Claims) -> str | None:
    """The device of the result by the table of placement; None for one that does not exist."""
    asked = case.call.device
    if asked is not None and asked not in claims.devices:
        return None
    block = case.block
    placed = block is not None and block.exporter in ("own", "accelerated")
    carried = (block.device or claims.host) if block is not None and placed else None
    return rules.place(
        Operation(case.call.operation),
        explicit=asked,
        carried=carried,
        default=case.state.default_device or claims.devices[0],
        host=claims.host,
    )


def _refused_device(case: Case, claims: Claims) -> bool:
    return case.call.device is not None and case.call.device not in claims.devices


# --------------------------------------------------------------------------- blocks


def reads_raw(case: Case, claims: Claims) -> bool:
    """Whether the operation reads the buffer's bytes in the dtype asked for or the default."""
    if case.call.operation == "frombuffer":
        return True
    kind = kind_of_data(case)
    return case.call.operation == "asarray" and claims.raw_buffers and kind in ("buffer", "bytes")


def _expect_block(
    case: Case, block: Block, claims: Claims, kind: str, accepted: bool, device: str | None
) -> Expected:
    if reads_raw(case, claims):
        return _expect_raw(case, block, claims, kind, accepted, device)
    data = Data.OWN if kind == "own" else Data.EXPORTER
    needs = frozenset(_needs(case, block, claims, device))
    return Expected(
        kind=kind,
        data=data,
        accepted=accepted and twist_of(block).importable,
        refusal=_block_refusal(case, block, claims),
        may_refuse=_may_refuse(case, block, claims),
        carried=dtypes.standard(block.dtype),
        dtype=case.call.dtype or dtypes.standard(block.dtype),
        shape=block.shape,
        device=device,
        needs=needs,
        memory=_memory_of_export(case, block) or _memory(case, data, needs),
    )


def _memory_of_export(case: Case, block: Block) -> rules.Memory | None:
    """What an exporter that always copies leaves the consumer; None for every other."""
    if not twist_of(block).copies:
        return None
    return rules.Memory.REFUSE if case.call.copy is False else rules.Memory.COPY


def _memory(case: Case, data: Data, needs: frozenset[Need]) -> rules.Memory | None:
    try:
        return rules.memory(Operation(case.call.operation), case.call.copy, data, sorted(needs))
    except KeyError:
        return None


def _needs(case: Case, block: Block, claims: Claims, device: str | None) -> Iterator[Need]:
    own = dtypes.standard(block.dtype)
    if block.foreign_order or (case.call.dtype or own) != own:
        yield Need.DTYPE
    if device is not None and device != (block.device or claims.host):
        yield Need.DEVICE
    if block.exporter != "own" and layout_traits(block) & limits_of(case, claims):
        yield Need.LAYOUT


_LEGACY_EXPORTERS = ("dlpack_old", "array_protocol_old")


def limits_of(case: Case, claims: Claims) -> frozenset[str]:
    """What cannot be described: by the library, and by DLPack, whose strides count elements."""
    if case.call.operation == "from_dlpack":
        return claims.limits | {"unaligned_stride"}
    return claims.limits


@lru_cache(maxsize=4096)
def layout_traits(block: Block) -> frozenset[str]:
    """What a library must be able to describe to share this block."""
    size = dtypes.itemsize(block.dtype)
    found = layouts.traits(block.shape, layouts.byte_strides(block), size)
    needed = dtypes.component(block.dtype)
    if block.alignment and block.alignment % needed and 0 not in block.shape:
        found |= {"misaligned"}
    return found


def _block_refusal(case: Case, block: Block, claims: Claims) -> Refusal | None:
    if case.call.given("unknown"):
        return Refusal.UNKNOWN_KEYWORD
    if _refused_device(case, claims):
        return Refusal.UNKNOWN_DEVICE
    if not twist_of(block).importable:
        return Refusal.NOT_EXPORTABLE
    if block.dtype in dtypes.FOREIGN and not case.call.given("dtype"):
        return Refusal.UNKNOWN_DTYPE
    return None


def _may_refuse(case: Case, block: Block, claims: Claims) -> bool:
    """Refusing is allowed where no authority promises a result.

    Conversions that the standard's type promotion does not have; foreign byte order; a
    layout that the library cannot describe; a dtype that it does not have; more elements than
    there is memory for.
    """
    own = dtypes.standard(block.dtype)
    wanted = case.call.dtype or own
    if block.content == ENDLESS or twist_of(block).outcome is Outcome.OPEN:
        return True
    if block.foreign_order or layout_traits(block) & limits_of(case, claims):
        return True
    if block.exporter in _LEGACY_EXPORTERS and _asks_the_exporter(case):
        return True
    if own not in claims.dtypes or wanted not in claims.dtypes:
        return True
    if _only_shares(case) and may_be_unaligned(case, claims):
        return True
    return wanted != own and rules.promote(own, wanted) != wanted


def _only_shares(case: Case) -> bool:
    """Whether nothing but sharing is left: the operation cannot copy, or must not."""
    if case.call.copy is not None:
        return not case.call.copy
    return case.call.operation in ("from_numpy", "frombuffer", "from_dlpack")


def may_be_unaligned(case: Case, claims: Claims) -> bool:
    """Whether foreign memory may start at an address that the library does not share.

    Where the exporter's allocator chose it, the address is known only once it is made.
    """
    block, step = case.block, claims.share_alignment
    if step == 1 or block is None or block.exporter in ("own", "accelerated"):
        return False
    offset = case.call.get("offset") or 0
    assert isinstance(offset, int)
    return not block.alignment or bool(block.alignment % step or offset % step)


def _asks_the_exporter(case: Case) -> bool:
    """Whether the call passes on what an exporter of the older protocol does not know."""
    return case.call.copy is not None or case.call.device is not None


def _expect_raw(
    case: Case, block: Block, claims: Claims, kind: str, accepted: bool, device: str | None
) -> Expected:
    dtype = case.call.dtype or real_default(case, claims)
    size = dtypes.itemsize(dtype) if dtype in dtypes.RAW else 1
    total = math.prod(block.shape) * dtypes.itemsize(block.dtype)
    bounds = _bounds(case, total, size)
    needs = frozenset({Need.DEVICE} if device != claims.host else ())
    compact = layouts.compact(block.shape, dtypes.itemsize(block.dtype))
    plain = layouts.byte_strides(block) == compact
    return Expected(
        kind=kind,
        data=Data.EXPORTER,
        accepted=accepted and plain,
        refusal=_block_refusal(case, block, claims)
        or (bounds if isinstance(bounds, Refusal) else None),
        may_refuse=not plain
        or dtype not in claims.dtypes
        or (_only_shares(case) and may_be_unaligned(case, claims)),
        carried=None,
        dtype=dtype,
        shape=None if isinstance(bounds, Refusal) else (bounds[1],),
        device=device,
        needs=needs,
        memory=_memory(case, Data.EXPORTER, needs),
    )


def _bounds(case: Case, total: int, size: int) -> Refusal | tuple[int, int]:
    """The byte offset and the count of a raw reading, or why there is none.

    Read from: torch.frombuffer, the two conditions on offset and count. An empty buffer and
    a count of zero are refused there; numpy.frombuffer allows the latter, so both are left
    to the checks that know their authority.
    """
    offset, count = case.call.get("offset") or 0, case.call.get("count")
    count = -1 if count is None else count
    assert isinstance(offset, int)
    assert isinstance(count, int)
    if offset < 0 or offset > total or (offset == total and total):
        return Refusal.BUFFER_BOUNDS
    if count < 0:
        if (total - offset) % size:
            return Refusal.BUFFER_BOUNDS
        return offset, (total - offset) // size
    if offset + count * size > total:
        return Refusal.BUFFER_BOUNDS
    return offset, count


# --------------------------------------------------------------------------- values


def real_default(case: Case, claims: Claims) -> str:
    """The default real dtype in the state of the case, on the device of its result."""
    return case.state.default_real or _device_defaults(case, claims).real


def defaults_of(case: Case, claims: Claims) -> rules.Defaults:
    """The default dtypes in the state of the case, on the device of its result.

    Read from: array API standard 2024.12, inspection, default_dtypes, parameter device.
    """
    own = _device_defaults(case, claims)
    return own.with_real(case.state.default_real) if case.state.default_real else own


def _device_defaults(case: Case, claims: Claims) -> rules.Defaults:
    if not claims.device_defaults:
        return claims.defaults
    return claims.defaults_on(device_of(case, claims))


_DEEPEST = 64
"""NumPy has no more dimensions; how many there must be, no document says."""


def _expect_values(
    case: Case, claims: Claims, kind: str, accepted: bool, device: str | None
) -> Expected:
    root = case.root
    assert root is not None
    dtype = case.call.dtype or inferred(root, defaults_of(case, claims))
    shape = shape_of(root)
    return Expected(
        kind=kind,
        data=Data.VALUES,
        accepted=accepted and _plain_nesting(root),
        refusal=_values_refusal(case, root, dtype, claims),
        may_refuse=not _plain_nesting(root)
        or (shape is not None and len(shape) > _DEEPEST)
        or _overflows(root, dtype)
        or _loses(root, dtype, claims),
        carried=root.kind.partition(":")[2] or None if isinstance(root, Leaf) else None,
        dtype=dtype,
        shape=shape,
        device=device,
        memory=_memory(case, Data.VALUES, frozenset()),
    )


def _overflows(root: Node, dtype: str | None) -> bool:
    """Whether a finite number lies beyond a floating dtype: infinity and raising both do."""
    if dtype is None or dtype not in dtypes.RAW:
        return False
    return any(exact.overflows(leaf, dtype) for leaf in leaves(root) if isinstance(leaf, Leaf))


def _loses(root: Node, dtype: str | None, claims: Claims) -> bool:
    """Whether an array scalar is of a dtype unknown here, or of one that promotes elsewhere."""
    names = {carried(leaf) for leaf in leaves(root)} - {None}
    return any(
        name not in claims.dtypes
        or (dtype in dtypes.RAW and dtype != name and rules.promote(name, dtype) != dtype)
        for name in names
        if name is not None and dtype is not None
    )


def _plain_nesting(node: Node) -> bool:
    """Lists and tuples all the way down, without arrays inside: what every authority takes."""
    if isinstance(node, Nest):
        return node.kind in ("list", "tuple") and all(_plain_nesting(i) for i in node.items)
    return isinstance(node, Leaf) and node.kind != "thing"


def _values_refusal(case: Case, root: Node, dtype: str | None, claims: Claims) -> Refusal | None:
    if case.call.given("unknown"):
        return Refusal.UNKNOWN_KEYWORD
    if _refused_device(case, claims):
        return Refusal.UNKNOWN_DEVICE
    found = [leaf for leaf in leaves(root) if isinstance(leaf, Leaf)]
    if any(leaf.kind in _TEXT and not _is_data(leaf) for leaf in found):
        return Refusal.WRONG_TYPE
    if any(map(_is_data, found)):
        return None
    if shape_of(root) is None:
        return Refusal.RAGGED
    if dtype is None or dtype not in dtypes.RAW:
        return None
    for leaf in found:
        outcome = exact.encode(leaf, dtype)
        if isinstance(outcome, Refusal):
            return outcome
    return None


def _is_data(leaf: Leaf) -> bool:
    """Whether a thing is data of which the rules say nothing."""
    return leaf.kind == "thing" and THINGS[leaf.text].data
