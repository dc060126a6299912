"""A layout says which bytes the elements are: shape, strides in bytes, and element size.

Strides may be anything: negative, zero, overlapping, no multiple of the element size. Those
of a dimension of length one, or of an empty layout, mean nothing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from types import EllipsisType
from typing import TypeAlias

Step: TypeAlias = int | slice | EllipsisType | None
Index: TypeAlias = Step | tuple[Step, ...]

MAX_RANK = 64
"""The number of dimensions that data may bring along, as in NumPy and PyTorch."""


def addressable(shape: Sequence[int], itemsize: int) -> bool:
    """Whether 63 bits can count the bytes of the elements, were each length at least one."""
    return math.prod(max(length, 1) for length in shape) * itemsize < 1 << 63


@dataclass(frozen=True, slots=True)
class Layout:
    """Where elements lie, in bytes from the one whose indices are all zero."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    @classmethod
    def row_major(cls, shape: Sequence[int], itemsize: int) -> Layout:
        """The layout of a C-contiguous array of this shape."""
        strides, step = [], itemsize
        for length in reversed(shape):
            strides.append(step)
            step *= max(length, 1)
        return cls(tuple(shape), tuple(reversed(strides)), itemsize)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def extent(self) -> tuple[int, int]:
        """The bytes that the elements span: from the first offset up to before the last."""
        if 0 in self.shape:
            return 0, 0
        reach = [(length - 1) * step for length, step in self._dimensions()]
        low = sum(step for step in reach if step < 0)
        return low, sum(step for step in reach if step > 0) + self.itemsize

    def _dimensions(self) -> list[tuple[int, int]]:
        return list(zip(self.shape, self.strides, strict=True))

    def runs(self) -> tuple[int, Iterator[int]]:
        """The bytes of each contiguous run, and where the runs begin, in row-major order."""
        if 0 in self.shape:
            return 0, iter(())
        run, outer = self.itemsize, len(self.shape)
        while outer and (self.shape[outer - 1] == 1 or self.strides[outer - 1] == run):
            outer -= 1
            run *= self.shape[outer]
        dimensions = self._dimensions()[:outer]
        offsets = [[index * step for index in range(length)] for length, step in dimensions]
        return run, map(sum, product(*offsets))

    def parts(self, most: int) -> Iterator[tuple[Layout, int]]:
        """Layouts of at most so many elements that follow each other in row-major order.

        Each comes with how far its first element lies from this one's.
        """
        if self.size <= most:
            yield self, 0
            return
        inner = self.size // self.shape[0]
        step = max(most // inner, 1)
        for start in range(0, self.shape[0], step):
            index = start if inner > most else slice(start, start + step)
            chosen, shift = self.select(index)
            yield from ((part, shift + further) for part, further in chosen.parts(most))

    def select(self, index: Index) -> tuple[Layout, int]:
        """The layout of `tensor[index]`, and how far its first element lies from this one's.

        Raises IndexError out of range, TypeError for what is no basic index.
        """
        shape: list[int] = []
        strides: list[int] = []
        shift = axis = 0
        for step in self._complete(index):
            if step is None:
                shape.append(1)
                strides.append(0)
                continue
            length, stride = self.shape[axis], self.strides[axis]
            if isinstance(step, slice):
                chosen = range(length)[step]
                shape.append(len(chosen))
                strides.append(stride * chosen.step)
                shift += chosen.start * stride if chosen else 0
            else:
                shift += _position(step, length, axis) * stride
            axis += 1
        return Layout(tuple(shape), tuple(strides), self.itemsize), shift

    def _complete(self, index: Index) -> list[int | slice | None]:
        """One step a dimension, and None for every new one."""
        steps = index if isinstance(index, tuple) else (index,)
        given = sum(step is not None and step is not Ellipsis for step in steps)
        gaps = sum(step is Ellipsis for step in steps)
        rank = len(self.shape)
        if given > rank or gaps > 1:
            raise IndexError(f"{len(steps)} indices do not fit {rank} dimensions")
        rest = [slice(None)] * (rank - given)
        complete: list[int | slice | None] = []
        for step in steps if gaps else (*steps, Ellipsis):
            if isinstance(step, EllipsisType):
                complete += rest
            else:
                complete.append(step)
        return complete

    def permute(self, axes: Sequence[int]) -> Layout:
        """The layout with the dimensions in this order. ValueError unless each comes once."""
        rank = len(self.shape)
        order = [axis + rank if axis < 0 else axis for axis in map(operator.index, axes)]
        if sorted(order) != list(range(rank)):
            raise ValueError(f"{tuple(axes)} does not name each of {rank} dimensions once")
        shape = tuple(self.shape[axis] for axis in order)
        return Layout(shape, tuple(self.strides[axis] for axis in order), self.itemsize)

    def broadcast(self, shape: tuple[int, ...]) -> Layout:
        """The layout that repeats these elements to fill a shape. ValueError if they cannot."""
        new = len(shape) - len(self.shape)
        pairs = zip(self.shape, shape[max(new, 0) :], strict=False)
        if new < 0 or any(mine not in (1, length) for mine, length in pairs):
            raise ValueError(f"shape {self.shape} does not fill shape {shape}")
        steps = [0 if length == 1 else step for length, step in self._dimensions()]
        return Layout(shape, (0,) * new + tuple(steps), self.itemsize)


def _position(step: object, length: int, axis: int) -> int:
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise TypeError(f"a tensor is not indexed by {type(step).__name__}")
    position = operator.index(step)
    if not -length <= position < length:
        raise IndexError(f"index {position} is out of range for dimension {axis} of {length}")
    return position % length
