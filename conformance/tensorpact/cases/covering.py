"""Covering arrays: few rows in which every feasible pair of axis values stands together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from random import Random
from typing import Any

Row = tuple[Any, ...]
Pair = tuple[int, int, int, int]

_TRIES = 60
_CANDIDATES = 6


def covering(
    axes: Mapping[str, Sequence[Any]], possible: Callable[[Row], bool], seed: str
) -> list[Row]:
    """Rows with one value an axis, so that every pair of values that can stand together does.

    A pair for which no possible row is found in some dozens of tries counts as impossible.
    The same axes and seed give the same rows.
    """
    values = [tuple(choices) for choices in axes.values()]
    random = Random(seed)
    left = _all_pairs(values)
    order = sorted(left)
    random.shuffle(order)
    rows: list[Row] = []
    for pair in order:
        if pair not in left:
            continue
        indices = _best(pair, values, possible, left, random)
        left.discard(pair)
        if indices is not None:
            left.difference_update(_pairs(indices))
            rows.append(_row(indices, values))
    return rows


def _all_pairs(values: list[tuple[Any, ...]]) -> set[Pair]:
    return {
        (a, i, b, j)
        for a, b in combinations(range(len(values)), 2)
        for i in range(len(values[a]))
        for j in range(len(values[b]))
    }


def _pairs(indices: Sequence[int]) -> set[Pair]:
    return {(a, indices[a], b, indices[b]) for a, b in combinations(range(len(indices)), 2)}


def _row(indices: Sequence[int], values: list[tuple[Any, ...]]) -> Row:
    return tuple(choices[i] for choices, i in zip(values, indices, strict=True))


def _best(
    pair: Pair,
    values: list[tuple[Any, ...]],
    possible: Callable[[Row], bool],
    left: set[Pair],
    random: Random,
) -> list[int] | None:
    """Of some possible rows with the pair, the one that covers the most that is left."""
    best, most, found = None, -1, 0
    lengths = [len(choices) for choices in values]
    for _ in range(_TRIES):
        indices = [int(random.random() * length) for length in lengths]
        indices[pair[0]], indices[pair[2]] = pair[1], pair[3]
        if not possible(_row(indices, values)):
            continue
        gain = len(_pairs(indices) & left)
        if gain > most:
            best, most = indices, gain
        found += 1
        if found == _CANDIDATES:
            break
    return best
