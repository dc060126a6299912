"""Layouts: how the elements of an array of a shape lie in memory, by name.

Every layout is a recipe that a person could type: a base shape, an index, a permutation, an
expansion. Byte strides follow from the recipe. Three layouts have no recipe, because no
indexing makes them: `record` (a field of packed records), `overlap` (a sliding window) and
`odd_ones` (dimensions of length one with strides that mean nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from tensorpact.cases import dtypes
from tensorpact.cases.model import Block

Shape = tuple[int, ...]
Strides = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A base of C order, indexed, then permuted, then expanded to the shape."""

    base: Shape
    index: tuple[slice, ...] = ()
    axes: tuple[int, ...] = ()
    expand: Shape | None = None


def compact(shape: Shape, itemsize: int) -> Strides:
    """The byte strides of C order."""
    strides, step = [], itemsize
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def _all(shape: Shape, step: int) -> tuple[slice, ...]:
    return tuple(slice(None, None, step) for _ in shape)


def _last(shape: Shape, part: slice) -> tuple[slice, ...]:
    return (*(slice(None) for _ in shape[:-1]), part)


def _scaled(shape: Shape, axis: int, factor: int) -> Shape:
    axis %= len(shape)
    return tuple(n * factor if i == axis else n for i, n in enumerate(shape))


def _rotated(shape: Shape) -> Recipe:
    rank = len(shape)
    order = tuple((i + 1) % rank for i in range(rank))
    return Recipe((shape[-1], *shape[:-1]), axes=order)


LAYOUTS: Mapping[str, Callable[[Shape], Recipe]] = {
    "C": lambda shape: Recipe(shape),
    "F": lambda shape: Recipe(shape[::-1], axes=tuple(reversed(range(len(shape))))),
    "rotated": _rotated,
    "offset": lambda s: Recipe((s[0] + 1, *s[1:]), (slice(1, None),)),
    "gaps": lambda s: Recipe(_scaled(s, -1, 2), _last(s, slice(None, None, 2))),
    "row_gaps": lambda s: Recipe((*s[:-1], s[-1] + 3), _last(s, slice(None, s[-1]))),
    "gaps_first": lambda s: Recipe(_scaled(s, 0, 2), (slice(None, None, 2),)),
    "negative": lambda s: Recipe(s, _last(s, slice(None, None, -1))),
    "negative_first": lambda s: Recipe(s, (slice(None, None, -1),)),
    "negative_all": lambda s: Recipe(s, _all(s, -1)),
    "negative_gaps": lambda s: Recipe(_scaled(s, -1, 2), _last(s, slice(None, None, -2))),
    "broadcast": lambda s: Recipe((1, *s[1:]), expand=s),
    "broadcast_last": lambda s: Recipe((*s[:-1], 1), expand=s),
}
"""The layouts that have a recipe; all but C, F and rotated need a rank of one or more."""

UNTYPABLE = ("record", "overlap", "odd_ones")
NAMES = (*LAYOUTS, *UNTYPABLE)


@lru_cache(maxsize=4096)
def strides_of(layout: str, shape: Shape, itemsize: int) -> Strides:
    """The byte strides of a named layout. Raises KeyError for a name that does not exist."""
    if layout == "record":
        return compact(shape, itemsize + 1 + itemsize % 2)
    if layout == "overlap":
        return tuple(itemsize for _ in shape)
    plain = compact(shape, itemsize)
    if layout == "odd_ones":
        return tuple(-7 * itemsize if n == 1 else s for n, s in zip(shape, plain, strict=True))
    return _recipe_strides(LAYOUTS[layout](shape), itemsize) if shape else ()


def _recipe_strides(recipe: Recipe, itemsize: int) -> Strides:
    base = compact(recipe.base, itemsize)
    steps = [part.step or 1 for part in recipe.index]
    steps += [1] * (len(base) - len(steps))
    strides = [s * step for s, step in zip(base, steps, strict=True)]
    if recipe.axes:
        strides = [strides[axis] for axis in recipe.axes]
    if recipe.expand is not None:
        strides = [
            0 if have == 1 != want else s
            for have, want, s in zip(recipe.base, recipe.expand, strides, strict=True)
        ]
    return tuple(strides)


def exists(layout: str, shape: Shape) -> bool:
    """Whether the layout differs from C order for this shape; C always exists."""
    if layout in ("C", "strides"):
        return True
    if layout == "offset":
        return bool(shape)
    if not shape or 0 in shape:
        return False
    if layout == "odd_ones":
        return 1 in shape
    return strides_of(layout, shape, 8) != compact(shape, 8)


def span(shape: Shape, strides: Strides, itemsize: int) -> tuple[int, int]:
    """The lowest byte and one past the highest, counted from the first element."""
    if 0 in shape:
        return (0, 0)
    reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
    return sum(r for r in reach if r < 0), sum(r for r in reach if r > 0) + itemsize


def traits(shape: Shape, strides: Strides, itemsize: int) -> frozenset[str]:
    """What of `backends.protocol.LAYOUT_LIMITS` these strides need a library to describe.

    Dimensions of length one and empty arrays need nothing: their strides are never used.
    """
    if 0 in shape:
        return frozenset()
    used = [s for n, s in zip(shape, strides, strict=True) if n > 1]
    found = {
        "negative": any(s < 0 for s in used),
        "zero": any(s == 0 for s in used),
        "unaligned_stride": any(s % itemsize for s in used),
    }
    return frozenset(name for name, there in found.items() if there)


def aliased(shape: Shape, strides: Strides, itemsize: int) -> bool:
    """Whether two elements can share a byte; exact for the layouts that are made here."""
    used = sorted((abs(s), n) for n, s in zip(shape, strides, strict=True) if n > 1)
    reach = itemsize
    for stride, length in used:
        if stride < reach:
            return prod(shape) > 1
        reach = stride * (length - 1) + reach
    return False


def byte_strides(block: Block) -> tuple[int, ...]:
    """The byte strides of a block's elements."""
    if block.strides is not None:
        return block.strides
    return strides_of(block.layout, block.shape, dtypes.itemsize(block.dtype))
