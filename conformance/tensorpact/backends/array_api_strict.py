"""The adapter of array-api-strict, the standard's own strict implementation over NumPy.

Its devices are labels over the host's memory, so the arrays on all of them are read through
the wrapped ndarray (`_array`): the public exports refuse every device but the CPU.
"""

from __future__ import annotations

import sys
from typing import Any

import array_api_strict as xp
import numpy as np

from reftensor.rules import Defaults
from tensorpact.backends.protocol import ALL, Backend, Device
from tensorpact.cases.model import GIVE

DTYPES = {
    name: getattr(xp, name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "complex64", "complex128"),
    )
}
ARRAY = type(xp.empty(0))
INFO = xp.__array_namespace_info__()
DEVICES = {device._device: device for device in INFO.devices()}


def device(name: str) -> Device:
    """A device with the dtypes and the defaults that the standard's inspection gives for it."""
    native = DEVICES[name]
    had, kinds = INFO.dtypes(device=native), INFO.default_dtypes(device=native)
    names = {found: known for known, found in DTYPES.items()}
    default = [names[kinds[kind]] for kind in ("integral", "real floating", "complex floating")]
    return Device(
        name, (native,), dtypes=tuple(filter(had.get, DTYPES)), defaults=Defaults(*default)
    )


# From Python 3.12 on the arrays have the buffer protocol; before, they have `__array__`.
LENT = {"buffer": memoryview} if sys.version_info >= (3, 12) else {"__array__": ARRAY.__array__}
EXPORTS = {"__dlpack__": ARRAY.__dlpack__, **LENT}


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
    spelled={
        **{f"device:{name}#0": f"xp.Device({name!r})" for name in DEVICES},
        "import": "import array_api_strict as xp",
        "elements of": "np.asarray({x}).tolist()",
        "asarray": "xp.asarray",
        "from_dlpack": "xp.from_dlpack",
        "view": "{x}[{index}, ...]",
        "permute": "xp.permute_dims({x}, ({axes}))",
        "expand": "xp.broadcast_to({x}, {shape})",
    },
    dtypes=DTYPES,
    authorities={
        "std": ALL | {"__dlpack__"},
        "dlpack": ("from_dlpack", "__dlpack__"),
        "pep3118": ("buffer",),
        "safety": ALL | GIVE,
    },
    read=read,
    write=write,
    make=make,
    tensor_type=ARRAY,
    defaults=Defaults("int64", "float64", "complex128"),
    devices=tuple(map(device, DEVICES)),
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
    exports=EXPORTS,
    paths={"index": by_index, "tolist": lambda t: t._array.tolist()},
)
