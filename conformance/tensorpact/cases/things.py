"""Things that are no data, data of odd kinds, and the sequences that values can be nested in."""

from __future__ import annotations

import array
import ctypes
import decimal
import enum
import io
import pickle
from collections import UserList, deque, namedtuple
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from tensorpact.cases.counting import ARRAYS
from tensorpact.cases.hostile_objects import HOSTILE_OBJECTS, described
from tensorpact.cases.hostile_sequences import HOSTILE_SEQUENCES, Sized
from tensorpact.cases.thing import InputError as InputError
from tensorpact.cases.thing import Thing


class Opaque:
    """An object without any protocol."""


class Text(str):
    """A subclass of str."""


class Colour(enum.IntEnum):
    """Ints with names."""

    RED = 3


class Whole(int):
    """A subclass of int that changes nothing."""


class Real(float):
    """A subclass of float that changes nothing."""


class Record(ctypes.Structure):
    """A C structure of two numbers."""

    _fields_ = (("a", ctypes.c_int), ("b", ctypes.c_double))


Pair = namedtuple("Pair", "a b")
_NULL = {"shape": (1, 0), "typestr": "<f4", "version": 3, "data": (0, False)}

_NO_DATA: Mapping[str, Thing] = {
    "set": Thing(lambda: {1.0, 2.0}, "{1.0, 2.0}"),
    "frozenset": Thing(lambda: frozenset({1}), "frozenset({1})"),
    "dict": Thing(lambda: {0: 1.0}, "{0: 1.0}"),
    "dict_values": Thing(lambda: {0: 1.0}.values(), "{0: 1.0}.values()"),
    "generator": Thing(lambda: (x for x in (1.0, 2.0)), "(x for x in (1.0, 2.0))", iterator=True),
    "iterator": Thing(lambda: iter([1.0, 2.0]), "iter([1.0, 2.0])", iterator=True),
    "map": Thing(lambda: map(float, (1, 2)), "map(float, (1, 2))", iterator=True),
    "object": Thing(Opaque, "object()"),
    "function": Thing(lambda: len, "len"),
    "type": Thing(lambda: float, "float"),
    "ellipsis": Thing(lambda: ..., "..."),
    "slice": Thing(lambda: slice(2), "slice(2)"),
    "fraction": Thing(lambda: Fraction(1, 2), "Fraction(1, 2)"),
    "text_subclass": Thing(lambda: Text("1"), "type('Text', (str,), {})('1')"),
}


def _data(make: Callable[[], Any], text: str) -> Thing:
    return Thing(make, text, data=True)


_DATA: Mapping[str, Thing] = {
    "masked": _data(
        lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
        "np.ma.array([1.0, 2.0], mask=[False, True])",
    ),
    "int_enum": _data(lambda: Colour.RED, "enum.IntEnum('Colour', 'RED').RED"),
    "int_subclass": _data(lambda: Whole(3), "type('Whole', (int,), {})(3)"),
    "float_subclass": _data(lambda: Real(1.5), "type('Real', (float,), {})(1.5)"),
    "decimal": _data(lambda: decimal.Decimal("1.5"), "decimal.Decimal('1.5')"),
    "named_tuple": _data(lambda: Pair(1.0, 2.0), "namedtuple('Pair', 'a b')(1.0, 2.0)"),
    "range": _data(lambda: range(3), "range(3)"),
    "ctypes_array": _data(lambda: (ctypes.c_float * 3)(1, 2, 3), "(ctypes.c_float * 3)(1, 2, 3)"),
    "ctypes_rows": _data(lambda: (ctypes.c_int * 2 * 3)(), "(ctypes.c_int * 2 * 3)()"),
    "ctypes_empty": _data(lambda: (ctypes.c_double * 0)(), "(ctypes.c_double * 0)()"),
    "ctypes_scalar": _data(lambda: ctypes.c_double(1.5), "ctypes.c_double(1.5)"),
    "ctypes_chars": _data(
        lambda: ctypes.create_string_buffer(b"ab"), "(ctypes.c_char * 3)(*b'ab')"
    ),
    "ctypes_pointers": _data(lambda: (ctypes.c_void_p * 2)(), "(ctypes.c_void_p * 2)()"),
    "ctypes_swapped": _data(
        lambda: (ctypes.c_int.__ctype_be__ * 2)(1, 2),
        "(ctypes.c_int.__ctype_be__ * 2)(1, 2)",
    ),
    "ctypes_structures": _data(
        lambda: (Record * 2)(), "(type('R', (ctypes.Structure,), {'_fields_': [...]}) * 2)()"
    ),
    "empty_buffer": _data(bytearray, "bytearray()"),
    "empty_bytes_view": _data(lambda: memoryview(b""), "memoryview(b'')"),
    "empty_array": _data(lambda: array.array("d"), "array.array('d')"),
    "text_array": _data(lambda: array.array("u", "ab"), "array.array('u', 'ab')"),
    "file_buffer": _data(
        lambda: io.BytesIO(b"12345678").getbuffer(), "io.BytesIO(b'…').getbuffer()"
    ),
    "pickle_buffer": _data(
        lambda: pickle.PickleBuffer(bytearray(8)), "pickle.PickleBuffer(bytearray(8))"
    ),
    "view_0d": _data(
        lambda: memoryview(bytearray(8)).cast("d", ()), "memoryview(bytearray(8)).cast('d', ())"
    ),
    "view_backwards": _data(
        lambda: np.arange(6.0).reshape(2, 3)[:, ::-1].data,
        "memoryview(np.arange(6.0).reshape(2, 3)[:, ::-1])",
    ),
    "view_without_elements": _data(
        lambda: np.ones((2, 0, 3)).data, "memoryview(np.ones((2, 0, 3)))"
    ),
    "no_bytes_an_item": _data(lambda: np.zeros(3, "V0"), "np.zeros(3, 'V0')"),
    "no_fields": _data(lambda: np.zeros(3, np.dtype([])), "np.zeros(3, np.dtype([]))"),
    "rank_64": _data(lambda: np.ones((1,) * 64), "np.ones((1,) * 64)"),
    "null_and_empty": _data(
        described("__array_interface__", lambda: _NULL),
        "an object with an empty __array_interface__ at the address 0",
    ),
}


THINGS: Mapping[str, Thing] = {
    **_NO_DATA,
    **_DATA,
    **ARRAYS,
    **HOSTILE_SEQUENCES,
    **HOSTILE_OBJECTS,
}

SEQUENCES: Mapping[str, Callable[[list[Any]], Any]] = {
    "list": lambda items: items,
    "tuple": tuple,
    "UserList": UserList,
    "deque": deque,
    "Sequence": Sized,
}
"""The sequences that values can be nested in; the last three are no list or tuple."""
