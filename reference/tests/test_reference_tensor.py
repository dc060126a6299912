"""A tensor is a sequence of its rows, a number if it is one, and readable when printed."""

from __future__ import annotations

import copy as copies
import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import reftensor
from strategies import NUMPY_DTYPES


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (3, 0), (1, 2, 2)])
def test_a_tensor_is_a_sequence_of_its_rows(shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape)
    tensor = reftensor.as_tensor(array)
    assert len(tensor) == len(array)
    assert [row.tolist() for row in tensor] == [row.tolist() for row in array]
    assert all(np.shares_memory(row.numpy(), array) for row in tensor if row.size)


def test_a_tensor_of_rank_0_is_no_sequence() -> None:
    for use in (len, iter, list):
        with pytest.raises(TypeError):
            use(reftensor.tensor(1))


@pytest.mark.parametrize("value", [0, 1, -3, 2.5, 1 + 2j, True, math.inf])
@pytest.mark.parametrize("kind", [bool, int, float, complex])
def test_a_tensor_of_one_element_is_its_number(value: Any, kind: type) -> None:
    for data in (value, [[value]]):
        try:
            expected = kind(value)
        except (TypeError, OverflowError) as error:
            with pytest.raises(type(error)):
                kind(reftensor.tensor(data))
        else:
            assert kind(reftensor.tensor(data)) == expected
    with pytest.raises(ValueError, match="2"):
        kind(reftensor.tensor([value, value]))


def test_dimensions_are_ordered_and_counted_as_in_numpy() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    tensor = reftensor.as_tensor(array)
    assert tensor.transpose().tolist() == tensor.T.tolist() == array.T.tolist()
    for axes in permutations([0, 1, 2]):
        for chosen in (axes, [axis - 3 for axis in axes], (axes[0] - 3, *axes[1:])):
            expected = array.transpose(chosen)
            for view in (tensor.permute(*chosen), tensor.transpose(*chosen)):
                assert (view.shape, view.strides) == (expected.shape, expected.strides)
    for wrong in ([0, 1], [0, 1, 1], [0, 1, 3], [0, 1, -4], [0, 1, -2]):
        with pytest.raises(ValueError, match="dimensions"):
            tensor.permute(*wrong)


@pytest.mark.parametrize("shape", [(), (1,), (10, 10), (101,), (2, 51), (2, 0)])
def test_a_few_elements_are_printed_and_otherwise_the_shape(shape: tuple[int, ...]) -> None:
    tensor = reftensor.tensor(np.ones(shape, "float32"), device="sim:1")
    few = 0 < tensor.size <= 100
    assert (str(tensor.tolist()) in repr(tensor)) == few
    assert (str(tensor.shape) in repr(tensor)) == (not few)
    assert all(word in repr(tensor) for word in ("float32", "sim:1"))


@pytest.mark.parametrize("name", [*NUMPY_DTYPES, "bfloat16"])
def test_a_copy_is_never_the_tensor_itself(name: str) -> None:
    tensor = reftensor.tensor([0, 1], dtype="int16")
    cast = tensor.astype(name)
    assert cast.dtype is tensor.astype(cast.dtype).dtype is reftensor.dtype(name)
    assert cast.tolist() == [0, 1]
    for made in (cast, cast.astype(name), cast.copy(), copies.deepcopy(cast)):
        made[0] = 1
        assert made.tolist() == [1, 1]
    assert tensor.tolist() == [0, 1]
    with pytest.raises(TypeError):
        tensor.astype(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("copy", [None, True, False])
def test_the_array_method_keeps_the_contract_of_numpy(dtype: str | None, copy: Any) -> None:
    array = np.arange(3, dtype="float32")
    tensor = reftensor.as_tensor(array)
    if copy is False and dtype == "float64":
        with pytest.raises(ValueError, match="copy"):
            tensor.__array__(dtype, copy=copy)
        return
    result = tensor.__array__(dtype, copy=copy)
    assert result.dtype == (dtype or "float32")
    assert result.tolist() == array.tolist()
    assert np.shares_memory(result, array) == (not copy and dtype != "float64")
