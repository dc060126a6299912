"""The adapter of NumPy.

NumPy documents its main namespace as compatible with the array API standard since 2.0
(https://numpy.org/doc/stable/reference/array_api.html), so it is held to the standard for
the functions that the standard has. `tensor` is `np.array`, which copies by default.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from reftensor.rules import Defaults
from tensorpact.backends.protocol import ALL, KINDS, Backend, Device
from tensorpact.cases.model import GIVE

Array = np.ndarray[Any, Any]

DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
ARRAY_LIKE = (KINDS - {"dlpack"}) | {"array_interface", "array_protocol"}


def dtype(t: Array) -> np.dtype[Any]:
    """The dtype in native order: in NumPy the byte order is a trait of the memory."""
    found: np.dtype[Any] = t.dtype
    return found if found.isnative else found.newbyteorder("=")


def read(t: Array) -> bytes:
    """The elements in C order and native byte order."""
    return (t if t.dtype.isnative else t.astype(dtype(t))).tobytes()


def write(t: Array, data: bytes) -> None:
    """Raises ValueError where NumPy protects the memory from being written."""
    t[...] = np.ndarray(t.shape, dtype(t), data)


def make(data: bytes, dtype: str, shape: tuple[int, ...], _device: str) -> Array:
    """A new array that owns its memory."""
    return np.ndarray(shape, DTYPES[dtype], data).copy()


def address(t: Array) -> int:
    """The address of the first element."""
    found: int = t.__array_interface__["data"][0]
    return found


def expand(t: Array, shape: tuple[int, ...]) -> Array:
    """Writable, unlike the result of `np.broadcast_to`."""
    return as_strided(t, shape, np.broadcast_to(t, shape).strides)


def protect(t: Array) -> Array:
    """A view without write access."""
    view = t.view()
    view.flags.writeable = False
    return view


def by_index(t: Array) -> list[Any]:
    """Element by element."""
    return [t[index].tolist() for index in np.ndindex(t.shape)]


def by_buffer(t: Array) -> bytes:
    """Through the buffer protocol; a foreign byte order is swapped in a copy."""
    return (t if t.dtype.isnative else t.astype(dtype(t))).data.tobytes()


backend = Backend(
    name="numpy",
    version=np.__version__,
    operations={
        "asarray": np.asarray,
        "tensor": np.array,
        "frombuffer": np.frombuffer,
        "from_dlpack": np.from_dlpack,
    },
    promote=np.promote_types,
    spelled={
        "import": "import numpy as np",
        "asarray": "np.asarray",
        "tensor": "np.array",
        "frombuffer": "np.frombuffer",
        "from_dlpack": "np.from_dlpack",
        "permute": "{x}.transpose({axes})",
        "expand": "np.lib.stride_tricks.as_strided({x}, {shape}, {strides})",
        "protect": "{}.flags.writeable = False",
    },
    dtypes=DTYPES,
    authorities={
        "std": ("asarray", "from_dlpack", "__dlpack__"),
        "numpy": ALL | GIVE,
        "dlpack": ("from_dlpack", "__dlpack__"),
        "pep3118": ("asarray", "frombuffer", "buffer"),
        "safety": ALL | GIVE,
    },
    read=read,
    write=write,
    make=make,
    tensor_type=np.ndarray,
    defaults=Defaults(np.dtype(int).name, "float64", "complex128"),
    devices=(Device("cpu", ("cpu",)),),
    accepts={
        "asarray": ARRAY_LIKE,
        "tensor": ARRAY_LIKE,
        # numpy.from_dlpack takes objects with the protocol, bare capsules it does not.
        "from_dlpack": ("own", "ndarray", "dlpack"),
    },
    keywords={"tensor": ("dtype",)},
    dtype=dtype,
    strides=lambda t: t.strides,
    address=address,
    permute=np.transpose,
    expand=expand,
    resize=lambda t, count: t.resize(count, refcheck=False),
    protect=protect,
    exports={
        "__dlpack__": np.ndarray.__dlpack__,
        "__array__": np.ndarray.__array__,
        "buffer": memoryview,
    },
    paths={"tolist": np.ndarray.tolist, "index": by_index, "buffer": by_buffer},
)
