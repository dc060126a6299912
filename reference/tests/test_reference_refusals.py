"""Whatever Python code can build gives a tensor or an exception that says what was wrong."""

from __future__ import annotations

from collections import UserList, deque
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reftensor
from reftensor import Tensor
from strategies import LEAVES

_INGEST: list[Callable[..., Tensor]] = [reftensor.as_tensor, reftensor.tensor, reftensor.asarray]
_ERRORS = (TypeError, ValueError, OverflowError)


class _Sequence:
    def __init__(self, length: Any, item: Callable[[int], Any]) -> None:
        self.length, self.item = length, item

    def __len__(self) -> int:
        return self.length  # type: ignore[no-any-return]

    def __getitem__(self, index: int) -> Any:
        return self.item(index)


@given(st.recursive(LEAVES, st.lists), st.sampled_from(["int8", "float16", "bool", None]))
def test_any_nesting_gives_a_tensor_of_its_shape_or_an_exception(data: Any, dtype: Any) -> None:
    try:
        result = reftensor.tensor(data, dtype=dtype)
    except _ERRORS:
        return
    assert result.shape == np.array(data, dtype=object).shape


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([[], [1]], "[1]"),
        ([[1], 2], "[1]"),
        ([1, [2]], "[1]"),
        ([[[1], [2]], [[3], [4, 5]]], "[1][1]"),
        ([[[]], []], "[1]"),
        ([np.zeros((0, 3)), []], "[1]"),
        ([np.zeros(2), np.zeros(3)], "[1]"),
        ([[1, 2], [3, np.zeros(1)]], "[1][1]"),
        ([reftensor.tensor([1]), 1], "[1]"),
    ],
)
def test_irregular_nesting_is_named_with_its_place_and_the_shape_expected(
    data: Any, place: str
) -> None:
    for ingest in _INGEST:
        with pytest.raises(ValueError, match=rf"irregular nesting.* at {_escaped(place)},.*\("):
            ingest(data, device="sim")


def _escaped(place: str) -> str:
    return place.replace("[", r"\[").replace("]", r"\]")


@pytest.mark.parametrize("wrong", ["ab", b"ab", None, {1}, {0: 1}, object(), type, np.str_("a")])
def test_what_is_no_number_is_refused_wherever_it_stands(wrong: Any) -> None:
    for data in (wrong, [wrong], [[1], [wrong]]):
        for dtype in (None, "float32"):
            with pytest.raises(TypeError):
                reftensor.as_tensor(data, dtype=dtype)


def test_generators_are_refused_and_not_consumed() -> None:
    generator: Iterator[int] = iter([1, 2])
    with pytest.raises(TypeError):
        reftensor.tensor(generator)
    assert next(generator) == 1


@pytest.mark.parametrize("code", ["U1", "S1", "O", "V4", "M8[s]", "m8[s]", "g", "G", "f4,i4"])
def test_arrays_of_unknown_dtypes_are_refused(code: str) -> None:
    array = np.zeros(2, code)
    for data in (array, array[0] if code != "O" else object(), [array]):
        with pytest.raises(TypeError):
            reftensor.as_tensor(data)


def _itself(depth: int) -> list[Any]:
    data: list[Any] = []
    data.append(data if not depth else _itself(depth - 1))
    return data


def test_endless_nesting_raises() -> None:
    doubled: list[Any] = [1]
    for _ in range(60):
        doubled = [doubled, doubled]
    deep: list[Any] = [1]
    for _ in range(100_000):
        deep = [deep]
    first_plain: list[Any] = [[1]]
    first_plain.append(first_plain)
    for data in (_itself(0), _itself(3), deep, first_plain):
        with pytest.raises(ValueError, match="nest"):
            reftensor.tensor(data)
    with pytest.raises(MemoryError):
        reftensor.tensor(doubled)


def _fail(error: Exception) -> Callable[[int], Any]:
    def item(_: int) -> Any:
        raise error

    return item


