"""Some of many: drawn at random, or so that every kind of them has its turn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice, zip_longest
from random import Random
from typing import TypeVar

T = TypeVar("T")


def sampled(rows: Iterable[T], limit: int, random: Random) -> list[T]:
    """At most `limit` of the rows, in their order; drawn before anything is built from them."""
    every = list(rows)
    if len(every) <= limit:
        return every
    return [every[i] for i in sorted(random.sample(range(len(every)), limit))]


def in_turn(rows: Iterable[T], random: Random, kind: Callable[[T], Hashable]) -> Iterator[T]:
    """The rows in an order of their own, of every kind one in turn, until there are no more."""
    groups: dict[Hashable, list[T]] = {}
    for row in rows:
        groups.setdefault(kind(row), []).append(row)
    for group in groups.values():
        random.shuffle(group)
    missing = object()
    turns = zip_longest(*groups.values(), fillvalue=missing)
    return (row for turn in turns for row in turn if row is not missing)  # type: ignore[misc]  # mypy takes the mark for a row


def evenly(rows: Iterable[T], limit: int, random: Random, kind: Callable[[T], Hashable]) -> list[T]:
    """At most `limit` of the rows, of every kind as many as of any other while there are some."""
    return list(islice(in_turn(rows, random, kind), limit))
