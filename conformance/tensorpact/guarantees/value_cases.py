"""Which cases put the guarantees in `value` to the test, and which further calls they compare."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from reftensor.rules import kind_of
from tensorpact.backends.protocol import Claims
from tensorpact.cases import dtypes
from tensorpact.cases.model import Block, Case, Leaf, Nest, Node, Values, leaves, py, scalar
from tensorpact.expectation import defaults_of, layout_traits, reads_raw
from tensorpact.guarantees.numbers import (
    CONTINUOUS,
    INTEGERS,
    cannot_hold,
    exactly_held,
    floating,
    leaves_of,
    number,
    parts_of,
)
from tensorpact.guarantees.predicates import (
    numeric,
    ordinary_block,
    plainly_nested,
    python_kinds,
)
from tensorpact.inference import PYTHON_KINDS

_MISREADABLE = frozenset({"negative", "unaligned_stride", "misaligned"})
"""Layouts that guarantees of the group `error` are about."""

_ARRAYS = ("ndarray", "subclass", "own")
_ONLY_BOOL = frozenset({"bool"})


# --------------------------------------------------------------------------- of any case


def _native(case: Case, claims: Claims) -> Block | None:
    """An array of a dtype that the library has, in native order, with nothing pending."""
    block = ordinary_block(case)
    if block is None or block.lazy or block.foreign_order:
        return None
    return block if dtypes.standard(block.dtype) in claims.dtypes else None


def _straight(case: Case, claims: Claims) -> Block | None:
    """As `_native`, in a layout that every library can read."""
    block = _native(case, claims)
    return None if block is None or layout_traits(block) & _MISREADABLE else block


def _kind(block: Block) -> str:
    return kind_of(dtypes.standard(block.dtype))


def _known_dtype(case: Case, claims: Claims) -> bool:
    return case.call.dtype is None or case.call.dtype in claims.dtypes


def _target_kind(case: Case, claims: Claims) -> str:
    """The kind of the dtype asked for; empty when there is none, or none of the library's."""
    dtype = case.call.dtype
    return kind_of(dtype) if dtype is not None and dtype in claims.dtypes else ""


def _only_python(case: Case) -> frozenset[str]:
    """The kinds of the Python scalars in plain nesting; empty when there is anything else."""
    if case.root is None or not plainly_nested(case.root):
        return frozenset()
    return python_kinds(case.root) or frozenset()


# --------------------------------------------------------------------------- elements


def keeps_numbers(case: Case, claims: Claims) -> bool:
    """Conversions that have a guarantee of their own are left to it."""
    if not _known_dtype(case, claims):
        return False
    if case.root is not None:
        return _keeps_values(case, case.root)
    block = _straight(case, claims)
    if block is None or reads_raw(case, claims):
        return block is not None
    source = _kind(block)
    target = _target_kind(case, claims) or source
    if target == "bool" != source or (source == "float" and target in INTEGERS):
        return False
    plain = block.content in ("counting", "fractions")
    return plain or (block.content == "limits" and source not in CONTINUOUS)


def _keeps_values(case: Case, root: Node) -> bool:
    found = list(leaves(root))
    if any(isinstance(leaf, Block) for leaf in found):
        return all(isinstance(leaf, Block) and leaf.exporter in _ARRAYS for leaf in found)
    if case.call.dtype == "bool" and python_kinds(root) != _ONLY_BOOL:
        return False
    return numeric(root) and not any(map(_special, leaves_of(case)))


def has_specials(case: Case, claims: Claims) -> bool:
    """A signed zero, an infinity, a NaN or a subnormal, and a dtype that has them."""
    if not _known_dtype(case, claims):
        return False
    if case.root is not None:
        suited = _target_kind(case, claims) in ("", *CONTINUOUS)
        return suited and any(map(_special, leaves_of(case))) and numeric(case.root)
    block = case.block
    if block is None or block.content not in ("specials", "limits"):
        return False
    if _straight(case, claims) is None or reads_raw(case, claims):
        return False
    return case.call.dtype in (None, block.dtype) and _kind(block) in CONTINUOUS


