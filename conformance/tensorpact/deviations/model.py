"""What a known deviation is: where a guarantee is known to be broken, why, and what shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tensorpact.cases.model import Case
from tensorpact.cases.region import Point, Region
from tensorpact.deviations.when import ALWAYS, When


class Kind(StrEnum):
    """What the people who wrote it down think of it."""

    DEFECT = "defect"
    DOCUMENTED = "documented"
    UNDECIDED = "undecided"


EVERYWHERE = Region()


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way in which a library is known to break a guarantee.

    It covers the cases in `region` and no others. Each case of `witness` must still fail, or
    the deviation is stale. `issue` is an address, or empty. `key` tells it from the others of
    a run; `file` and `number`, counted from 1, say where it stands.
    """

    guarantee: str
    kind: Kind
    reason: str
    witness: tuple[Case, ...]
    region: Region = EVERYWHERE
    issue: str = ""
    when: When = ALWAYS
    key: str = ""
    file: str = ""
    number: int = 0

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.file}, deviation {self.number}"


@dataclass(frozen=True, slots=True)
class Known:
    """The deviations that hold for the backend of a run; without any, nothing is known."""

    deviations: tuple[Deviation, ...] = ()

    def label(self, guarantee: str, point: Point) -> str:
        """The key of the first that covers a failing case with these axis values, else empty."""
        for deviation in self.deviations:
            if deviation.guarantee == guarantee and deviation.region.has(point):
                return deviation.key
        return ""

    def of(self, guarantees: Iterable[str]) -> tuple[Deviation, ...]:
        """Those of these guarantees."""
        wanted = frozenset(guarantees)
        return tuple(d for d in self.deviations if d.guarantee in wanted)


NOTHING_KNOWN = Known()
