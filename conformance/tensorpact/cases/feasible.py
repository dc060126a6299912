"""Which blocks can exist: what an exporter can lend, what a backend's own tensors can be."""

from __future__ import annotations

from tensorpact.backends.protocol import Claims
from tensorpact.cases import dtypes, layouts, twists
from tensorpact.cases.model import DLPACKS, Block, Call, Case, State, Story, Values, leaves
from tensorpact.cases.stories import block_of, call_of

_FLAT = {"array.array", "bytearray", "bytes", "mmap"}
_SWAPPABLE = {"ndarray", "subclass", "memmap", "memoryview", "array_interface", "array_protocol"}
_REAL_OR_COMPLEX = ("float", "bfloat", "complex")


def possible(case: Case, claims: Claims) -> bool:
    """Whether every block of the case can be made, the call has what it needs, and the defaults
    can be set."""
    if not (asks_for_what_there_is(case, claims) and _can_be_set(case.state, claims)):
        return False
    match case.source:
        case Block() as block:
            return feasible(block, claims) and _has_stream(case, block, claims)
        case Values(root):
            return all(feasible(item, claims) for item in leaves(root) if isinstance(item, Block))
        case Story(steps):
            made = (block_of(step.detail) for step in steps if step.verb == "make")
            return all(block.exporter == "own" or feasible(block, claims) for block in made)


def asks_for_what_there_is(case: Case, claims: Claims) -> bool:
    """Whether the backend has the dtypes that are asked for; what is none has no need to be."""
    if isinstance(case.source, Story):
        asked = (s.detail for s in case.source.steps if s.verb == "call" and "dtype=" in s.detail)
        return all(_has_dtype(call_of(detail), claims) for detail in asked)
    return _has_dtype(case.call, claims)


def _has_dtype(call: Call, claims: Claims) -> bool:
    dtype = call.dtype
    return dtype is None or dtype in claims.dtypes or dtype.startswith("python:")


def _can_be_set(state: State, claims: Claims) -> bool:
    real = not state.default_real or (
        "default_real" in claims.abilities and state.default_real in claims.dtypes
    )
    return real and (
        not state.default_device
        or (
            f"default_device:{state.device_form}" in claims.abilities
            and state.default_device in claims.devices
        )
    )


def _has_stream(case: Case, block: Block, claims: Claims) -> bool:
    """Whether the tensor's device has the stream that is named by its number there."""
    stream = case.call.get("stream")
    if not isinstance(stream, str):
        return True
    return int(stream.removeprefix("#")) < dict(claims.streams).get(block.device or claims.host, 0)


def feasible(block: Block, claims: Claims) -> bool:
    """Whether the block can be made at all; what is not feasible is never planned."""
    if not layouts.exists(block.layout, block.shape) or not _sane(block):
        return False
    if block.exporter == "own":
        return _own(block, claims)
    if block.exporter == "accelerated":
        elsewhere = block.device in claims.accelerators
        return elsewhere and not (block.grad or block.lazy) and _own(block, claims)
    if block.device or block.grad or block.lazy:
        return False
    if block.dtype == "bfloat16" and not block.twist:
        return False
    if block.exporter in _FLAT:
        return _flat(block)
    if block.dtype in dtypes.FOREIGN:
        return _foreign(block)
    if block.foreign_order and not _swappable(block):
        return False
    return block.alignment > 0 and (block.exporter not in DLPACKS or _dlpack(block))


def _sane(block: Block) -> bool:
    """Explicit strides stand with the layout "strides" only, one a dimension; twists fit."""
    if block.twist and not (block.exporter in DLPACKS and twists.exists(block)):
        return False
    if block.strides is None:
        return block.layout != "strides"
    return block.layout == "strides" and len(block.strides) == len(block.shape)


def _own(block: Block, claims: Claims) -> bool:
    if "make" not in claims.abilities:
        return False
    if block.dtype not in claims.dtypes_on(block.device or claims.host):
        return False
    if block.layout not in layouts.LAYOUTS or block.foreign_order:
        return False
    if block.readonly and "protect" not in claims.abilities:
        return False
    if block.alignment or (block.device or claims.host) not in claims.devices:
        return False
    recipe = layouts.LAYOUTS[block.layout](block.shape) if block.layout != "C" else None
    if recipe is not None:
        if recipe.axes and "permute" not in claims.abilities:
            return False
        if recipe.expand is not None and "expand" not in claims.abilities:
            return False
        if layouts.traits(block.shape, layouts.byte_strides(block), 8) & claims.limits:
            return False
    return _autograd(block, claims)


def _autograd(block: Block, claims: Claims) -> bool:
    continuous = block.dtype.startswith(_REAL_OR_COMPLEX)
    if block.grad and ("grad" not in claims.abilities or not continuous):
        return False
    if not block.lazy:
        return True
    suited = block.dtype.startswith("complex") if block.lazy == "conjugate" else continuous
    return suited and f"lazy:{block.lazy}" in claims.abilities


def _flat(block: Block) -> bool:
    typed = (
        block.dtype in dtypes.TYPECODES
        if block.exporter == "array.array"
        else block.dtype == "uint8"
    )
    plain = block.layout == "C" and not block.foreign_order and not block.alignment
    readonly = block.readonly == (block.exporter == "bytes")
    return typed and plain and readonly and len(block.shape) == 1 and block.shape[0] > 0


def _foreign(block: Block) -> bool:
    plain = block.layout == "C" and not block.foreign_order and block.content == "counting"
    return plain and block.exporter in ("ndarray", "subclass") and block.alignment == 64


def _swappable(block: Block) -> bool:
    kind = dtypes.storage(block.dtype)
    return block.exporter in _SWAPPABLE and kind.itemsize > 1 and kind.kind != "b"


def _dlpack(block: Block) -> bool:
    """DLPack has no foreign byte order and no strides between elements, old DLPack no flags."""
    if block.foreign_order or (block.readonly and twists.speaks_legacy(block)):
        return False
    size = dtypes.itemsize(block.dtype)
    if block.dtype.startswith("code:"):
        return False
    return all(stride % size == 0 for stride in layouts.byte_strides(block))