@lru_cache(maxsize=65536)
def _special(leaf: Leaf) -> bool:
    return leaf.kind not in ("bool", "int") and any(map(_special_part, parts_of(leaf)))


def _special_part(value: float) -> bool:
    if not value:
        return str(value) == "-0.0"
    return not math.isfinite(value) or abs(value) < 2.0**-1022


def has_payloads(case: Case, claims: Claims) -> bool:
    """NaNs with bits of their own in an array that is not asked to change."""
    block = case.block
    if block is None or block.content != "payloads" or case.call.dtype not in (None, block.dtype):
        return False
    if _native(case, claims) is None:
        return False
    documented = block.exporter in (*_ARRAYS, "memmap") or case.call.operation == "from_dlpack"
    return documented and _kind(block) in CONTINUOUS and not reads_raw(case, claims)


# --------------------------------------------------------------------------- range


def int_out_of_range(case: Case, claims: Claims) -> bool:
    """Ints of which the default integer dtype, or the one asked for, cannot hold some."""
    dtype = case.call.dtype or defaults_of(case, claims).integer
    if "int" not in (kinds := _only_python(case)) or not kinds <= {"int", "bool"}:
        return False
    known = dtype in claims.dtypes and kind_of(dtype) in INTEGERS
    return known and any(cannot_hold(leaf, dtype) for leaf in leaves_of(case))


def one_out_of_range(case: Case, claims: Claims) -> bool:
    """A lone int or float that the integer dtype asked for cannot hold; no other argument."""
    root = case.root
    if not isinstance(root, Leaf) or root.kind not in ("int", "float"):
        return False
    if len(case.call.arguments) != 1 or _target_kind(case, claims) not in INTEGERS:
        return False
    value = number(root)
    finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return finite and cannot_hold(root, case.call.dtype or "") is not None


