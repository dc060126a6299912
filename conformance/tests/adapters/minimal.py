"""The adapter of a library of one's own; NumPy stands in for the library here."""

from typing import Any

import numpy as mylib

from reftensor.rules import Defaults
from tensorpact import Backend

NAMES = ("bool", "uint8", "int32", "int64", "float32", "float64", "complex64", "complex128")
DTYPES = {name: mylib.dtype(name) for name in NAMES}


def write(t: Any, data: bytes) -> None:
    t[...] = mylib.ndarray(t.shape, t.dtype, data)


def make(data: bytes, dtype: str, shape: tuple[int, ...], _device: str) -> Any:
    t = mylib.empty(shape, DTYPES[dtype])
    write(t, data)
    return t


backend = Backend(
    name="mylib",
    version="1.0",
    operations={"asarray": mylib.asarray},
    authorities={"std": ["asarray"], "safety": ["asarray"]},
    dtypes=DTYPES,
    defaults=Defaults("int64", "float64", "complex128"),
    keywords={"asarray": ["dtype", "copy"]},
    read=lambda t: t.tobytes(),
    write=write,
    make=make,
    tensor_type=mylib.ndarray,
    paths={"tolist": lambda t: t.tolist()},
)
