"""What data brings along: an own tensor, memory that can be borrowed, or nothing but values.

The first of these that the data has decides: own tensor, ndarray, array scalar, DLPack, CUDA
array interface, `__array_interface__`, `__array__`, buffer. NumPy is looked at only if the
caller has imported it; without it there can be no ndarray.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reftensor import codec, dtypes, imports
from reftensor.capi import address_of
from reftensor.devices import CPU, Device
from reftensor.dtypes import DType
from reftensor.errors import refusal
from reftensor.layout import MAX_RANK, Layout, addressable
from reftensor.rules import Data, Refusal
from reftensor.tensor import Tensor, borrow

_PLAIN = (bool, int, float, complex, list, tuple, range, dict, set, type(None))


@dataclass(frozen=True, slots=True)
class Lent:
    """The memory of the data, as a tensor over it; `swapped` if its bytes are turned round."""

    tensor: Tensor
    data: Data = Data.EXPORTER
    swapped: bool = False

    @property
    def dtype(self) -> DType:
        """The dtype that the data carries."""
        return self.tensor.dtype

    @property
    def device(self) -> Device | None:
        """The device that the data carries: host data carries none, a tensor always."""
        on_host = self.tensor.device == CPU
        return None if on_host and self.data is not Data.OWN else self.tensor.device

    def native(self) -> Tensor:
        """The tensor if it can be read as it is, else a copy of it that can."""
        return self.duplicate(self.dtype, self.tensor.device) if self.swapped else self.tensor

    def duplicate(self, dtype: DType, device: Device) -> Tensor:
        """A new tensor of this dtype on this device, C-contiguous."""
        if not self.swapped:
            return self.tensor.duplicate(dtype, device)
        made = self.tensor.duplicate()
        turned = codec.byteswapped(made.packed(), self.dtype)
        made.storage.write(0, made.layout, memoryview(turned))
        same = dtype is self.dtype and device == made.device
        return made if same else made.duplicate(dtype, device)


def lend(data: Any, copy: bool | None = None) -> Lent | None:
    """The memory of the data, or None for plain values. Nothing is copied.

    Raises TypeError for dtypes and devices that do not exist here, ValueError for an
    `__array__` that cannot promise copy=False, BufferError for memory that cannot be
    described, and whatever the data itself raises.
    """
    if isinstance(data, Tensor):
        return Lent(data, Data.OWN)
    if type(data) in _PLAIN or isinstance(data, type | str | bytes):
        return None
    numpy: Any = sys.modules.get("numpy")
    if numpy and isinstance(data, numpy.ndarray):
        return _lend_array(data)
    if numpy and isinstance(data, numpy.generic):
        return Lent(_lend_array(numpy.asarray(data)).native(), Data.VALUES)
    if isinstance(data, int | float | complex):
        return None
    for attribute, borrower in _PROTOCOLS.items():
        if hasattr(data, attribute):
            return borrower(data, copy)
    try:
        view = memoryview(data)
    except TypeError:
        return None
    return _lend_buffer(view)


def _lend_array(array: Any) -> Lent:
    numpy = sys.modules["numpy"]
    # The plain view of a subclass: the subclass may describe itself otherwise.
    plain = array if type(array) is numpy.ndarray else numpy.asarray(array)
    interface = plain.__array_interface__
    dtype, swapped = dtypes.from_typestr(interface["typestr"])
    layout = Layout(plain.shape, plain.strides, dtype.itemsize)
    address, readonly = interface["data"]
    return Lent(borrow(address, dtype, layout, array, readonly), swapped=swapped)


def _lend_buffer(view: memoryview) -> Lent:
    dtype, swapped = dtypes.from_format(view.format, view.itemsize)
    if view.suboffsets:
        raise BufferError("a buffer of pointers to rows cannot be described by strides")
    layout = Layout(view.shape or (), view.strides or (), dtype.itemsize)
    # The view is the owner: while it lives, the exporter cannot move or free the memory.
    return Lent(borrow(address_of(view), dtype, layout, view, view.readonly), swapped=swapped)


def _lend_dlpack(data: Any, copy: bool | None) -> Lent:
    tensor, copied = imports.take(data, False if copy is False else None)
    if copied and copy is False:
        raise refusal(Refusal.NEEDS_COPY, f"{type(data).__name__} made a copy under copy=False")
    return Lent(tensor)


def _refuse_cuda(data: Any, _: bool | None) -> Lent:
    raise TypeError(f"{type(data).__name__} is on a CUDA device, and there is none here")


def _lend_interface(data: Any, _: bool | None) -> Lent:
    """Read from: NumPy, "The array interface protocol", version 3."""
    interface: dict[str, Any] = data.__array_interface__
    dtype, swapped = dtypes.from_typestr(interface["typestr"])
    shape = tuple(map(operator.index, interface["shape"]))
    if len(shape) > MAX_RANK or any(length < 0 for length in shape):
        raise ValueError(f"no array interface can have the shape {shape}")
    if interface.get("mask") is not None:
        raise TypeError("an array interface with a mask cannot be a tensor")
    if not addressable(shape, dtype.itemsize):
        raise ValueError(f"no memory holds an array of the shape {shape}")
    layout = Layout.row_major(shape, dtype.itemsize)
    if interface.get("strides") is not None:
        strides = tuple(map(operator.index, interface["strides"]))
        if len(strides) != len(shape):
            raise ValueError(f"{len(strides)} strides do not fit {len(shape)} dimensions")
        layout = Layout(shape, strides, dtype.itemsize)
    memory = interface.get("data")
    if isinstance(memory, tuple):
        address, readonly = operator.index(memory[0]), memory[1]
        return Lent(borrow(address, dtype, layout, data, bool(readonly)), swapped=swapped)
    view = memoryview(data if memory is None else memory)
    if not view.c_contiguous:
        raise BufferError("the memory behind an array interface must be contiguous")
    low, high = layout.extent
    offset = operator.index(interface.get("offset", 0))
    if not 0 <= offset + low <= offset + high <= view.nbytes:
        raise ValueError("an array interface reaches beyond the end of its buffer")
    address = address_of(view) + offset
    return Lent(borrow(address, dtype, layout, view, view.readonly), swapped=swapped)


def _lend_method(data: Any, copy: bool | None) -> Lent:
    """What `__array__` returns shares if the method did not copy, which only it knows."""
    if copy is not False:
        array = data.__array__()
    elif imports.accepts(data.__array__, {"copy": False}):
        array = data.__array__(copy=False)
    else:
        name = type(data).__name__
        raise refusal(Refusal.NEEDS_COPY, f"{name}.__array__ cannot promise not to copy")
    numpy: Any = sys.modules.get("numpy")
    if not numpy or not isinstance(array, numpy.ndarray):
        raise TypeError(f"__array__ gave {type(array).__name__}, which is not an ndarray")
    return _lend_array(array)


_PROTOCOLS: dict[str, Callable[[Any, bool | None], Lent]] = {
    "__dlpack__": _lend_dlpack,
    "__cuda_array_interface__": _refuse_cuda,
    "__array_interface__": _lend_interface,
    "__array__": _lend_method,
}
