"""Things that are no data, and sequences that misbehave: each a name and a factory.

A factory gives a new object at every call. The text beside it is what a person would type.
"""

from __future__ import annotations

from collections import UserList, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np


class InputError(Exception):
    """Raised by the input's own methods; a call that meets it must let it through."""


class Opaque:
    """An object without any protocol."""


class _Sized(Sequence[Any]):
    """A sequence of floats that is well behaved; the hostile ones change one thing."""

    def __init__(self, items: Sequence[Any] = (1.0, 2.0, 3.0)) -> None:
        self.items = list(items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


class Overstated(_Sized):
    """`len` promises two items more than there are."""

    def __len__(self) -> int:
        return len(self.items) + 2


class RaisingLen(_Sized):
    """Asking for its length raises."""

    def __len__(self) -> int:
        raise InputError("len")


class RaisingItem(_Sized):
    """Reading its second item raises."""

    def __getitem__(self, index: Any) -> Any:
        if index == 1:
            raise InputError("item 1")
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self.items)))


class Shrinking(_Sized):
    """Reading an item removes the last one."""

    def __getitem__(self, index: Any) -> Any:
        item = self.items[index]
        if len(self.items) > 1:
            self.items.pop()
        return item


class HugeLen(_Sized):
    """Its length is more than any memory holds."""

    def __len__(self) -> int:
        return 2**62


class NegativeLen(_Sized):
    """Its length is negative."""

    def __len__(self) -> int:
        return -1


class RaisingFloat:
    """Converting it to a number raises."""

    def __float__(self) -> float:
        raise InputError("float")

    def __index__(self) -> int:
        raise InputError("index")


class RaisingArray:
    """Its `__array__` raises."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise InputError("array")


class WrongArray:
    """`__array__` gives something that is no array."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        return [1.0, 2.0]


class RaisingDLPack:
    """Its `__dlpack__` raises."""

    def __dlpack__(self, **_: Any) -> Any:
        raise InputError("dlpack")

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class WrongDLPack(RaisingDLPack):
    """`__dlpack__` gives something that is no capsule."""

    def __dlpack__(self, **_: Any) -> Any:
        return "capsule"


class BadInterface:
    """`__array_interface__` with a type that does not exist."""

    @property
    def __array_interface__(self) -> Any:
        return {"shape": (2,), "typestr": "?!", "version": 3, "data": (0, False)}


class RaisingInterface:
    """Asking for its `__array_interface__` raises."""

    @property
    def __array_interface__(self) -> Any:
        raise InputError("interface")


def _self_containing() -> list[Any]:
    inside: list[Any] = [1.0]
    inside.append(inside)
    return inside


@cache
def _deep(levels: int) -> list[Any]:
    """One list for all cases: to make it and to take it apart costs more than to refuse it."""
    nested: list[Any] = [1.0]
    for _ in range(levels - 1):
        nested = [nested]
    return nested


def _mutually_containing() -> list[Any]:
    first: list[Any] = []
    first.append([first])
    return first


@dataclass(frozen=True, slots=True)
class Thing:
    """A factory, its text, and whether it is hostile (else it is merely no data).

    `raises`: the object's own methods raise InputError. `iterator`: it is consumed by reading.
    `data`: it is data after all, of a kind about which no authority says anything.
    """

    make: Callable[[], Any]
    text: str
    hostile: bool = False
    raises: bool = False
    iterator: bool = False
    deep: bool = False
    data: bool = False


THINGS: Mapping[str, Thing] = {
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
    "masked": Thing(
        lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
        "np.ma.array([1.0, 2.0], mask=[False, True])",
        data=True,
    ),
    "fraction": Thing(lambda: Fraction(1, 2), "Fraction(1, 2)"),
    "overstated": Thing(Overstated, "a sequence whose len() is too large", hostile=True),
    "raising_len": Thing(RaisingLen, "a sequence whose len() raises", True, True),
    "raising_item": Thing(RaisingItem, "a sequence whose second item raises", True, True),
    "shrinking": Thing(Shrinking, "a sequence that shrinks while it is read", hostile=True),
    "huge_len": Thing(HugeLen, "a sequence whose len() is 2**62", hostile=True),
    "negative_len": Thing(NegativeLen, "a sequence whose len() is -1", hostile=True),
    "raising_float": Thing(RaisingFloat, "an object whose __float__ raises", True, True),
    "raising_array": Thing(RaisingArray, "an object whose __array__ raises", True, True),
    "wrong_array": Thing(WrongArray, "an object whose __array__ gives a list", hostile=True),
    "raising_dlpack": Thing(RaisingDLPack, "an object whose __dlpack__ raises", True, True),
    "wrong_dlpack": Thing(WrongDLPack, "an object whose __dlpack__ gives a str", hostile=True),
    "bad_interface": Thing(BadInterface, "an object with a bad __array_interface__", hostile=True),
    "raising_interface": Thing(
        RaisingInterface, "an object whose __array_interface__ raises", True, True
    ),
    "self_containing": Thing(
        _self_containing, "(lambda a: a.append(a) or a)([1.0])", hostile=True, deep=True
    ),
    "mutually_containing": Thing(
        _mutually_containing, "(lambda a: a.append([a]) or a)([])", hostile=True, deep=True
    ),
    "deep_65": Thing(lambda: _deep(65), "[…65 levels of list…]", hostile=True, deep=True),
    "deep_1000": Thing(lambda: _deep(1000), "[…1000 levels of list…]", hostile=True, deep=True),
    "deep_100000": Thing(
        lambda: _deep(100_000), "[…100000 levels of list…]", hostile=True, deep=True
    ),
}

SEQUENCES: Mapping[str, Callable[[list[Any]], Any]] = {
    "list": lambda items: items,
    "tuple": tuple,
    "UserList": UserList,
    "deque": deque,
    "Sequence": _Sized,
}
"""The sequences that values can be nested in; the last three are no list or tuple."""
