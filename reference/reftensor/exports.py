"""A tensor goes out through DLPack as a capsule that keeps its memory alive.

The consumer calls the deleter when it is done; a capsule that nobody consumed does so itself
when it dies. Read from: array API standard 2024.12, `__dlpack__`; dlpack.h of DLPack 1.1.
"""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Sequence
from ctypes import CFUNCTYPE, c_int64, c_void_p
from typing import TYPE_CHECKING, Any, SupportsIndex

from reftensor import capi, dlpack
from reftensor.capi import immortal
from reftensor.devices import Device
from reftensor.dlpack import DLManagedTensor, DLManagedTensorVersioned, DLTensor
from reftensor.errors import refusal
from reftensor.rules import Refusal

if TYPE_CHECKING:
    from reftensor.tensor import Tensor

_Managed = DLManagedTensor | DLManagedTensorVersioned

_live: dict[int, tuple[object, ...]] = {}
"""What each exported structure, by its address, keeps alive until its deleter is called."""


def dlpack_device(device: Device) -> tuple[int, int]:
    """The DLPack type and number of the device."""
    return dlpack.DEVICE_CODES[device]


def export(
    tensor: Tensor,
    stream: object,
    max_version: Sequence[int] | None,
    dl_device: Sequence[SupportsIndex] | None,
    copy: bool | None,
) -> object:
    """The capsule for `Tensor.__dlpack__`, which see."""
    if stream is not None:
        raise ValueError("stream must be None: no device here has streams")
    target = tensor.device
    if dl_device is not None:
        target = dlpack.device_of(*map(operator.index, dl_device))
    copied = bool(copy) or target != tensor.device
    if copied and copy is not None and not copy:
        raise _impossible(f"copy=False cannot export {tensor.device} memory for {target}")
    if copied:
        tensor = tensor.duplicate(device=target)
    if max_version is None or max_version[0] < 1:
        return _legacy(tensor)
    return _versioned(tensor, max_version, dlpack.IS_COPIED if copied else 0)


def _legacy(tensor: Tensor) -> object:
    if tensor.readonly:
        raise _impossible("a legacy capsule cannot say that memory is read-only")
    return _capsule(DLManagedTensor(), tensor, dlpack.LEGACY)


def _versioned(tensor: Tensor, max_version: Sequence[int], flags: int) -> object:
    managed = DLManagedTensorVersioned()
    managed.version.major, managed.version.minor = min(dlpack.VERSION, tuple(max_version))
    managed.flags = flags | (dlpack.READ_ONLY if tensor.readonly else 0)
    return _capsule(managed, tensor, dlpack.VERSIONED)


def _capsule(managed: _Managed, tensor: Tensor, name: bytes) -> object:
    arrays = _describe(managed.dl_tensor, tensor)
    address = ctypes.addressof(managed)
    managed.manager_ctx = address
    managed.deleter = ctypes.cast(_deleter, c_void_p).value
    _live[address] = (managed, arrays, tensor.storage)
    return capi.new_capsule(address, name, ctypes.cast(_destructor, c_void_p))


def _describe(described: DLTensor, tensor: Tensor) -> tuple[object, object]:
    """Fill in the structure; what comes back holds its shape and strides."""
    # dlpack.h: the data pointer of a tensor of size zero should be null.
    described.data = tensor.data_ptr() if tensor.size else None
    described.device = dlpack.DLDevice(*dlpack.DEVICE_CODES[tensor.device])
    described.ndim = tensor.ndim
    described.dtype = dlpack.DLDataType(*dlpack.DTYPE_CODES[tensor.dtype], 1)
    numbers = c_int64 * max(tensor.ndim, 1)
    shape, strides = numbers(*tensor.shape), numbers(*_element_strides(tensor))
    described.shape, described.strides = shape, strides
    return shape, strides


def _element_strides(tensor: Tensor) -> list[int]:
    itemsize = tensor.dtype.itemsize
    strides = []
    for length, step in zip(tensor.shape, tensor.strides, strict=True):
        if length > 1 and tensor.size and step % itemsize:
            raise _impossible(f"a stride of {step} bytes is no multiple of {itemsize}")
        strides.append(step // itemsize)
    return strides


def _impossible(message: str) -> Exception:
    return refusal(Refusal.NOT_EXPORTABLE, message)


def _callbacks() -> tuple[Any, Any]:
    # C code calls these at any time, even when Python exits and modules are torn down: they
    # must never be freed, and must hold all that they use.
    live, names, raise_pending = _live, (dlpack.LEGACY, dlpack.VERSIONED), capi.raise_pending
    is_valid, pointer = capi.dying_capsule_is_valid, capi.dying_capsule_pointer

    def delete(address: int) -> None:
        try:
            raise_pending()
        finally:
            live.pop(address, None)

    def destroy(capsule: int) -> None:
        try:
            raise_pending()
        finally:
            for name in names:
                if is_valid(capsule, name):
                    live.pop(pointer(capsule, name), None)

    prototype = CFUNCTYPE(None, c_void_p)
    return immortal(prototype(delete)), immortal(prototype(destroy))


_deleter, _destructor = _callbacks()
