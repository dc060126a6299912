"""The numbers that a case puts in, and what a dtype can do with them."""

from __future__ import annotations

import math
from functools import lru_cache

from reftensor.rules import Refusal, kind_of
from tensorpact import exact
from tensorpact.cases import dtypes
from tensorpact.cases.model import Case, Leaf, leaf_value, leaves
from tensorpact.probes.reads import numbers

Number = bool | int | float | complex

INTEGERS = ("int", "uint")
CONTINUOUS = ("float", "complex")
"""The kinds of dtypes, as in `rules.kind_of`, that are whole and that have fractions."""


def leaves_of(case: Case) -> list[Leaf]:
    """The scalars of written-out data; none for an array, whose bytes speak for themselves."""
    if case.root is None:
        return []
    return [leaf for leaf in leaves(case.root) if isinstance(leaf, Leaf)]


@lru_cache(maxsize=65536)
def number(leaf: Leaf) -> Number | None:
    """The number of a leaf, None for text, None and things."""
    if leaf.kind in ("str", "bytes", "none", "thing"):
        return None
    value: Number = leaf_value(leaf)
    return value


def parts(value: Number) -> tuple[float, float]:
    """The real and the imaginary part; an int stays an int, which may have no float."""
    return (value.real, value.imag)


def parts_of(leaf: Leaf) -> tuple[float, float]:
    """The parts of the leaf's number; zeros where it is none."""
    value = number(leaf)
    return (0, 0) if value is None else parts(value)


def scalar_dtype(leaf: Leaf) -> str:
    """The dtype of an array scalar, empty for everything else."""
    return leaf.kind.partition(":")[2]


def floating(dtype: str | None) -> bool:
    """Whether the dtype has fractions."""
    return dtype is not None and kind_of(dtype) in CONTINUOUS


def component(dtype: str) -> str:
    """The dtype of a number's parts."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


@lru_cache(maxsize=65536)
def exactly_held(leaf: Leaf, dtype: str) -> bool:
    """Whether the dtype, and the scalar's own where it has one, holds the number exactly."""
    return all(_holds(leaf, name) for name in (dtype, scalar_dtype(leaf)) if name)


def _holds(leaf: Leaf, dtype: str) -> bool:
    value = number(leaf)
    outcome = exact.encode(leaf, dtype) if value is not None and dtype in dtypes.RAW else None
    if value is None or not isinstance(outcome, bytes):
        return False
    return all(map(_equal, parts(value), parts(numbers(outcome, dtype)[0])))


def _equal(one: float, other: float) -> bool:
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return one == other


def cannot_hold(leaf: Leaf, dtype: str) -> Refusal | None:
    """Why the dtype cannot hold the leaf at all; None when it can, be it rounded."""
    outcome = exact.encode(leaf, dtype)
    return outcome if isinstance(outcome, Refusal) else None


def nearest(leaf: Leaf, dtype: str) -> Number:
    """The number of the dtype that is nearest, ties to even; infinity beyond its range.

    Raises ValueError where `cannot_hold` gives a reason.
    """
    outcome = exact.encode(leaf, dtype)
    if isinstance(outcome, Refusal):
        raise ValueError(f"{dtype} cannot hold {leaf.text}: {outcome}")
    found: Number = numbers(outcome, dtype)[0]
    return found


def beyond(value: float, dtype: str) -> bool:
    """Finite, and so far beyond the dtype's range that every rounding mode has left it."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    limit: int = 2 ** (1 << (exact.FORMATS[component(dtype)].exponent - 1))
    return abs(value) >= limit


def subnormal(value: float, dtype: str) -> bool:
    """Smaller than every normal number of the dtype, zero included."""
    form = exact.FORMATS[component(dtype)]
    return abs(value) < 2.0 ** (2 - (1 << (form.exponent - 1)))
