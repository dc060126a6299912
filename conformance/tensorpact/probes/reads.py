"""Read paths: the same elements, by ways that share as little as possible."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from reftensor.rules import Refusal
from tensorpact import exact
from tensorpact.cases import dtypes, layouts


class NoSuchElement(ValueError):
    """A read path gave a number that the tensor's dtype cannot hold."""


@lru_cache(maxsize=1024)
def _window(size: int) -> type[ctypes.Array[ctypes.c_char]]:
    return ctypes.c_char * size


def raw(address: int, strides: tuple[int, ...], shape: tuple[int, ...], dtype: str) -> bytes:
    """The elements straight from host memory, as bytes in C order.

    Trusts the address and the byte strides: a library that lies about them may end the
    process here, which is why cases run in worker processes.
    """
    if not prod(shape):
        return b""
    size = dtypes.itemsize(dtype)
    low, high = layouts.span(shape, strides, size)
    block = _window(high - low).from_address(address + low)
    # Dimensions of length one add nothing to the bytes, and NumPy has no more than 64.
    used = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    lengths, steps = [n for n, _ in used], [s for _, s in used]
    return np.ndarray(lengths, dtypes.RAW[dtype], memoryview(block), -low, steps).tobytes()


def encoded(value: Any, dtype: str) -> bytes:
    """What a read path gave, as bytes in C order in the dtype.

    Takes bytes as they are, and nested lists of Python numbers through the exact encoding.
    Raises NoSuchElement for a number that the dtype cannot hold, a lie of the path.
    """
    if isinstance(value, bytes):
        return value
    return b"".join(_element(number, dtype) for number in _flat(value))


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [number for item in value for number in _flat(item)]


def _element(number: Any, dtype: str) -> bytes:
    if dtype == "float64" and type(number) is float:
        return np.float64(number).tobytes()
    outcome = _cached(repr(number), number, dtype)
    if isinstance(outcome, Refusal):
        raise NoSuchElement(f"{number!r} is no {dtype}")
    return outcome


_KNOWN: dict[tuple[str, str], bytes | Refusal] = {}


def _cached(text: str, number: Any, dtype: str) -> bytes | Refusal:
    key = (text, dtype)
    found = _KNOWN.get(key)
    if found is None:
        if len(_KNOWN) > 50_000:
            _KNOWN.clear()
        found = _KNOWN[key] = exact.encode_number(number, dtype)
    return found


def same(a: bytes, b: bytes, dtype: str) -> bool:
    """Whether two reads agree: bit for bit, NaNs counting as equal whatever their bits."""
    if a == b:
        return True
    if len(a) != len(b) or not dtype.startswith(("float", "bfloat", "complex")):
        return False
    return np.array_equal(_numbers(a, dtype), _numbers(b, dtype), equal_nan=True) and (
        _signs(a, dtype) == _signs(b, dtype)
    )


def _numbers(data: bytes, dtype: str) -> np.ndarray:
    """The numbers; complex as its parts, bfloat16 widened."""
    if dtype == "bfloat16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    part = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    return np.frombuffer(data, part)


def _signs(data: bytes, dtype: str) -> bytes:
    numbers = _numbers(data, dtype)
    return bytes(np.signbit(numbers[~np.isnan(numbers)]).tobytes())


def numbers(data: bytes, dtype: str) -> list[Any]:
    """The elements as Python numbers, for messages."""
    if dtype == "bfloat16":
        return list(_numbers(data, dtype).tolist())
    return list(np.frombuffer(data, dtypes.RAW[dtype]).tolist())