def other_ends(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same number in a list, a number beyond the other end of the same dtype, and one
    beyond the range of the first integer dtype that the library has."""
    root, dtype = case.root, case.call.dtype
    assert isinstance(root, Leaf)
    assert dtype is not None
    value = number(root)
    over = isinstance(value, int | float) and value > 0
    first = next(name for name in claims.dtypes if kind_of(name) in INTEGERS)
    return (
        replace(case, source=Values(Nest("list", (root,)))),
        _beyond_end(case, root.kind, dtype, above=not over),
        _beyond_end(case, root.kind, first, above=over),
    )


def _beyond_end(case: Case, kind: str, dtype: str, *, above: bool) -> Case:
    """A call with the same kind of number, next beyond the range; a float clearly beyond it."""
    info = np.iinfo(dtype)
    value = int(info.max) + 1 if above else int(info.min) - 1
    made = py(float(value * 2)) if kind == "float" else py(value)
    return Case(Values(made), case.call.with_argument("dtype", dtype))


def nonfinite_to_int(case: Case, claims: Claims) -> bool:
    """A Python NaN or infinity, among numbers that are not complex, to an integer dtype."""
    kinds = _only_python(case)
    if "float" not in kinds or "complex" in kinds or _target_kind(case, claims) not in INTEGERS:
        return False
    return any(leaf.kind == "float" and not _finite(leaf) for leaf in leaves_of(case))


def _finite(leaf: Leaf) -> bool:
    return all(isinstance(value, int) or math.isfinite(value) for value in parts_of(leaf))


def overflowing_cast(case: Case, claims: Claims) -> bool:
    """An array with the ends of its range, or with NaN and infinities, to an integer dtype."""
    block = _native(case, claims)
    if block is None or _target_kind(case, claims) not in INTEGERS or reads_raw(case, claims):
        return False
    if _kind(block) == "float":
        return block.content in ("specials", "limits")
    other = block.content == "limits" and block.dtype != case.call.dtype
    return other and _kind(block) in INTEGERS


# --------------------------------------------------------------------------- conversions


def fraction_to_int(case: Case, claims: Claims) -> bool:
    """Floats with a fraction, or an array of floats, to an integer dtype."""
    if _target_kind(case, claims) not in INTEGERS:
        return False
    if case.root is None:
        block = _straight(case, claims)
        return block is not None and _kind(block) == "float" and not reads_raw(case, claims)
    return numeric(case.root) and any(map(_fractional, leaves_of(case)))


def _fractional(leaf: Leaf) -> bool:
    value = number(leaf)
    return isinstance(value, float) and math.isfinite(value) and value % 1 != 0


def to_bool(case: Case, claims: Claims) -> bool:
    """Anything but bools to bool."""
    if _target_kind(case, claims) != "bool":
        return False
    if case.root is not None:
        return numeric(case.root) and python_kinds(case.root) != _ONLY_BOOL
    block = _straight(case, claims)
    return block is not None and block.dtype != "bool" and not reads_raw(case, claims)


def complex_to_real(case: Case, claims: Claims) -> bool:
    """Complex numbers, written out or in an array, to a dtype without an imaginary part."""
    if _target_kind(case, claims) not in ("float", *INTEGERS):
        return False
    if case.root is not None:
        return numeric(case.root) and any("complex" in leaf.kind for leaf in leaves_of(case))
    block = _native(case, claims)
    return block is not None and _kind(block) == "complex" and not reads_raw(case, claims)


def to_floating(case: Case, claims: Claims) -> bool:
    """Numbers that may be too large or too fine for the floating dtype that they end in."""
    if case.root is None or not numeric(case.root):
        return False
    if case.call.dtype is not None:
        return case.call.dtype in claims.dtypes and floating(case.call.dtype)
    return not (python_kinds(case.root) or _ONLY_BOOL) <= {"bool", "int"}


def has_large(case: Case, claims: Claims) -> bool:
    """As `to_floating`, with a number near the end of the smallest range or beyond it."""
    return to_floating(case, claims) and any(
        abs(value) > 2**15
        for leaf in leaves_of(case)
        for value in parts_of(leaf)
        if isinstance(value, int) or math.isfinite(value)
    )


# --------------------------------------------------------------------------- routes


def lone_number(case: Case, claims: Claims) -> bool:
    """One Python number to a dtype, with no other argument."""
    root = case.root
    if not isinstance(root, Leaf) or root.kind not in PYTHON_KINDS:
        return False
    return len(case.call.arguments) == 1 and _target_kind(case, claims) != ""


def routes(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same number in a list and in a tuple; as an array scalar, alone and in a list, where
    it has a dtype that holds it and the one asked for can be had from that by promotion."""
    root = case.root
    assert isinstance(root, Leaf)
    nodes: list[Node] = [Nest("list", (root,)), Nest("tuple", (root,))]
    if claims.accepted(case.call.operation, "array_scalar"):
        for one in _array_scalars(root, case.call.dtype or "", claims):
            nodes += [one, Nest("list", (one,))]
    return tuple(replace(case, source=Values(node)) for node in nodes)


def _array_scalars(leaf: Leaf, target: str, claims: Claims) -> Iterator[Leaf]:
    own = {"bool": "bool", "int": "int64", "float": "float64", "complex": "complex128"}[leaf.kind]
    kinds, value = ["bool", "uint", "int", "float", "complex"], number(leaf)
    promotes = kinds.index(kind_of(own)) <= kinds.index(kind_of(target))
    if own in claims.dtypes and value is not None and promotes and exactly_held(leaf, target):
        made = scalar(own, value)
        if exactly_held(made, own):
            yield made


# --------------------------------------------------------------------------- the rest


def is_lazy(case: Case, claims: Claims) -> bool:
    """A view with a pending transform."""
    return case.block is not None and bool(case.block.lazy) and _known_dtype(case, claims)


def is_masked(case: Case, claims: Claims) -> bool:
    """A masked array of NumPy, alone."""
    return case.root == Leaf("thing", "masked")
