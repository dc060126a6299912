"""Where on the axes cases lie: the conditions that they have in common, and the fewest of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2

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


class Chart:
    """Points, so that those which meet some conditions are found at once: a bit for each."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.everything = (1 << len(points)) - 1
        self._having: dict[str, int] = {}
        self._axis: dict[str, int] = {}
        self._met: dict[Condition, int] = {}
        masks: dict[str, bytearray] = {}
        for number, point in enumerate(points):
            for value in point:
                mask = masks.get(value) or masks.setdefault(value, bytearray(len(points) // 8 + 1))
                mask[number >> 3] |= 1 << (number & 7)
        for value, mask in masks.items():
            axis, bits = value.partition("=")[0], int.from_bytes(mask, "little")
            self._having[value] = bits
            self._axis[axis] = self._axis.get(axis, 0) | bits

    @property
    def axes(self) -> Iterable[str]:
        return self._axis

    def met(self, condition: Condition) -> int:
        """A bit for every point that meets the condition."""
        known = self._met.get(condition)
        if known is None:
            known = self._met[condition] = self._asked(condition)
        return known

    def _asked(self, condition: Condition) -> int:
        bits = 0
        for value in condition.values:
            if value == ABSENT:
                bits |= self.everything & ~self._axis.get(condition.axis, 0)
            bits |= self._having.get(f"{condition.axis}={value}", 0)
        return bits

    def bits(self, region: Region) -> int:
        """A bit for every point in the region."""
        bits = self.everything
        for condition in region.conditions:
            bits &= self.met(condition)
        return bits

    def inside(self, region: Region) -> int:
        """How many points lie in the region."""
        return self.bits(region).bit_count()


def explained(failing: Sequence[Point], kept: Chart) -> list[Region]:
    """Regions that have all failing points in them and, where the axes can tell, none of `kept`.

    One where one with few conditions is enough; else those that explain much of it each, with
    most first, and a last one around what they leave over. A value is only excluded where a
    kept point has it.
    """
    whole = around(failing, kept)
    if len(whole.conditions) <= _FEW and not kept.inside(whole):
        return [whole]
    chart, regions = Chart(failing), list[Region]()
    left = chart.everything
    while left and len(regions) < _RULES:
        seeds = [failing[number] for number in _spread(_positions(left), _SEEDS)]
        rules = {_rule(seed, chart, left, kept) for seed in seeds}
        best = max(rules, key=lambda rule: ((chart.bits(rule) & left).bit_count(), str(rule)))
        explains = (chart.bits(best) & left).bit_count()
        if explains < max(_LEAST, len(failing) / _PART):
            break
        regions.append(best)
        left &= ~chart.bits(best)
    if left:
        regions.append(around([failing[number] for number in _positions(left)], kept))
    return _joined(regions, kept)


_FEW = 4
"""A region with more conditions than this is hardly one cause."""

_RULES, _PART = 6, 12
"""So many regions at the most, each with a point in twelve: what explains less is chance."""

_LEAST = 3
"""What fewer points than this have in common is chance."""

_SEEDS = 24


def _rule(seed: Point, failing: Chart, left: int, kept: Chart) -> Region:
    """Conditions that this point meets, many others that fail, and no more kept ones than must be.

    One after the other is added that tells most failing points from kept ones, by the measure
    of FOIL (Quinlan 1990): the information gained, times the failing points that are left.
    """
    axes = {value.partition("=")[0] for value in seed}
    offered = [
        Condition(axis, (value,))
        for axis in _by_rank(axes.union(kept.axes))
        for value in sorted(valued(seed, axis))
    ]
    least = kept.inside(Region(tuple(offered)))
    chosen: list[Condition] = []
    inside, caught = left, kept.everything
    while caught.bit_count() > least:
        narrower = [
            (condition, inside & failing.met(condition), caught & kept.met(condition))
            for condition in offered
        ]
        before = _information(inside, caught)
        best, inside, caught = max(
            (each for each in narrower if each[2] != caught),
            key=lambda each: each[1].bit_count() * (before - _information(*each[1:])),
        )
        chosen.append(best)
    return _fewest([condition for condition in offered if condition in chosen], kept)


def _information(failing: int, kept: int) -> float:
    """Bits that it takes to say of one of these points that it fails."""
    fails = failing.bit_count()
    return log2((fails + kept.bit_count()) / fails)


def _joined(regions: list[Region], kept: Chart) -> list[Region]:
    """Regions that differ in the values of one condition, as one."""
    found: list[Region] = []
    for region in regions:
        for number, other in enumerate(found):
            joint = _union(region, other)
            if joint and kept.inside(joint) <= kept.inside(region) + kept.inside(other):
                found[number] = joint
                break
        else:
            found.append(region)
    return found


def _union(one: Region, other: Region) -> Region | None:
    pairs = list(zip(one.conditions, other.conditions, strict=False))
    differing = [n for n, (ours, theirs) in enumerate(pairs) if ours != theirs]
    if len(one.conditions) != len(other.conditions) or len(differing) != 1:
        return None
    (number,) = differing
    ours, theirs = pairs[number]
    if ours.axis != theirs.axis:
        return None
    either = Condition(ours.axis, tuple(sorted({*ours.values, *theirs.values})))
    return Region((*one.conditions[:number], either, *one.conditions[number + 1 :]))


def either(one: Region | None, other: Region | None) -> Region | None:
    """A region that has both, not the smallest one; None where one of them is not known."""
    if one is None or other is None:
        return None
    theirs = {condition.axis: condition.values for condition in other.conditions}
    return Region(
        tuple(
            Condition(axis, tuple(sorted({*values, *theirs[axis]})))
            for axis, values in ((c.axis, c.values) for c in one.conditions)
            if axis in theirs
        )
    )


def around(inside: Collection[Point], kept: Chart) -> Region:
    """The fewest conditions that all points `inside` meet, and as few as can be of those kept."""
    axes = {value.partition("=")[0] for point in inside for value in point}
    return _fewest(
        [
            condition
            for axis in _by_rank(axes.union(kept.axes))
            for condition in _conditions(axis, inside)
        ],
        kept,
    )


def _fewest(conditions: Sequence[Condition], kept: Chart) -> Region:
    """Without those that exclude nothing which the others do not; the telling ones stay."""
    least = kept.inside(Region(tuple(conditions)))
    needed, least_telling = list(conditions), list(conditions)[::-1]
    least_telling.sort(key=lambda condition: -len(condition.values))
    for condition in least_telling:
        fewer = [other for other in needed if other != condition]
        if kept.inside(Region(tuple(fewer))) == least:
            needed = fewer
    return Region(tuple(needed))


def _by_rank(axes: Iterable[str]) -> list[str]:
    return sorted(axes, key=lambda axis: (_rank(axis), axis))


def _positions(bits: int) -> list[int]:
    return [number for number, digit in enumerate(f"{bits:b}"[::-1]) if digit == "1"]


def _spread(items: list[int], most: int) -> list[int]:
    return items[:: len(items) // most + 1]


_TELLING = (
    *("operation", "argument:", "exporter", "container", "holds", "step", "schedule", "asked"),
    *("dtype", "shape", "layout", "flag", "source device", "default", "warnings", "content"),
)


def _rank(axis: str) -> int:
    """What the caller writes down himself says more than what the harness varies besides."""
    places = (place for place, start in enumerate(_TELLING) if axis.startswith(start))
    return next(places, len(_TELLING))


def _conditions(axis: str, inside: Collection[Point]) -> Iterator[Condition]:
    """What can be said along this axis that all of these meet."""
    values = [valued(point, axis) for point in inside]
    common = frozenset.intersection(*values)
    if common:
        yield from (Condition(axis, (value,)) for value in sorted(common))
    else:
        yield Condition(axis, tuple(sorted(frozenset().union(*values))))
