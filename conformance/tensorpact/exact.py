"""Exact encoding of Python numbers: the oracle for which bits must come out.

Written with integers and fractions alone, so that it shares no rounding with NumPy, with the
reference or with any backend.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from reftensor.rules import CONVERSION, Conversion, PythonKind, Refusal, kind_of
from tensorpact.cases.model import Leaf, leaf_value


@dataclass(frozen=True, slots=True)
class Format:
    """An IEEE 754 binary format: bits of the significand with the hidden one, of the exponent."""

    precision: int
    exponent: int

    @property
    def bytes(self) -> int:
        return (self.precision + self.exponent) // 8


FORMATS = {
    "float16": Format(11, 5),
    "bfloat16": Format(8, 8),
    "float32": Format(24, 8),
    "float64": Format(53, 11),
}
_COMPONENT = {"complex64": "float32", "complex128": "float64"}
_NUMBER = bool | int | float | complex


@lru_cache(maxsize=65536)
def encode(leaf: Leaf, dtype: str) -> bytes | Refusal:
    """The bytes of a scalar leaf in a dtype, or why it cannot be held there.

    A NaN is encoded as some quiet NaN: compare NaN-ness, not bits. A float or int beyond a
    floating dtype's range is encoded as infinity. Native byte order is little-endian here
    as on every platform that the harness supports.
    """
    value = leaf_value(leaf)
    if not isinstance(value, bool | int | float | complex):
        return Refusal.WRONG_TYPE
    return encode_number(value, dtype)


@lru_cache(maxsize=65536)
def overflows(leaf: Leaf, dtype: str) -> bool:
    """Whether a finite number becomes infinite in a floating or complex dtype."""
    if leaf.kind in ("str", "bytes", "none", "thing") or kind_of(dtype) not in ("float", "complex"):
        return False
    value = leaf_value(leaf)
    form = FORMATS[_COMPONENT.get(dtype, dtype)]
    parts = (value.real, value.imag)
    infinite = {_assemble(form, sign, (1 << form.exponent) - 1, 0) for sign in (False, True)}
    return any(
        not (isinstance(part, float) and not math.isfinite(part)) and _real(part, form) in infinite
        for part in parts
    )


def encode_number(value: _NUMBER, dtype: str) -> bytes | Refusal:
    """`encode` for a Python number."""
    kind = kind_of(dtype)
    rule = CONVERSION[python_kind(value), kind]
    if rule is Conversion.REFUSED:
        return Refusal.COMPLEX_TO_REAL
    if rule is Conversion.NONZERO:
        return struct.pack("?", value != 0)
    if kind in ("int", "uint"):
        assert not isinstance(value, complex)
        return _integer(value, dtype)
    if kind == "complex":
        number = complex(value) if not isinstance(value, int) else value
        parts = (number.real, number.imag)
        return b"".join(_real(part, FORMATS[_COMPONENT[dtype]]) for part in parts)
    assert not isinstance(value, complex)
    return _real(value, FORMATS[dtype])


def python_kind(value: _NUMBER) -> PythonKind:
    """The kind of a Python number."""
    return PythonKind(next(t.__name__ for t in (bool, int, float, complex) if isinstance(value, t)))


def _integer(value: float, dtype: str) -> bytes | Refusal:
    if isinstance(value, float) and not math.isfinite(value):
        return Refusal.OUT_OF_RANGE
    bits = int(dtype.lstrip("uint"))
    signed = not dtype.startswith("u")
    try:
        return math.trunc(value).to_bytes(bits // 8, "little", signed=signed)
    except OverflowError:
        return Refusal.OUT_OF_RANGE


def _real(value: float, form: Format) -> bytes:
    """A real number rounded once, to nearest even; beyond the range it is infinity."""
    sign = math.copysign(1.0, value) < 0 if isinstance(value, float) else value < 0
    top = (1 << form.exponent) - 1
    if isinstance(value, float) and math.isnan(value):
        return _assemble(form, sign, top, 1 << (form.precision - 2))
    if isinstance(value, float) and math.isinf(value):
        return _assemble(form, sign, top, 0)
    return _finite(abs(Fraction(value)), sign, form)


def _finite(size: Fraction, sign: bool, form: Format) -> bytes:
    if not size:
        return _assemble(form, sign, 0, 0)
    bias = (1 << (form.exponent - 1)) - 1
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    exponent = max(exponent, 1 - bias)
    significand = round(size / Fraction(2) ** (exponent - form.precision + 1))
    if significand >> form.precision:
        significand >>= 1
        exponent += 1
    if exponent > bias:
        return _assemble(form, sign, (1 << form.exponent) - 1, 0)
    normal = bool(significand >> (form.precision - 1))
    stored = exponent + bias if normal else 0
    return _assemble(form, sign, stored, significand & ((1 << (form.precision - 1)) - 1))


def _assemble(form: Format, sign: bool, exponent: int, fraction: int) -> bytes:
    bits = (int(sign) << form.exponent | exponent) << (form.precision - 1) | fraction
    return bits.to_bytes(form.bytes, "little")
