"""Every cell of the tables is what the operations do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reftensor
from reftensor import Tensor, rules
from reftensor.rules import Column, Data, Memory, Need, Operation, PythonKind, Refusal
from strategies import nested

_NAMES = [name for names in rules.WIDTHS.values() for name in names] + ["bfloat16"]


def _source(data: Data, need: Need, operation: Operation) -> Any:
    if data is Data.VALUES:
        return [1.0, 2.0]
    array = np.arange(1.0, 4.0, dtype="f4")
    if need is Need.LAYOUT and operation is Operation.FROM_DLPACK:
        return np.zeros(3, [("a", "f4"), ("b", "u1")])["a"]
    if need is Need.LAYOUT:
        return array[::2] if operation is Operation.FROMBUFFER else array.astype(">f4")
    return reftensor.tensor(array) if data is Data.OWN else array


def _call(column: Column, need: Need, source: Any) -> Tensor:
    operation, copy = column
    keywords: dict[str, Any] = {} if copy is None else {"copy": copy}
    if need is Need.DTYPE:
        keywords["dtype"] = "float64"
    if need is Need.DEVICE:
        keywords["device"] = "sim:1"
    if operation is Operation.FROMBUFFER:
        keywords["dtype"] = "float32"
    call: Callable[..., Tensor] = getattr(reftensor, operation)
    return call(source, **keywords)


def _cells() -> Iterator[tuple[Data, Need, Column, Memory]]:
    for (data, need), row in rules.MEMORY.items():
        for column, outcome in row.items():
            if outcome is not None:
                yield data, need, column, outcome


@pytest.mark.parametrize(("data", "need", "column", "outcome"), list(_cells()))
def test_memory_is_as_the_table_says(
    data: Data, need: Need, column: Column, outcome: Memory
) -> None:
    source = _source(data, need, column[0])
    if outcome is Memory.REFUSE:
        with pytest.raises((TypeError, ValueError, BufferError)):
            _call(column, need, source)
        return
    result = _call(column, need, source)
    assert (result is source) == (outcome is Memory.SAME)
    if isinstance(source, list):
        return
    before = source.tolist()
    result[0] = 7
    changed = source.tolist() != before
    assert changed == (outcome in (Memory.SAME, Memory.SHARE))


def _refusable() -> Iterator[tuple[Data, Need, Column]]:
    for data, need, (operation, copy), _ in _cells():
        sharing = operation in (Operation.FROMBUFFER, Operation.FROM_DLPACK)
        # The buffer itself, or the exporter, settles these before the table is asked.
        settled = need is Need.LAYOUT or (copy is True and need is Need.NOTHING)
        if not (sharing and settled):
            yield data, need, (operation, copy)


@pytest.mark.parametrize(("data", "need", "column"), list(_refusable()))
def test_where_the_table_refuses_the_refusal_names_the_data_and_the_need(
    data: Data, need: Need, column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {**rules.MEMORY[data, need], column: Memory.REFUSE}
    monkeypatch.setattr(rules, "MEMORY", {**rules.MEMORY, (data, need): row})
    source = _source(data, need, column[0])
    shared = data is not Data.VALUES and need is not Need.NOTHING
    reason = Refusal.NOT_EXPORTABLE if shared else Refusal.WRONG_TYPE
    if column == (Operation.ASARRAY, False):
        reason = Refusal.NEEDS_COPY
    with pytest.raises(rules.REFUSALS[reason][0], match=type(source).__name__) as refused:
        _call(column, need, source)
    assert not shared or need in str(refused.value)


@given(nested(st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.complex_numbers()))
def test_python_numbers_infer_by_the_table(data: Any) -> None:
    flat = list(np.array(data, dtype=object).ravel())
    kinds = [PythonKind(type(number).__name__) for number in flat]
    expected = rules.infer(rules.python_kind(kinds), rules.Defaults())
    for ingest in (reftensor.as_tensor, reftensor.tensor, reftensor.asarray):
        result = ingest(data)
        assert result.dtype.name == expected
        assert result.shape == np.array(data, dtype=object).shape


@pytest.mark.parametrize(("a", "b"), list(product(_NAMES, _NAMES)))
def test_dtyped_scalars_promote_by_the_table_in_any_order(a: str, b: str) -> None:
    scalars = [reftensor.tensor(1, dtype=name) for name in (a, b)]
    common = rules.promote(a, b)
    for data in (scalars, scalars[::-1]):
        if common is None:
            with pytest.raises(TypeError, match="no common dtype"):
                reftensor.tensor(data)
        else:
            assert reftensor.tensor(data).dtype.name == common


@given(st.lists(st.sampled_from(_NAMES), min_size=1), st.randoms())
def test_the_common_dtype_does_not_depend_on_the_order(names: list[str], random: Random) -> None:
    shuffled = random.sample(names, len(names))
    scalars = [reftensor.tensor(1, dtype=name) for name in shuffled]
    common = rules.common(names, None, rules.Defaults())
    if common is not None:
        assert reftensor.tensor(scalars).dtype.name == common


@pytest.mark.parametrize("operation", list(Operation))
def test_host_data_goes_where_placement_says(operation: Operation) -> None:
    array = np.ones(2, "f4")
    tensors = [reftensor.tensor(1, device=device) for device in ("cpu", "sim:0", "sim:1")]
    with reftensor.default_device("sim:1"):
        result = _call((operation, None), Need.NOTHING, array)
        assert all(reftensor.as_tensor(tensor) is tensor for tensor in tensors)
    follows = rules.Place.DEFAULT in rules.PLACEMENT[operation]
    assert str(result.device) == ("sim:1" if follows else "cpu")


@pytest.mark.parametrize("device", ["cuda", "cpu:1", "sim:2", "sim:", "", "CPU"])
def test_devices_that_do_not_exist_are_refused(device: str) -> None:
    for data in ([1], np.ones(1), reftensor.tensor(1)):
        with pytest.raises(ValueError, match="no device"):
            reftensor.as_tensor(data, device=device)
