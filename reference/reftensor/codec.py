"""Numbers become elements by `rules.CONVERSION`, whichever way they come in.

`pack` and `unpack` are between Python numbers and the bytes of elements; nothing else in the
package knows what an element looks like.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

from reftensor.dtypes import DType, bfloat16
from reftensor.errors import refusal, where
from reftensor.rules import CONVERSION, Conversion, PythonKind, Refusal

Scalar: TypeAlias = bool | int | float | complex

KINDS: dict[type, PythonKind] = {
    bool: PythonKind.BOOL,
    int: PythonKind.INT,
    float: PythonKind.FLOAT,
    complex: PythonKind.COMPLEX,
}
"""What the exact Python types are; instances of subclasses are made exact first."""

# From here on, halfway to the first number that the dtype lacks, rounding gives infinity.
_OVERFLOW = {"float16": 65520.0, "bfloat16": 2.0**128 - 2.0**119, "float32": 2.0**128 - 2.0**103}
_LEAST_BFLOAT16 = -133  # the exponent of the least subnormal
_UPPER = slice(1 if sys.byteorder == "little" else 0, None, 2)


def pack(
    values: Iterable[Scalar], dtype: DType, shape: Sequence[int] = (), first: int = 0
) -> bytes:
    """The bytes of elements of this dtype, each rounded once.

    The values count from `first` in row-major order of `shape`, for the message of a refusal.
    Raises OverflowError, ValueError (NaN) or TypeError as `rules.CONVERSION` says.
    """
    converters = _converters(dtype)
    numbers: list[Any] = []
    try:
        for value in values:
            numbers.append(converters[type(value)](value))
    except (TypeError, ValueError, OverflowError) as error:
        place = _unravel(first + len(numbers), shape)
        raise type(error)(f"{error}{where(place)}") from None
    if dtype.kind == "complex":
        numbers = [part for number in numbers for part in (number.real, number.imag)]
    packed = struct.pack(f"={len(numbers)}{dtype.code}", *numbers)
    return memoryview(packed).cast("H")[_UPPER].tobytes() if dtype is bfloat16 else packed


def unpack(packed: bytes | bytearray, dtype: DType) -> list[Scalar]:
    """The elements as Python numbers, each exactly."""
    if dtype is bfloat16:
        halves = memoryview(bytearray(2 * len(packed))).cast("H")
        halves[_UPPER] = memoryview(packed).cast("H")
        packed = bytearray(halves)
    count = len(packed) // struct.calcsize(f"={dtype.code}")
    numbers = struct.unpack(f"={count}{dtype.code}", packed)
    if dtype.kind == "complex":
        return list(map(complex, numbers[::2], numbers[1::2]))
    return list(numbers)


def byteswapped(packed: bytes | bytearray, dtype: DType) -> bytes:
    """The bytes of elements whose components are turned round."""
    components = array({2: "H", 4: "I", 8: "Q"}[dtype.component], bytes(packed))
    components.byteswap()
    return components.tobytes()


@cache
def _converters(dtype: DType) -> dict[type, Callable[[Any], Any]]:
    """By the exact type of the number."""
    rules = {python: CONVERSION[source, dtype.kind] for python, source in KINDS.items()}
    return {python: partial(_CONVERTERS[rule], dtype) for python, rule in rules.items()}


def _exact(_: DType, value: bool) -> Scalar:
    return value


def _in_range(dtype: DType, value: int) -> int:
    bits = 8 * dtype.itemsize
    low = -(1 << bits - 1) if dtype.kind == "int" else 0
    if not low <= value < low + (1 << bits):
        # Python does not print the digits of just any int.
        number = str(value) if value.bit_length() < 1000 else "an int of many digits"
        raise refusal(Refusal.OUT_OF_RANGE, f"{number} is out of range for {dtype}")
    return value


def _truncated(dtype: DType, value: float) -> int:
    return _in_range(dtype, int(value))


def _nonzero(_: DType, value: Scalar) -> bool:
    return value != 0


def _refused(dtype: DType, value: complex) -> Scalar:
    raise refusal(Refusal.COMPLEX_TO_REAL, f"{value} is complex and {dtype} is not")


def _nearest(dtype: DType, value: Any) -> float | complex:
    if dtype.kind != "complex":
        return _rounded(dtype.name, value)
    real = "float32" if dtype.itemsize == 8 else "float64"
    return complex(_rounded(real, value.real), _rounded(real, value.imag))


def _rounded(name: str, value: int | float) -> float:
    """The value as a float that struct packs for this dtype without a second rounding."""
    if name == "float64":
        return float(value)
    number = _round_to_odd(value) if isinstance(value, int) else value
    if abs(number) >= _OVERFLOW[name]:
        return math.copysign(math.inf, number)
    return _to_bfloat16(number) if name == "bfloat16" else number


def _round_to_odd(value: int) -> float:
    """A float that every narrower dtype rounds as it would round the int itself.

    The last of 53 bits is set when anything behind it is: it remembers that a number is not
    halfway between two others. OverflowError where float64 cannot hold the int.
    """
    extra = value.bit_length() - 53
    if extra <= 0:
        return float(value)
    kept = abs(value) >> extra
    odd = kept | (kept << extra != abs(value))
    return float(odd << extra if value > 0 else -(odd << extra))


def _to_bfloat16(value: float) -> float:
    if not math.isfinite(value):
        return value
    unit = max(math.frexp(value)[1] - 8, _LEAST_BFLOAT16)
    return math.copysign(math.ldexp(round(math.ldexp(value, -unit)), unit), value)


_CONVERTERS: dict[Conversion, Callable[[DType, Any], Scalar]] = {
    Conversion.EXACT: _exact,
    Conversion.IN_RANGE: _in_range,
    Conversion.NEAREST: _nearest,
    Conversion.TRUNCATED: _truncated,
    Conversion.NONZERO: _nonzero,
    Conversion.REFUSED: _refused,
}


def _unravel(index: int, shape: Sequence[int]) -> list[int]:
    path = []
    for length in reversed(shape):
        index, position = divmod(index, length)
        path.append(position)
    return path[::-1]
