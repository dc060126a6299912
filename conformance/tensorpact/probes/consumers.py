"""Consumers of what a tensor gives out: two DLPack importers, ndarrays and buffers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import reftensor
from tensorpact.cases import dtypes
from tensorpact.cases.exporters import OneCapsule

_NUMPY = {dtypes.STANDARD[name]: name for name in dtypes.STANDARD}


@dataclass(frozen=True, slots=True)
class Held:
    """What a consumer holds: its description, and how it is read and written.

    `write` raises where the consumer protects the memory.
    """

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    address: int
    read: Callable[[], bytes]
    write: Callable[[bytes], None]


def by_reference(capsule: Any, device: tuple[int, int]) -> Held:
    """The reference's own import."""
    tensor = reftensor.from_dlpack(OneCapsule(capsule, device))

    def write(data: bytes) -> None:
        if tensor.readonly:
            raise ValueError("the import is read-only")
        tensor.storage.write(tensor.offset, tensor.layout, memoryview(data))

    return Held(
        tensor.dtype.name,
        tensor.shape,
        tensor.strides,
        tensor.data_ptr(),
        lambda: bytes(tensor.packed()),
        write,
    )


def by_numpy(capsule: Any, device: tuple[int, int]) -> Held:
    """NumPy's import; raises for what NumPy does not have."""
    return of_array(np.from_dlpack(OneCapsule(capsule, device)))


DLPACK: Mapping[str, Callable[[Any, tuple[int, int]], Held]] = {
    "reftensor.from_dlpack": by_reference,
    "numpy.from_dlpack": by_numpy,
}
"""The consumers of a capsule, by the name of the function that takes it."""


def of_array(array: Any) -> Held:
    """An ndarray. A dtype without a standard name stands under NumPy's own text for it."""
    native = array.dtype.newbyteorder("=")

    def write(data: bytes) -> None:
        array[...] = np.frombuffer(data, native).reshape(array.shape)

    return Held(
        _NUMPY.get(array.dtype, array.dtype.str),
        array.shape,
        array.strides,
        array.__array_interface__["data"][0],
        lambda: bytes(array.astype(native, copy=False).tobytes()),
        write,
    )


def of_buffer(view: memoryview) -> Held:
    """A buffer, as NumPy reads its format, shape and strides."""
    return of_array(np.asarray(view))


def contradiction(view: memoryview) -> str:
    """How a buffer's format and the size of its items contradict each other, if they do.

    Of a format that the struct module does not know nothing is said.
    """
    try:
        size = struct.calcsize(view.format)
    except struct.error:
        return ""
    return "" if size == view.itemsize else f"{view.itemsize} bytes, of format {view.format!r}"


LENT: Mapping[str, Callable[[Any], Held]] = {"__array__": of_array, "buffer": of_buffer}
"""The holders of what is given out without DLPack, by the name of the export."""
