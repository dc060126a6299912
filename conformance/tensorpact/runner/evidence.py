"""Where on the axes a guarantee was kept, and where it was broken: what explains a finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from tensorpact.cases.axes import axes_of
from tensorpact.cases.model import Case
from tensorpact.cases.region import Chart, Point

_MOST = 4_000
"""So many points at which a guarantee was kept are looked at, spread evenly over all of them."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Failing cases at one point: how many, and the first of them."""

    count: int
    case: Case


@dataclass(frozen=True, slots=True)
class Evidence:
    """The points of one batch, and what became of the cases there.

    `points` hold positions in `values`, so that they pickle small. `kept` has for a guarantee
    the points at which it was kept, a bit for each; `broken` has for the signature of a finding
    what was seen at which point.
    """

    values: tuple[str, ...]
    points: tuple[tuple[int, ...], ...]
    kept: Mapping[str, int]
    broken: Mapping[Hashable, Mapping[int, Sighting]]

    def kept_at(self, id: str) -> Iterator[Point]:
        """The points at which the guarantee was kept."""
        digits = f"{self.kept.get(id, 0):b}"[::-1]
        return (self._point(number) for number, digit in enumerate(digits) if digit == "1")

    def broken_at(self, signature: Hashable) -> Iterator[tuple[Point, Sighting]]:
        """The points at which cases failed that the finding stands for."""
        sightings = self.broken.get(signature, {})
        return ((self._point(number), sighting) for number, sighting in sightings.items())

    def _point(self, number: int) -> Point:
        return tuple([self.values[value] for value in self.points[number]])


class Gathering:
    """Evidence that is being gathered."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        self._points: dict[tuple[int, ...], int] = {}
        self._kept: defaultdict[str, int] = defaultdict(int)
        self._broken: defaultdict[Hashable, dict[int, Sighting]] = defaultdict(dict)

    def keeps(self, ids: Iterable[str], point: Point) -> None:
        """A case at this point kept these guarantees."""
        bit = 1 << self._number(point)
        for id in ids:
            self._kept[id] |= bit

    def breaks(self, signature: Hashable, case: Case) -> None:
        """The case is one of those that a finding stands for."""
        known, number = self._broken[signature], self._number(axes_of(case))
        first = known.get(number, Sighting(0, case))
        known[number] = Sighting(first.count + 1, first.case)

    def _number(self, point: Point) -> int:
        coded = tuple([self._values.setdefault(value, len(self._values)) for value in point])
        return self._points.setdefault(coded, len(self._points))

    def evidence(self) -> Evidence:
        return Evidence(
            tuple(self._values), tuple(self._points), dict(self._kept), dict(self._broken)
        )


def kept_at(evidence: Sequence[Evidence], id: str) -> Chart:
    """The points at which a guarantee was kept, or an even part of them where they are many."""
    kept = dict.fromkeys(point for part in evidence for point in part.kept_at(id))
    return Chart([*islice(kept, 0, None, len(kept) // _MOST + 1)])
