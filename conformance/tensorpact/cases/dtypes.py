"""The dtypes as NumPy sees them, and the dtypes that tensor libraries must refuse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

STANDARD: Mapping[str, np.dtype[np.generic]] = {
    name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
"""The standard dtypes that NumPy has, by standard name."""

RAW: Mapping[str, np.dtype[np.generic]] = {**STANDARD, "bfloat16": np.dtype("uint16")}
"""How the harness holds the elements of each dtype; bfloat16 as its two bytes."""

FOREIGN: Mapping[str, np.dtype[np.generic]] = {
    "longdouble": np.dtype("longdouble"),
    "clongdouble": np.dtype("clongdouble"),
    "datetime64": np.dtype("datetime64[s]"),
    "timedelta64": np.dtype("timedelta64[s]"),
    "str": np.dtype("<U2"),
    "bytes": np.dtype("S2"),
    "object": np.dtype("object"),
    "structured": np.dtype([("a", "<i4"), ("b", "<f4")]),
    "void": np.dtype("V4"),
}
"""Dtypes of NumPy arrays that no tensor library has a name for."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "int8": ("b",),
    "int16": ("h",),
    "int32": ("i",) if np.dtype("l").itemsize == 8 else ("i", "l"),
    "int64": ("q", "l") if np.dtype("l").itemsize == 8 else ("q",),
    "uint8": ("B",),
    "uint16": ("H",),
    "uint32": ("I",) if np.dtype("L").itemsize == 8 else ("I", "L"),
    "uint64": ("Q", "L") if np.dtype("L").itemsize == 8 else ("Q",),
}
"""The type codes of C that have the width of a standard dtype on this platform."""


def storage(dtype: str) -> np.dtype[np.generic]:
    """The NumPy dtype in which the harness keeps elements of this dtype.

    Besides the names of `RAW` and `FOREIGN` there is "code:q", a type code of C.
    """
    found = RAW.get(dtype) or FOREIGN.get(dtype)
    return np.dtype(dtype.partition(":")[2]) if found is None else found


def standard(dtype: str) -> str:
    """The standard name of a dtype, or the name itself where it has none."""
    return storage(dtype).name if dtype.startswith("code:") else dtype


def itemsize(dtype: str) -> int:
    """Bytes of one element."""
    return storage(dtype).itemsize


def component(dtype: str) -> int:
    """The alignment in bytes that an element needs: that of its real part."""
    size = itemsize(dtype)
    return size // 2 if dtype.startswith("complex") else size


TYPECODES: Mapping[str, str] = {
    **{name: codes[0] for name, codes in ALIASES.items()},
    "float32": "f",
    "float64": "d",
}
"""The code of `array.array` for each dtype that it has."""