def test_hostile_sequences_raise() -> None:
    grows: list[Any] = [0, 0]

    def grow(index: int) -> list[Any]:
        grows.append(index)
        return grows

    for sequence, error in [
        (_Sequence(3, [1, 2].__getitem__), ValueError),
        (_Sequence(2, lambda _: 1), ValueError),
        (_Sequence(2**62, lambda _: 1), MemoryError),
        (_Sequence(-1, lambda _: 1), ValueError),
        (_Sequence("x", lambda _: 1), TypeError),
        (_Sequence(2, _fail(ZeroDivisionError())), ZeroDivisionError),
        (_Sequence(2, grow), ValueError),
        (range(10**15), MemoryError),
        (np.broadcast_to(np.float32(1), (1 << 60,)), MemoryError),
    ]:
        with pytest.raises(error):
            reftensor.tensor([sequence])


def test_every_sequence_counts_as_one() -> None:
    for data in (range(3), deque([0, 1, 2]), UserList([0, 1, 2]), (0, 1, 2)):
        assert reftensor.as_tensor(data).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"offset": 1 << 70}, ValueError),
        ({"count": 1 << 70}, ValueError),
        ({"count": 1.0}, TypeError),
        ({"dtype": "float"}, TypeError),
        ({"requires_grad": True}, TypeError),
    ],
)
def test_frombuffer_keeps_to_its_bounds(keywords: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        reftensor.frombuffer(bytearray(16), **{"dtype": "int32", **keywords})


@pytest.mark.parametrize("nbytes", range(8))
@pytest.mark.parametrize("code", ["int8", "int16", "int32"])
def test_frombuffer_takes_what_lies_within_and_nothing_else(nbytes: int, code: str) -> None:
    block, itemsize = bytes(range(nbytes)), np.dtype(code).itemsize
    for offset, count in product(range(-1, nbytes + 2), range(-2, nbytes + 2)):
        rest = nbytes - offset
        taken = rest if count < 0 else count * itemsize
        if 0 <= offset <= nbytes and taken <= rest and taken % itemsize == 0:
            shared = reftensor.frombuffer(block, dtype=code, count=count, offset=offset)
            assert shared.numpy().tobytes() == block[offset : offset + taken]
        else:
            with pytest.raises(ValueError, match=r"\d"):
                reftensor.frombuffer(block, dtype=code, count=count, offset=offset)


def test_frombuffer_reads_elements_in_c_order_only() -> None:
    columns = np.ones((2, 3), "float32").T.data
    with pytest.raises(BufferError):
        reftensor.frombuffer(columns, dtype="float32")


class _Old:
    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None) -> Any:
        return self.array


class _New(_Old):
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.copy = copy
        return self.array


def test_array_methods_share_unless_they_cannot_promise_it() -> None:
    array = np.zeros(3)
    for data in (_Old(array), _New(array)):
        reftensor.as_tensor(data)[0] = 1
        assert array[0] == 1
        reftensor.tensor(data)[0] = 2
        assert array[0] == 1
    new = _New(array)
    assert reftensor.asarray(new, copy=False).data_ptr() == array.ctypes.data
    assert new.copy is False
    with pytest.raises(ValueError, match="_Old"):
        reftensor.asarray(_Old(array), copy=False)
    with pytest.raises(TypeError, match="not an ndarray"):
        reftensor.asarray(_Old([1]))


@pytest.mark.parametrize("value", [1j, [[0, 1j]]])
def test_complex_numbers_are_refused_by_the_name_of_the_dtype(value: Any) -> None:
    for name in ("float32", "int8"):
        with pytest.raises(TypeError, match=name):
            reftensor.tensor(value, dtype=name)


def test_from_numpy_wants_an_array() -> None:
    for data in ([1], np.float32(1), reftensor.tensor([1]), bytearray(4), None):
        with pytest.raises(TypeError):
            reftensor.from_numpy(data)
