"""The adapter of array-api-strict, the standard's own strict implementation over NumPy.

Its devices are labels over the host's memory, so the arrays on all of them are read through
the wrapped ndarray (`_array`): the public exports refuse every device but the CPU.
"""

from __future__ import annotations

from typing import Any

import array_api_strict as xp
import numpy as np

from reftensor.rules import Defaults
from tensorpact.backends.protocol import ALL, Backend, Device

DTYPES = {
    name: getattr(xp, name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "complex64", "complex128"),
    )
}
# The devices with the same dtypes and defaults as the CPU; device2, no_float64 and no_x64
# have others, and a backend has one set of each.
DEVICES = {"CPU_DEVICE": xp.Device("CPU_DEVICE"), "device1": xp.Device("device1")}


def read(t: Any) -> bytes:
    """The elements in C order."""
    return bytes(t._array.tobytes())


def write(t: Any, data: bytes) -> None:
    """Raises ValueError where NumPy protects the memory from being written."""
    array = t._array
    array[...] = np.ndarray(array.shape, array.dtype, data)


def make(data: bytes, dtype: str, shape: tuple[int, ...], device: str) -> Any:
    """A new array that owns its memory."""
    t = xp.empty(shape, dtype=DTYPES[dtype], device=DEVICES[device])
    write(t, data)
    return t


def by_index(t: Any) -> list[Any]:
    """Element by element through the public indexing and conversion to a Python number."""
    return [t[index]._array.item() for index in np.ndindex(t.shape)]


backend = Backend(
    name="array-api-strict",
    version=xp.__version__,
    operations={"asarray": xp.asarray, "from_dlpack": xp.from_dlpack},
    promote=xp.result_type,
    spelled={"asarray": "xp.asarray", "from_dlpack": "xp.from_dlpack"},
    dtypes=DTYPES,
    authorities={"std": ALL, "dlpack": ("from_dlpack",), "safety": ALL},
    read=read,
    write=write,
    make=make,
    tensor_type=type(xp.empty(0)),
    defaults=Defaults("int64", "float64", "complex128"),
    devices=tuple(Device(name, (device,)) for name, device in DEVICES.items()),
    accepts={
        # What the standard names: an array, a Python scalar, a sequence, a buffer.
        "asarray": ("scalar", "sequence", "own", "buffer", "ndarray"),
        "from_dlpack": ("own", "ndarray", "dlpack"),
    },
    # An index must name every dimension; the ellipsis names those that are left out.
    view=lambda t, index: t[(*index, ...)],
    strides=lambda t: t._array.strides,
    address=lambda t: t._array.__array_interface__["data"][0],
    permute=xp.permute_dims,
    expand=xp.broadcast_to,
    paths={"index": by_index, "tolist": lambda t: t._array.tolist()},
)
