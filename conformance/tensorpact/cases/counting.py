"""Arrays that count what they are asked for, so that reading them one by one shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from tensorpact.cases.thing import Thing


class CountingArray(np.ndarray):
    """An ndarray; it and its views count elements, lengths and numbers in one place."""

    count: list[int]

    def __array_finalize__(self, obj: object) -> None:
        self.count = getattr(obj, "count", None) or [0]

    def __getitem__(self, index: Any) -> Any:
        self.count[0] += 1
        return super().__getitem__(index)

    def __len__(self) -> int:
        self.count[0] += 1
        return super().__len__()

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self.shape[0]))

    def __float__(self) -> float:
        self.count[0] += 1
        return super().__float__()


class CountingSequence:
    """A sequence that has `__array__` too: whoever takes that reads no element."""

    def __init__(self, array: np.ndarray, count: list[int] | None = None) -> None:
        self.array, self.count = array, count or [0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        self.count[0] += 1
        return len(self.array)

    def __getitem__(self, index: Any) -> Any:
        self.count[0] += 1
        item = self.array[index]
        return CountingSequence(item, self.count) if item.ndim else float(item)


def _arrays(length: int) -> list[CountingArray]:
    return [np.ones(length, np.float32).view(CountingArray) for _ in range(3)]


def _sequence(length: int) -> CountingSequence:
    return CountingSequence(np.ones((3, length), np.float32))


def _asked_in_all(arrays: list[CountingArray]) -> int:
    return sum(array.count[0] for array in arrays)


def _asked(sequence: CountingSequence) -> int:
    return sequence.count[0]


def _thing(
    make: Callable[[int], Any], length: int, text: str, asked: Callable[[Any], int]
) -> Thing:
    return Thing(partial(make, length), text.format(length), data=True, asked=asked)


_LENGTHS = {"short": 8, "long": 512}
_LIST = "3 arrays of {0} elements of a subclass of np.ndarray, in a list"
_ROWS = "a sequence of 3 rows of {0} floats that has __array__ too"

ARRAYS: Mapping[str, Thing] = {
    **{f"arrays_{n}": _thing(_arrays, m, _LIST, _asked_in_all) for n, m in _LENGTHS.items()},
    **{f"rows_{n}": _thing(_sequence, m, _ROWS, _asked) for n, m in _LENGTHS.items()},
}
"""Things that differ in the number of elements alone."""
