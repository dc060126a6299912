"""Sequences that lie about their length, raise, contain themselves, or change while read.

None holds itself twice: a library that takes the nesting for a shape of (2, 2, 2, …) fills all
memory of the machine (numpy/numpy#9311) before it is known to hang.
"""

from __future__ import annotations

from array import array
from collections import UserList, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np

from tensorpact.cases.thing import InputError, Thing


class Sized(Sequence[Any]):
    """A sequence of floats that is well behaved; the hostile ones change one thing."""

    def __init__(self, items: Sequence[Any] = (1.0, 2.0, 3.0)) -> None:
        self.items = list(items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


# --------------------------------------------------------------------------- lengths


class Overstated(Sized):
    """`len` promises two items more than there are."""

    def __len__(self) -> int:
        return len(self.items) + 2


class Understated(Sized):
    """`len` admits one item less than there are."""

    def __len__(self) -> int:
        return len(self.items) - 1


class HugeLen(Sized):
    """Its length is more than any memory holds."""

    def __len__(self) -> int:
        return 2**62


class Endless(HugeLen):
    """It has an item for every index; after many it raises, lest the memory be filled."""

    def __getitem__(self, index: Any) -> Any:
        if index >= 2**16:
            raise InputError("so many items were not meant to be read")
        return 1.0


class NegativeLen(Sized):
    """Its length is negative."""

    def __len__(self) -> int:
        return -1


class TextLen(Sized):
    """Its length is no number."""

    def __len__(self) -> int:
        return "3"  # type: ignore[return-value] # the lie


class InconstantLen(Sized):
    """Its length is another one at every question."""

    questions = 0

    def __len__(self) -> int:
        self.questions += 1
        return 1 + self.questions % 3


class OverstatedList(list[Any]):
    """A list whose `len` promises more than the list holds."""

    def __len__(self) -> int:
        return super().__len__() + 1000


class UnderstatedList(list[Any]):
    """A list whose `len` denies what the list holds."""

    def __len__(self) -> int:
        return 0


class OverstatedTuple(tuple[Any, ...]):
    """A tuple whose `len` promises more than the tuple holds."""

    def __len__(self) -> int:
        return super().__len__() + 1000


# --------------------------------------------------------------------------- items


class RaisingLen(Sized):
    """Asking for its length raises."""

    def __len__(self) -> int:
        raise InputError("len")


class RaisingItem(Sized):
    """Reading one of its items raises."""

    which = 1

    def __getitem__(self, index: Any) -> Any:
        if index == self.which:
            raise InputError(f"item {index}")
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self.items)))


class RaisingFirst(RaisingItem):
    """Reading its first item raises."""

    which = 0


class RaisingLast(RaisingItem):
    """Reading its last item raises."""

    which = 2


class RaisingIter(Sized):
    """It can be indexed, and not iterated."""

    def __iter__(self) -> Iterator[Any]:
        raise InputError("iter")


class Bottomless(Sized):
    """Its only item is a new sequence like it."""

    def __getitem__(self, index: Any) -> Any:
        if index:
            raise IndexError(index)
        return Bottomless()

    def __len__(self) -> int:
        return 1


class OwnItem(Sized):
    """Its only item is itself, as with a string of one character."""

    def __getitem__(self, index: Any) -> Any:
        if index:
            raise IndexError(index)
        return self

    def __len__(self) -> int:
        return 1


# --------------------------------------------------------------------------- nesting


def _self_containing() -> list[Any]:
    inside: list[Any] = [1.0]
    inside.append(inside)
    return inside


def _only_itself() -> list[Any]:
    inside: list[Any] = []
    inside.append(inside)
    return inside


def _mutually_containing() -> list[Any]:
    first: list[Any] = []
    first.append([first])
    return first


def _tuple_in_itself() -> tuple[Any, ...]:
    inner: list[Any] = []
    outer = (inner,)
    inner.append(outer)
    return outer


def _deque_in_itself() -> deque[Any]:
    inside: deque[Any] = deque()
    inside.append(inside)
    return inside


def _user_list_in_itself() -> UserList[Any]:
    inside: UserList[Any] = UserList()
    inside.append(inside)
    return inside


@cache
def _deep(levels: int) -> list[Any]:
    """One list for all cases: to make it and to take it apart costs more than to refuse it."""
    nested: list[Any] = [1.0]
    for _ in range(levels - 1):
        nested = [nested]
    return nested


# --------------------------------------------------------------------------- changes

_LATER: list[array[int]] = []


def reuse_what_was_freed() -> None:
    """Puts other bytes where objects of up to half a kilobyte have just been freed.

    What was let go of looks alive until somebody else gets its memory. Here that happens at
    once, so that whoever still reads there comes to the same end every time.
    """
    _LATER[:] = [
        array("B", b"\xa5" * size) for size in range(16, 528, 16) for _ in range(_FREED_AT_ONCE)
    ]


_FREED_AT_ONCE = 64


class Shrinking(Sized):
    """Reading an item removes the last one."""

    def __getitem__(self, index: Any) -> Any:
        item = self.items[index]
        if len(self.items) > 1:
            self.items.pop()
        return item


class ShrinkingList(list[Any]):
    """A list that loses its items when it is asked for its length."""

    def __len__(self) -> int:
        length = super().__len__()
        self.clear()
        reuse_what_was_freed()
        return length


class Growing(Sized):
    """Reading an item adds one; up to a limit, lest the memory be filled."""

    def __getitem__(self, index: Any) -> Any:
        if len(self.items) < 2**12:
            self.items.append(1.0)
        return self.items[index]


