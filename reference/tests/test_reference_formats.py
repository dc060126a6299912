"""Other protocols describe memory in words of their own, which are read to the letter."""

from __future__ import annotations

import re
import string
import sys
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest

import reftensor
from reftensor import dtypes
from strategies import NUMPY_DTYPES

_VIEWS: list[dict[str, Any]] = [
    {"shape": ()},
    {"shape": (0,)},
    {"shape": (3,)},
    {"shape": (3,), "strides": (-2,)},
    {"shape": (2, 3)},
    {"shape": (2, 3), "strides": (-2, 2)},
    {"shape": (2, 0, 3), "strides": (2, 2, -2)},
    {"shape": (4, 2), "strides": (0, 1)},
    {"shape": (1,) * 64},
]


class _Block(bytearray):
    __array_interface__: dict[str, Any]


@pytest.mark.parametrize("view", _VIEWS)
@pytest.mark.parametrize("typestr", ["<i2", ">i2", "|u1", "<f4"])
def test_an_array_interface_reads_what_lies_in_its_buffer(
    view: dict[str, Any], typestr: str
) -> None:
    block = _Block(range(12))
    for place in ({}, *({"offset": offset} for offset in range(14))):
        interface = {"version": 3, "typestr": typestr, **view, **place}
        block.__array_interface__ = interface
        for data in (block, SimpleNamespace(__array_interface__=interface | {"data": block})):
            try:
                expected = np.ndarray(
                    view["shape"], typestr, block, place.get("offset", 0), view.get("strides")
                )
            except (TypeError, ValueError):
                with pytest.raises(ValueError, match="beyond"):
                    reftensor.as_tensor(data)
            else:
                assert reftensor.as_tensor(data).tolist() == expected.tolist()


@pytest.mark.parametrize("block", [bytearray(4), bytes(4)])
def test_an_array_interface_is_as_writable_as_its_buffer(block: Any) -> None:
    interface = {"version": 3, "typestr": "|u1", "shape": (4,), "data": block}
    shared = reftensor.as_tensor(SimpleNamespace(__array_interface__=interface))
    assert shared.readonly is memoryview(block).readonly


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"shape": (-1,)}, ValueError),
        ({"offset": -1}, ValueError),
        ({"shape": (1,) * 65}, ValueError),
        ({"strides": (2, 2)}, ValueError),
        ({"mask": np.zeros(3, bool)}, TypeError),
        ({"typestr": "|O8"}, TypeError),
        ({"shape": (1.0,)}, TypeError),
        ({"shape": (1 << 62,), "strides": (0,)}, ValueError),
        ({"shape": (1 << 70, 0)}, ValueError),
        ({"offset": 2.0}, TypeError),
        ({"data": (1.5, False)}, TypeError),
        ({"data": memoryview(bytearray(16))[::-1]}, BufferError),
        ({"data": None}, TypeError),
    ],
)
def test_an_array_interface_must_make_sense(wrong: dict[str, Any], error: type[Exception]) -> None:
    interface = {"version": 3, "typestr": "<i2", "shape": (3,), "data": bytearray(16)}
    with pytest.raises(error):
        reftensor.as_tensor(SimpleNamespace(__array_interface__=interface | wrong))
    with pytest.raises(TypeError, match="CUDA"):
        reftensor.as_tensor(SimpleNamespace(__cuda_array_interface__=interface))


@pytest.mark.parametrize("mark", string.printable)
def test_a_buffer_format_begins_with_a_byte_order_or_none(mark: str) -> None:
    format = f"{mark}i"
    if mark in "@=<>!":
        foreign = ">!" if sys.byteorder == "little" else "<"
        assert dtypes.from_format(format, 4) == (reftensor.int32, mark in foreign)
    else:
        with pytest.raises(TypeError, match=re.escape(repr(format))):
            dtypes.from_format(format, 4)


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_a_typestr_says_the_byte_order_of_the_machine(
    byteorder: Literal["little", "big"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "byteorder", byteorder)
    for name in NUMPY_DTYPES:
        expected = np.dtype(name).newbyteorder(byteorder).str
        assert dtypes.typestr(reftensor.dtype(name)) == expected
