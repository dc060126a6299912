"""Memory comes in through DLPack: the handshake, the two generations, and all that can be wrong.

Whatever is refused, the exporter's deleter is called exactly once for each capsule taken.
Read from: array API standard 2024.12, `from_dlpack` and `__dlpack__`; dlpack.h of DLPack 1.1.
"""

from __future__ import annotations

import inspect
import operator
from ctypes import PYFUNCTYPE, c_void_p
from typing import Any, NamedTuple

from reftensor import capi, dlpack
from reftensor.devices import CPU
from reftensor.dlpack import DLManagedTensor, DLManagedTensorVersioned, DLTensor
from reftensor.layout import MAX_RANK, Layout, addressable
from reftensor.storage import find_fence
from reftensor.tensor import Tensor, borrow

_delete_prototype = PYFUNCTYPE(None, c_void_p)


class Import(NamedTuple):
    """What a capsule held, and whether the exporter says that it made it for this call."""

    tensor: Tensor
    copied: bool


class _Managed:
    """The right to call an exporter's deleter once, used when this object dies."""

    __slots__ = ("_address", "_delete")

    def __init__(self, address: int, deleter: int | None) -> None:
        self._address = address
        self._delete = _delete_prototype(deleter) if deleter else None

    def __del__(self) -> None:
        if self._delete is not None:
            self._delete(self._address)


def take(exporter: Any, copy: bool | None = None) -> Import:
    """Import what an exporter, or a bare capsule, exports. The memory is shared.

    Raises BufferError for what cannot be described here, ValueError for a capsule that was
    consumed before, TypeError for what is no capsule, and whatever the exporter raises.
    """
    capsule = exporter
    if not isinstance(exporter, capi.Capsule):
        dlpack.device_of(*map(operator.index, exporter.__dlpack_device__()))
        capsule = _ask(exporter.__dlpack__, copy)
    return _consume(capsule)


def _consume(capsule: object) -> Import:
    if not isinstance(capsule, capi.Capsule):
        raise TypeError(f"{type(capsule).__name__} is not a DLPack capsule")
    for name, consume in ((dlpack.VERSIONED, _consume_versioned), (dlpack.LEGACY, _consume_legacy)):
        if capi.capsule_is_valid(capsule, name):
            address = capi.capsule_pointer(capsule, name)
            capi.rename_capsule(capsule, dlpack.USED[name])
            return consume(address)
        if capi.capsule_is_valid(capsule, dlpack.USED[name]):
            raise ValueError("the DLPack capsule was consumed before")
    raise TypeError("the capsule is not one of DLPack")


def _ask(method: Any, copy: bool | None) -> object:
    """Call `__dlpack__`, without any keyword if it does not know those of today."""
    keywords: dict[str, object] = {"max_version": dlpack.VERSION}
    if copy is not None:
        keywords["copy"] = copy
    try:
        return method(**keywords)
    except TypeError:
        if accepts(method, keywords):
            raise
    return method()


def accepts(method: Any, keywords: dict[str, object]) -> bool:
    """Whether a method takes these keywords, so that a TypeError is one of its own."""
    try:
        inspect.signature(method).bind(**keywords)
    except (TypeError, ValueError):  # ValueError: there is no signature to look at
        return False
    return True


def _consume_legacy(address: int) -> Import:
    managed = DLManagedTensor.from_address(address)
    owner = _Managed(address, managed.deleter)
    return Import(_import(managed.dl_tensor, owner, readonly=False), copied=False)


def _consume_versioned(address: int) -> Import:
    managed = DLManagedTensorVersioned.from_address(address)
    owner = _Managed(address, managed.deleter)
    # dlpack.h: with another major version only the deleter may be used.
    if managed.version.major != dlpack.VERSION[0]:
        raise BufferError(f"DLPack version {managed.version.major} is not known here")
    readonly = bool(managed.flags & dlpack.READ_ONLY)
    copied = bool(managed.flags & dlpack.IS_COPIED)
    return Import(_import(managed.dl_tensor, owner, readonly), copied)


def _import(described: DLTensor, owner: _Managed, readonly: bool) -> Tensor:
    code = described.dtype
    dtype = dlpack.dtype_of(code.code, code.bits, code.lanes)
    device = dlpack.device_of(described.device.device_type, described.device.device_id)
    layout = _layout(described, dtype.itemsize)
    address = (described.data or 0) + described.byte_offset
    if layout.size and not described.data:
        raise BufferError(f"a tensor of {layout.size} elements has a null pointer")
    if device == CPU or not layout.size:
        return borrow(address, dtype, layout, owner, readonly, device)
    low, high = layout.extent
    fence = find_fence(device, address + low, high - low)
    if fence is None:
        raise BufferError(f"{address:#x} is not memory of {device}")
    return borrow(address, dtype, layout, (owner, fence), readonly, device, fence)


def _layout(described: DLTensor, itemsize: int) -> Layout:
    """The shape and strides in bytes. Raises BufferError where no memory is as large."""
    rank = described.ndim
    if not 0 <= rank <= MAX_RANK:
        raise BufferError(f"a tensor of {rank} dimensions")
    if rank and not described.shape:
        raise BufferError(f"a tensor of {rank} dimensions has no shape")
    shape = described.shape[:rank]
    if any(length < 0 for length in shape):
        raise BufferError(f"a negative length in shape {tuple(shape)}")
    if not addressable(shape, itemsize):
        raise BufferError(f"shape {tuple(shape)} is larger than any memory")
    if not described.strides:
        return Layout.row_major(shape, itemsize)
    strides = [
        step * itemsize if length > 1 else 0
        for length, step in zip(shape, described.strides[:rank], strict=True)
    ]
    return Layout(tuple(shape), tuple(strides), itemsize)
