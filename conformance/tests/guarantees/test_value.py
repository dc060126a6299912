"""Each guarantee about values finds its faults, obvious and hidden, and acquits sound backends."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.cases.model import Block, Case, Leaf, call, py, scalar
from verdicts import Array, Fault, Operation, given, node, numpy_fault, verdict


def block(*, to: str = "", copy: bool | None = None, **fields: Any) -> Case:
    """A call on an array; `to` is the dtype asked for."""
    arguments: dict[str, Any] = {"dtype": to} if to else {}
    return Case(Block(**fields), call("asarray", **arguments, **({"copy": copy} if copy else {})))


# --------------------------------------------------------------------------- faults

Change = Callable[[Any, str], Any]
"""What becomes of a number on its way to a dtype, whose name is empty when none is asked for."""


def each(change: Change) -> Operation:
    """np.asarray with every number changed first, whatever it is nested in."""

    def changed(data: Any, dtype: str) -> Any:
        if isinstance(data, list | tuple):
            return type(data)(changed(item, dtype) for item in data)
        return data if isinstance(data, np.ndarray) else change(data, dtype)

    def asarray(data: Any, **given: Any) -> Array:
        dtype = given.get("dtype")
        return np.asarray(changed(data, "" if dtype is None else dtype.name), **given)

    return asarray


def lose_sign(x: Any, dtype: str) -> Any:
    return x + 0.0 if isinstance(x, float) and not dtype else x


def wrap(x: Any, dtype: str) -> Any:
    return np.array(x).astype(dtype) if isinstance(x, int) and "int" in dtype else x


def saturate_floats_to_int16(x: Any, dtype: str) -> Any:
    return min(x, 32767.0) if isinstance(x, float) and dtype == "int16" else x


def nan_is_zero(x: Any, dtype: str) -> Any:
    return 0 if isinstance(x, float) and np.isnan(x) and dtype == "int64" else x


def nan_is_false(x: Any, dtype: str) -> Any:
    return 0.0 if isinstance(x, float) and np.isnan(x) and dtype == "bool" else x


def round_to_int(x: Any, dtype: str) -> Any:
    return round(x) if isinstance(x, float) and dtype == "int32" else x


def real_without_imaginary_part(x: Any, dtype: str) -> Any:
    return x.real if isinstance(x, complex) and x.imag == 0 and "float" in dtype else x


def clip_halves(x: Any, dtype: str) -> Any:
    return min(max(x, -65504.0), 65504.0) if isinstance(x, float) and dtype == "float16" else x


def round_twice(x: Any, dtype: str) -> Any:
    return np.float32(x) if isinstance(x, float) and dtype == "float16" else x


def read_as_compact(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and not data.flags.c_contiguous and data.ndim:
        strides = np.empty(data.shape, data.dtype).strides
        data = np.lib.stride_tricks.as_strided(data, data.shape, strides)
    return np.asarray(data, **given)


def shuffle_large_copies(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    if given.get("copy") and made.ndim == 1 and made.size > 64:
        made[-2:] = made[-2:][::-1].copy()
    return made


def ints_by_way_of_float(data: Any, **given: Any) -> Array:
    if isinstance(data, list) and all(type(x) is int for x in data):
        data = [int(float(x)) for x in data]
    return np.asarray(data, **given)


def flush_subnormal_halves(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    if given.get("copy") and made.dtype == np.float16:
        made[np.abs(made) < np.finfo(np.float16).smallest_normal] = 0
    return made


def one_nan_for_all(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    if given.get("copy") and made.dtype.kind == "f":
        made[np.isnan(made)] = np.nan
    return made


def saturate_nested_uint16(data: Any, **given: Any) -> Array:
    if isinstance(data, list) and given.get("dtype") == np.uint16:
        data = np.clip(np.array(data), 0, 65535)
    return np.asarray(data, **given)


def floor_half_arrays(data: Any, **given: Any) -> Array:
    half = isinstance(data, np.ndarray) and data.dtype == np.float16
    if half and given.get("dtype") is not None and given["dtype"].kind == "i":
        data = np.floor(data)
    return np.asarray(data, **given)


def bool_of_int(data: Any, **given: Any) -> Array:
    if given.get("dtype") == np.bool_ and isinstance(data, np.ndarray) and data.dtype.kind == "f":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = data.astype(np.int64)
    return np.asarray(data, **given)


def drop_imaginary_parts(data: Any, **given: Any) -> Array:
    real = given.get("dtype") is not None and given["dtype"].kind in "iuf"
    if real and isinstance(data, np.ndarray) and data.dtype.kind == "c":
        data = data.real.copy()
    return np.asarray(data, **given)


def cut_float32_lists(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    if isinstance(data, list) and made.dtype == np.float32:
        bits = np.array(data).view(np.uint64) & ~np.uint64(2**29 - 1)
        return bits.view(np.float64).astype(np.float32)
    return made


def refuse_uint8_tuples(data: Any, **given: Any) -> Array:
    if isinstance(data, tuple) and given.get("dtype") == np.uint8:
        raise TypeError("no tuples of uint8")
    return np.asarray(data, **given)


ABOVE, NEARLY = 1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-23 - 2.0**-30

FAULTS = (
    numpy_fault("value.elements-are-exact", "strided arrays are read as compact",
                read_as_compact, block(layout="F", copy=True)),
    numpy_fault("value.elements-are-exact", "the end of a large copy is shuffled",
                shuffle_large_copies, block(shape=(100,), copy=True)),
    numpy_fault("value.elements-are-exact", "lists of ints go through float",
                ints_by_way_of_float, given([2**53 + 1], dtype="int64")),
    numpy_fault("value.special-floats-survive", "minus zero loses its sign",
                each(lose_sign), given(-0.0)),
    numpy_fault("value.special-floats-survive", "copies of half arrays are flushed",
                flush_subnormal_halves,
                block(dtype="float16", content="specials", shape=(8,), copy=True)),
    numpy_fault("value.same-dtype-is-bit-exact", "copies have one NaN for all",
                one_nan_for_all, block(content="payloads", shape=(3,), copy=True)),
    numpy_fault("value.int-overflow-raises", "ints wrap", each(wrap), given(300, dtype="uint8"),
                given([300], dtype="uint8")),
    numpy_fault("value.int-overflow-raises", "nested uint16 saturates",
                saturate_nested_uint16, given([[70000], [1]], dtype="uint16")),
    numpy_fault("value.range-rule-is-uniform", "floats beyond int16 saturate, others raise",
                each(saturate_floats_to_int16), given(1e30, dtype="int16")),
    numpy_fault("value.nan-to-int-raises", "NaN in a list is zero", each(nan_is_zero),
                given([float("nan")], dtype="int64")),
    numpy_fault("value.float-to-int-truncates", "floats are rounded", each(round_to_int),
                given(1.75, dtype="int32")),
    numpy_fault("value.float-to-int-truncates", "half arrays are floored", floor_half_arrays,
                block(dtype="float16", content="fractions", shape=(6,), to="int32")),
    numpy_fault("value.to-bool-is-nonzero", "arrays are truncated first", bool_of_int,
                block(content="fractions", shape=(6,), to="bool")),
    numpy_fault("value.to-bool-is-nonzero", "NaN is False", each(nan_is_false),
                given(float("nan"), dtype="bool")),
    numpy_fault("value.complex-to-real", "imaginary parts are dropped in silence",
                drop_imaginary_parts, block(dtype="complex64", to="float32")),
    numpy_fault("value.complex-to-real", "a complex without imaginary part is real",
                each(real_without_imaginary_part), given(1 + 0j, dtype="float64")),
    numpy_fault("value.float-overflow-is-inf", "half floats are clipped", each(clip_halves),
                given(1e30, dtype="float16")),
    numpy_fault("value.narrowing-is-correctly-rounded", "halves are rounded twice",
                each(round_twice), given(ABOVE, dtype="float16")),
    numpy_fault("value.narrowing-is-correctly-rounded", "lists are cut, not rounded",
                cut_float32_lists, given([NEARLY], dtype="float32")),
    numpy_fault("value.routes-agree", "tuples of uint8 are refused", refuse_uint8_tuples,
                given(3, dtype="uint8")),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    broken = verdict(fault.faulty, fault.cases).broken
    assert fault.id in broken
    assert broken <= {fault.id} | fault.also


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- read paths


def test_a_read_path_that_lies_is_found() -> None:
    lying = derive(numpy_backend, paths={"tolist": lambda t: t[::-1].tolist()})
    assert "value.elements-are-exact" in verdict(lying, [block(shape=(3,))]).broken


def test_a_read_path_that_gives_impossible_numbers_is_found() -> None:
    lying = derive(numpy_backend, paths={"tolist": lambda t: [-1] * t.size})
    case = block(dtype="uint8", shape=(3,))
    assert "value.elements-are-exact" in verdict(lying, [case]).broken


# --------------------------------------------------------------------------- fairness


def test_refusing_what_may_be_refused_breaks_nothing() -> None:
    def strict(data: Any, **given: Any) -> Array:
        if given.get("dtype") is not None and given["dtype"].kind in "iub":
            raise ValueError("no conversion to integers or bool")
        return np.asarray(data, **given)

    refusing = derive(numpy_backend, operations={"asarray": strict})
    cases = [given(1.5, dtype="int32"), given(2.5, dtype="bool"),
             block(content="fractions", to="int32"), block(to="bool")]  # fmt: skip
    assert not {x for x in verdict(refusing, cases).broken if x.startswith("value.")}


def test_an_int_may_find_a_wider_integer_dtype() -> None:
    """np.asarray(2**63) is uint64: no number is wrong."""
    assert "value.int-overflow-raises" in verdict(numpy_backend, [given(2**63)]).kept


def test_numpy_scalars_are_numbers_too() -> None:
    cases = [node(scalar("float32", 1.5)), node(scalar("uint64", 2**64 - 1))]
    assert "value.elements-are-exact" in verdict(numpy_backend, cases).kept


COLUMNS = Case(
    Block("memoryview", "float32", (2, 3), "F", alignment=0), call("frombuffer", dtype="float32")
)


@pytest.mark.parametrize("order", ["A", "C"])
def test_a_buffer_that_is_not_in_c_order_may_be_read_in_any(order: Any) -> None:
    """No document says which of its elements comes first; NumPy refuses it."""

    def frombuffer(data: Any, **given: Any) -> Array:
        return np.frombuffer(memoryview(data).tobytes(order), **given)

    reading = derive(numpy_backend, operations={"frombuffer": frombuffer})
    assert not {x for x in verdict(reading, [COLUMNS]).broken if x.startswith("value.")}


# --------------------------------------------------------------------------- lazy values


class Conjugated(np.ndarray):
    """A view whose values are the conjugates of what its memory holds."""


def resolved(t: Array) -> Array:
    return np.conj(t.view(np.ndarray)) if isinstance(t, Conjugated) else t


def lazy(data: Any, **given: Any) -> Array:
    return data if isinstance(data, Conjugated) and not given else np.asarray(data, **given)


LAZY = derive(
    numpy_backend,
    operations={"asarray": lazy},
    read=lambda t: resolved(t).tobytes(),
    lazy={"conjugate": lambda t: t.view(Conjugated)},
    address=None,
    strides=None,
    paths={},
)
CONJUGATE = Case(Block("own", "complex64", (3,), alignment=0, lazy="conjugate"), call("asarray"))


def test_a_view_that_stays_lazy_shows_its_values() -> None:
    assert "value.lazy-bits-are-resolved" in verdict(LAZY, [CONJUGATE]).kept


def test_a_pending_transform_that_is_lost_is_found() -> None:
    losing = derive(LAZY, operations={"asarray": np.asarray})
    assert "value.lazy-bits-are-resolved" in verdict(losing, [CONJUGATE]).broken


# --------------------------------------------------------------------------- observations


def test_what_a_cast_does_is_noted() -> None:
    case = block(dtype="int16", content="limits", shape=(6,), to="int8")
    assert "int to int: wraps" in verdict(numpy_backend, [case]).notes


def test_what_becomes_of_a_mask_is_noted() -> None:
    assert verdict(numpy_backend, [node(Leaf("thing", "masked"))]).notes == ("the mask is dropped",)


def test_a_number_is_its_own_nearest_where_it_fits() -> None:
    assert (
        "value.narrowing-is-correctly-rounded"
        not in verdict(numpy_backend, [node(py(1.5), dtype="float16")]).kept
    )