ACTS: Mapping[str, Callable[[list[Any]], object]] = {
    "clears": list.clear,
    "shortens": lambda parent: parent.__delitem__(slice(1, None)),
    "lengthens": lambda parent: parent.extend([9.5] * 1000),
    "replaces": lambda parent: parent.__setitem__(slice(None), [9.5] * len(parent)),
}
"""What an item does to the list that it lies in while it is being read."""

METHODS: Mapping[str, Any] = {
    "__float__": 1.0,
    "__index__": 1,
    "__bool__": True,
    "__complex__": 1j,
    "__len__": 2,
    "__getitem__": 1.0,
    "__iter__": iter(()),
    "__array__": np.zeros(2),
}
_SEQUENCE = {"__len__": lambda _: 2, "__getitem__": lambda _, index: [1.0, 1.0][index]}


def _meddling(method: str, act: Callable[[list[Any]], object]) -> list[Any]:
    """A list whose first item meddles with it whenever one of its methods is called.

    The other items are held by the list alone: what it lets go of is freed. They are ints, as
    Python keeps the memory of freed floats for new floats.
    """
    parent: list[Any] = []

    def meddle(_self: Any, *given: Any, **_: Any) -> Any:
        if parent:
            act(parent)
            reuse_what_was_freed()
        if method == "__getitem__" and given[0] > 1:
            raise IndexError(given[0])
        return METHODS[method]

    nested = method in ("__len__", "__getitem__", "__iter__", "__array__")
    body: dict[str, Any] = {**(_SEQUENCE if nested else {}), method: meddle}
    others = [[float(n), float(n)] if nested else 2**40 + n for n in range(1, 40)]
    parent.extend([type("Meddler", (), body)(), *others])
    return parent


def _meddlers() -> Iterator[tuple[str, Thing]]:
    for method, (name, act) in product(METHODS, ACTS.items()):
        text = f"a list of 40 that {method} of its first item {name}"
        make = partial(_meddling, method, act)
        yield f"{method.strip('_')}_{name}", Thing(make, text, hostile=True)


def _hostile(
    make: Callable[[], Any], text: str, *, raises: bool = False, deep: bool = False
) -> Thing:
    return Thing(make, text, hostile=True, raises=raises, deep=deep)


HOSTILE_SEQUENCES: Mapping[str, Thing] = {
    "overstated": _hostile(Overstated, "a sequence whose len() is too large"),
    "understated": _hostile(Understated, "a sequence whose len() is too small"),
    "overstated_list": _hostile(
        lambda: OverstatedList([1.0, 2.0]), "a subclass of list whose len() is too large"
    ),
    "understated_list": _hostile(
        lambda: UnderstatedList([1.0, 2.0]), "a subclass of list whose len() is 0"
    ),
    "overstated_tuple": _hostile(
        lambda: OverstatedTuple((1.0, 2.0)), "a subclass of tuple whose len() is too large"
    ),
    "huge_len": _hostile(HugeLen, "a sequence whose len() is 2**62"),
    "endless": _hostile(Endless, "a sequence of 2**62 items, made when they are read"),
    "negative_len": _hostile(NegativeLen, "a sequence whose len() is -1"),
    "text_len": _hostile(TextLen, "a sequence whose __len__ gives a str"),
    "inconstant_len": _hostile(InconstantLen, "a sequence whose len() changes"),
    "raising_len": _hostile(RaisingLen, "a sequence whose len() raises", raises=True),
    "raising_item": _hostile(RaisingItem, "a sequence whose second item raises", raises=True),
    "raising_first": _hostile(RaisingFirst, "a sequence whose first item raises", raises=True),
    "raising_last": _hostile(RaisingLast, "a sequence whose last item raises", raises=True),
    "raising_iter": _hostile(RaisingIter, "a sequence whose __iter__ raises"),
    "bottomless": _hostile(Bottomless, "a sequence of sequences, without end", deep=True),
    "own_item": _hostile(OwnItem, "a sequence whose only item is itself", deep=True),
    "self_containing": _hostile(_self_containing, "(lambda a: a.append(a) or a)([1.0])", deep=True),
    "only_itself": _hostile(_only_itself, "(lambda a: a.append(a) or a)([])", deep=True),
    "mutually_containing": _hostile(
        _mutually_containing, "(lambda a: a.append([a]) or a)([])", deep=True
    ),
    "tuple_in_itself": _hostile(
        _tuple_in_itself, "(lambda t: t[0].append(t) or t)(([],))", deep=True
    ),
    "deque_in_itself": _hostile(
        _deque_in_itself, "(lambda d: d.append(d) or d)(deque())", deep=True
    ),
    "user_list_in_itself": _hostile(
        _user_list_in_itself, "(lambda u: u.append(u) or u)(UserList())", deep=True
    ),
    "deep_65": _hostile(lambda: _deep(65), "[…65 levels of list…]", deep=True),
    "deep_1000": _hostile(lambda: _deep(1000), "[…1000 levels of list…]", deep=True),
    "deep_100000": _hostile(lambda: _deep(100_000), "[…100000 levels of list…]", deep=True),
    "shrinking": _hostile(Shrinking, "a sequence that shrinks while it is read"),
    "shrinking_list": _hostile(
        lambda: ShrinkingList([1.5, 2.5, 3.5]), "a subclass of list that len() empties"
    ),
    "growing": _hostile(Growing, "a sequence that grows while it is read"),
    **dict(_meddlers()),
}
