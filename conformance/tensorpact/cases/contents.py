"""Contents: the numbers that an array holds, by name, and the patterns that probes write.

The patterns of three successive writes differ from each other at every element, so that
whether a write was seen is known for each element on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

import numpy as np

from tensorpact.cases import dtypes

Array = np.ndarray[Any, np.dtype[Any]]

_CYCLE = 40
"""Patterns repeat after this many elements, so that all three fit int8 and are exact in
every dtype, bfloat16 included."""


def _numbers(dtype: str, start: int, count: int) -> Array:
    numbers = np.arange(count) % _CYCLE + start
    return to_storage(numbers, dtype)


def to_storage(numbers: Array, dtype: str) -> Array:
    """Numbers that the dtype holds exactly, in the harness's representation of it."""
    if dtype == "bfloat16":
        return halved(numbers)
    if dtype == "bool":
        return np.asarray(numbers.astype(np.int64) % 3 != 1)
    if dtype.startswith("complex"):
        return np.asarray(numbers - 1j * (numbers + 0.5), dtypes.storage(dtype))
    if dtype in dtypes.FOREIGN:
        return _foreign(numbers, dtype)
    return numbers.astype(dtypes.storage(dtype))


def halved(numbers: Array) -> Array:
    """The upper halves of float32 numbers: bfloat16, truncated."""
    return np.asarray(numbers.astype(np.float32).view(np.uint32) >> 16, np.uint16)


def _foreign(numbers: Array, dtype: str) -> Array:
    target = dtypes.FOREIGN[dtype]
    if dtype == "structured":
        return np.array([(int(n), float(n)) for n in numbers], target)
    if dtype == "void":
        return numbers.astype(np.int32).view(target)
    return numbers.astype(target)


@lru_cache(maxsize=1024)
def pattern(dtype: str, count: int, turn: int, previous: bytes = b"") -> bytes:
    """The elements that the `turn`-th write puts in (0 is what is there before any write).

    A boolean has no third value: its pattern is the contrary of `previous`.
    """
    if dtype == "bool" and turn:
        return np.logical_not(np.frombuffer(previous, np.bool_)).tobytes()
    return _numbers(dtype, 1 + turn * _CYCLE, count).tobytes()


def _limits(dtype: str) -> Array:
    if dtypes.storage(dtype).kind in "iu" and dtype != "bfloat16":
        info = np.iinfo(cast(Any, dtypes.storage(dtype)))
        values = [info.max, info.min, 0, 1, info.max - 1, info.min + 1]
        return np.array(values, dtypes.storage(dtype))
    return _specials(dtype)


def _specials(dtype: str) -> Array:
    numbers = [-0.0, np.inf, -np.inf, np.nan, 0.0, -1.5]
    if dtype == "bfloat16":
        tiny = np.array([1, 0x8000 | 3], np.uint16)
        return np.concatenate([tiny, halved(np.array(numbers))])[[2, 0, 3, 4, 5, 1, 6, 7]]
    if dtype.startswith("float"):
        kind = np.dtype(dtype)
        least = np.finfo(dtype).smallest_subnormal
        return np.array([-0.0, least, np.inf, -np.inf, np.nan, -least, -1.5, 0.0], kind)
    if dtype.startswith("complex"):
        return np.array(
            [complex(-0.0, np.inf), complex(np.nan, -0.0), complex(-np.inf, np.nan)],
            np.dtype(dtype),
        )
    return _numbers(dtype, 1, 8)


def _payloads(dtype: str) -> Array:
    patterns = {
        "float16": ([0x7E01, 0x7D55, 0xFE2A], np.uint16),
        "bfloat16": ([0x7FC1, 0x7F95, 0xFFAA], np.uint16),
        "float32": ([0x7FC00001, 0x7F955555, 0xFFEAAAAA], np.uint32),
        "float64": ([0x7FF8000000000001, 0x7FF5555555555555, 0xFFFAAAAAAAAAAAAA], np.uint64),
    }
    half = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    if half not in patterns:
        return _numbers(dtype, 1, 3)
    bits = np.array(*patterns[half])
    if half != dtype:
        bits = np.repeat(bits, 2)
    return bits.view(dtypes.storage(dtype))


def _fractions(dtype: str) -> Array:
    numbers = np.array([1.75, -1.75, 0.5, -0.5, 2.25, 0.0])
    if dtype.startswith(("float", "bfloat", "complex")):
        return to_storage(numbers, dtype)
    return _numbers(dtype, 1, 6)


def _wide(dtype: str) -> Array:
    """Numbers that fill the significand: a narrower format on the way loses their last bits."""
    kind = dtypes.storage(dtype).kind
    if dtype in ("bool", "bfloat16") or kind not in "iuf":
        return _numbers(dtype, 1, 6)
    bits = {"float16": 11, "float32": 24, "float64": 53}.get(dtype)
    bits = min(53, 8 * dtypes.itemsize(dtype) - 1) if bits is None else bits
    top = 2 ** (bits - 1)
    return np.array([top + 1, top - 1, 2 * top - 1, 3, top // 2 + 1, 5], dtypes.storage(dtype))


def _ones(dtype: str) -> Array:
    return _numbers(dtype, 1, 1)


CONTENTS: Mapping[str, Callable[[str], Array]] = {
    **dict.fromkeys(("untouched", "touched", "endless"), _ones),
    "limits": _limits,
    "specials": _specials,
    "payloads": _payloads,
    "fractions": _fractions,
    "wide": _wide,
}
"""Contents that are repeated over the elements; "counting" is `pattern(…, turn=0)`.
`limits`: the ends of an integer's range; `specials`: signed zeros, infinities, NaN,
subnormals; `payloads`: NaNs with bits of their own; `fractions`: halves and quarters; `wide`:
numbers that use every bit of a significand."""


def _bits(dtype: str, count: int, number: int) -> Array:
    kind = dtypes.storage(dtype)
    data = np.random.default_rng(number).bytes(count * kind.itemsize)
    if dtype == "bool":
        return np.asarray(np.frombuffer(data, np.uint8) % 2 == 1)
    return np.frombuffer(data, kind).copy()


@lru_cache(maxsize=4096)
def elements(content: str, dtype: str, count: int) -> Array:
    """The elements of an array before anything is written, as one read-only dimension.

    Besides the names of `CONTENTS` there is "bits:N", random bits that N decides.
    Raises KeyError for a content that does not exist.
    """
    if content == "counting":
        made = _numbers(dtype, 1, count)
    elif content.startswith("bits:"):
        made = _bits(dtype, count, int(content[5:]))
    else:
        made = np.resize(CONTENTS[content](dtype), count)
    made.setflags(write=False)
    return made
