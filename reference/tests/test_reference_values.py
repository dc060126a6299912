"""Elements are what the numbers were: exactly, or rounded once, or an exception."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reftensor
from reftensor import rules
from reftensor.layout import Layout
from strategies import NUMPY_DTYPES, Array, layouts

_NARROW = {"float16": (11, -24, 16), "bfloat16": (8, -133, 128), "float32": (24, -149, 128)}
_BORDERS = [
    2**24 + 1,
    2**53 + 1,
    2**60 + 2**36 + 1,
    65519,
    65520,
    2**128,
    257,
    2**1023,
    -(2**70) - 1,
]


def _nearest(value: Fraction, name: str) -> float:
    """The oracle: exact arithmetic, ties to even."""
    precision, least, top = _NARROW[name]
    if not value:
        return 0.0
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    exponent -= abs(value) < Fraction(2) ** exponent
    unit = Fraction(2) ** max(exponent - precision + 1, least)
    rounded = round(value / unit) * unit
    return math.copysign(math.inf, value) if abs(rounded) >= 2**top else float(rounded)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.sampled_from(_BORDERS))
@pytest.mark.parametrize("name", list(_NARROW))
def test_narrowing_rounds_once_to_nearest_even(name: str, value: float) -> None:
    assert reftensor.tensor(value, dtype=name).item() == _nearest(Fraction(value), name)


@given(st.integers(0, 2**16 - 1))
def test_every_bfloat16_survives_and_ties_go_to_even(bits: int) -> None:
    exact = np.array([bits << 16, bits << 16 | 0x8000], "u4").view("f4")
    if not np.isfinite(exact).all():
        return
    kept, tie = reftensor.tensor(exact, dtype="bfloat16").tolist()
    assert kept == exact[0]
    assert tie == _nearest(Fraction(float(exact[1])), "bfloat16")


@given(layouts())
def test_arrays_of_every_layout_are_shared_as_they_are(array: Array) -> None:
    shared = reftensor.as_tensor(array)
    assert shared.shape == array.shape
    assert shared.data_ptr() == array.__array_interface__["data"][0] or not array.size
    assert shared.dtype.name == array.dtype.name
    for copy in (shared, reftensor.tensor(array), shared.to("sim").to("cpu"), shared.T.copy().T):
        assert copy.numpy().tobytes() == array.tobytes()
    assert repr(shared.tolist()) == repr(array.tolist())
    assert not np.shares_memory(reftensor.tensor(array).numpy(), array)


@given(layouts("float32"))
def test_foreign_byte_order_is_turned_by_a_copy(array: Array) -> None:
    foreign = array.astype(">f4")
    for target in (None, "float64", "bool"):
        converted = reftensor.asarray(foreign, dtype=target, device="sim").to("cpu").numpy()
        np.testing.assert_array_equal(converted, array.astype(target or "f4"))
    with pytest.raises(ValueError, match="copy=False"):
        reftensor.asarray(foreign, copy=False)


@given(st.data(), layouts("int16"))
def test_indexing_is_that_of_numpy(data: st.DataObject, array: Array) -> None:
    slices = st.slices(4) | st.none() | st.integers(-5, 4)
    index: tuple[Any, ...] = tuple(data.draw(st.lists(slices, max_size=5)))
    if data.draw(st.booleans()):
        index = (*index, Ellipsis)
    tensor = reftensor.as_tensor(array)
    try:
        expected = np.asarray(array[index])
    except IndexError:
        with pytest.raises(IndexError):
            tensor[index]
        return
    assert tensor[index].tolist() == expected.tolist()
    assert tensor[index].shape == expected.shape


def test_writing_reads_the_value_first_and_broadcasts() -> None:
    tensor = reftensor.tensor([1, 2, 3, 4])
    tensor[1:] = tensor[:-1]
    assert tensor.tolist() == [1, 1, 2, 3]
    square = reftensor.tensor([[0, 0], [0, 0]], device="sim")
    square[:] = [1, 2.9]
    assert square.tolist() == [[1, 2], [1, 2]]
    with pytest.raises(ValueError, match="fill"):
        square[0] = [1, 2, 3]


_SHAPES = [(), (1,), (2,), (3,), (0,), (1, 3), (2, 1), (2, 3), (3, 2), (2, 1, 3)]


@pytest.mark.parametrize(("shape", "target"), list(product(_SHAPES, _SHAPES)))
def test_writing_repeats_elements_as_numpy_broadcasts(
    shape: tuple[int, ...], target: tuple[int, ...]
) -> None:
    value = np.arange(1.0, math.prod(shape) + 1).reshape(shape)
    tensor = reftensor.tensor(np.zeros(target))
    try:
        expected = np.broadcast_to(value, target)
    except ValueError:
        with pytest.raises(ValueError, match="fill"):
            tensor[...] = value
        return
    tensor[...] = value
    np.testing.assert_array_equal(tensor.numpy(), expected)


@pytest.mark.parametrize("name", [*NUMPY_DTYPES, "bfloat16"])
@pytest.mark.parametrize("value", [True, 2**64, -1, 300, 2.5, math.nan, math.inf, 1e300, 1 + 2j])
def test_every_route_converts_alike(value: Any, name: str) -> None:
    wide = np.array(value)
    routes: list[Any] = [value, [value], (value,), [[value]]]
    if wide.dtype != object:
        routes += [wide, wide[None], wide[()], [wide[()]], [wide], reftensor.tensor(wide)]
        if value is not True:  # True and 1 differ only in the row of the table
            routes.append(np.array([value]).astype(">" + wide.dtype.str[1:]))
    outcomes = set()
    for route in routes:
        try:
            result = reftensor.tensor(route, dtype=name)
            outcomes.add(str(result[(0,) * result.ndim].item()))
        except (TypeError, ValueError, OverflowError) as error:
            outcomes.add(type(error).__name__)
    assert len(outcomes) == 1


@given(st.integers())
@pytest.mark.parametrize("name", [*rules.WIDTHS["int"], *rules.WIDTHS["uint"]])
def test_an_int_fits_or_overflows(name: str, value: int) -> None:
    limits = np.iinfo(name)
    if limits.min <= value <= limits.max:
        assert reftensor.tensor([value], dtype=name).tolist() == [value]
    else:
        with pytest.raises(OverflowError, match=r"\[0\]"):
            reftensor.tensor([value], dtype=name)


def test_same_dtype_copies_keep_nan_payloads() -> None:
    array = np.array([0x7FA00001, 0xFFC12345, 0x80000000], "u4").view("f4")
    for copy in (reftensor.tensor(array), reftensor.tensor([array]), reftensor.tensor(list(array))):
        assert copy.numpy().tobytes() == array.tobytes()


@given(st.lists(st.integers(0, 3), max_size=3), st.sampled_from([1, 2, 8]))
def test_row_major_strides_are_those_of_numpy(shape: list[int], itemsize: int) -> None:
    expected = np.empty(shape, f"V{itemsize}").strides
    assert Layout.row_major(shape, itemsize).strides == expected or 0 in shape


@pytest.mark.parametrize("exponent", [24, 53, 54, 60, 63, 64, 100])
def test_an_int_is_rounded_once_however_many_digits_it_has(exponent: int) -> None:
    one, half = 1 << exponent, 1 << (exponent - 24)
    for sign in (1, -1):
        ties = [sign * number for number in (one, one + half, one + half + 1, one + half - 1)]
        got = reftensor.tensor(ties, dtype="float32").tolist()
        low, high = float(sign * one), float(sign * (one + 2 * half))
        assert got == [low, low, high, low if half > 1 else float(ties[3])]


@pytest.mark.parametrize("shape", [(3_000,), (5, 700), (2, 1_500), (1_500, 2), (3, 40, 40)])
@pytest.mark.parametrize("step", [1, -1])
def test_large_arrays_are_converted_like_small_ones(shape: tuple[int, ...], step: int) -> None:
    array = np.arange(math.prod(shape), dtype="int32").reshape(shape)[..., ::step]
    converted = reftensor.as_tensor(array, dtype="float64")
    assert converted.tolist() == array.astype("float64").tolist()


def test_a_refusal_says_where_in_the_array_it_is() -> None:
    array = np.zeros((2, 3, 4))
    array[1, 2, 3] = 300
    with pytest.raises(OverflowError, match=r"\[1\]\[2\]\[3\]"):
        reftensor.as_tensor(array, dtype="uint8")


@pytest.mark.parametrize("order", [1, -1])
def test_uint64_and_signed_ints_agree_where_a_float_settles_it(order: int) -> None:
    names = ("uint64", "int64", "float32")[::order]
    assert rules.common(names, None, rules.Defaults()) == "float32"


@given(layouts())
def test_arrays_in_a_list_are_read_in_their_own_byte_order(array: Array) -> None:
    swapped = array.astype(array.dtype.newbyteorder(">"))
    stacked = reftensor.as_tensor([swapped, swapped])
    assert np.array_equal(stacked.numpy(), np.stack([array, array]), equal_nan=True)
