"""Where on the axes cases lie: the conditions that they have in common, and the fewest of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

Point = tuple[str, ...]
"""The axis values of a case as `axes_of` has them: "axis=value", most telling first."""

ABSENT = "-"
"""The value of a case along an axis that it does not have: an argument that is not given."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of these values along this axis; of several that a case has, one is enough."""

    axis: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.axis}={'|'.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Region:
    """The cases that meet all of these conditions; without any, all there are."""

    conditions: tuple[Condition, ...] = ()

    def has(self, point: Point) -> bool:
        """Whether a case with these axis values lies inside."""
        return all(
            not valued(point, condition.axis).isdisjoint(condition.values)
            for condition in self.conditions
        )


@lru_cache(maxsize=1 << 16)
def valued(point: Point, axis: str) -> frozenset[str]:
    """The values along an axis: mostly one, of flags and steps any number."""
    start = f"{axis}="
    return frozenset(v.removeprefix(start) for v in point if v.startswith(start)) or _NOTHING


_NOTHING = frozenset({ABSENT})


def around(inside: Sequence[Point], outside: Sequence[Point]) -> Region:
    """The fewest conditions that all points `inside` meet, and as few as can be of those outside.

    A value is only excluded where a point outside was seen to have it.
    """
    candidates = [
        condition
        for axis in _axes([*inside, *outside])
        for condition in _conditions(axis, inside, outside)
    ]
    met = {condition: _met(condition, outside) for condition in candidates}
    everything = (1 << len(outside)) - 1
    least = _all_met(candidates, met, everything)
    kept, least_telling = list(candidates), candidates[::-1]
    least_telling.sort(key=lambda condition: -len(condition.values))
    for condition in least_telling:
        fewer = [other for other in kept if other != condition]
        if _all_met(fewer, met, everything) == least:
            kept = fewer
    return Region(tuple(kept))


def _axes(points: Iterable[Point]) -> list[str]:
    """The axes that these have, most telling first."""
    found = dict.fromkeys(value.partition("=")[0] for point in points for value in point)
    return sorted(found, key=_rank)


_TELLING = (
    *("operation", "argument:", "exporter", "container", "holds", "step", "schedule", "dtype"),
    *("shape", "layout", "flag", "source device", "default", "warnings", "content"),
)


def _rank(axis: str) -> int:
    """What the caller writes down himself says more than what the harness varies besides."""
    places = (place for place, start in enumerate(_TELLING) if axis.startswith(start))
    return next(places, len(_TELLING))


def _conditions(
    axis: str, inside: Sequence[Point], outside: Sequence[Point]
) -> Iterator[Condition]:
    """What can be said along this axis that all inside meet and some outside do not."""
    values = [valued(point, axis) for point in inside]
    common = frozenset.intersection(*values)
    offered: list[tuple[str, ...]] = [(value,) for value in sorted(common)]
    offered = offered or [tuple(sorted(frozenset().union(*values)))]
    for one in offered:
        condition = Condition(axis, one)
        if any(valued(point, axis).isdisjoint(one) for point in outside):
            yield condition


def _met(condition: Condition, points: Sequence[Point]) -> int:
    """A bit for every point that meets the condition."""
    wanted = condition.values
    bits = bytes(not valued(point, condition.axis).isdisjoint(wanted) for point in reversed(points))
    return int("0" + "".join(map("01".__getitem__, bits)), 2)


def _all_met(conditions: Iterable[Condition], met: dict[Condition, int], everything: int) -> int:
    for condition in conditions:
        everything &= met[condition]
    return everything
