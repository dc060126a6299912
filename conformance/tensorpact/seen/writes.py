"""How the memory of two sides hangs together, as writes through each of them showed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Seen(StrEnum):
    """How far writes through one side were seen through the other."""

    EVERYWHERE = "at every element"
    NOWHERE = "at no element"
    PARTLY = "at some elements"
    UNKNOWN = "could not be tried"


class Relation(StrEnum):
    """How the memory of source and result hang together, judged by writes alone."""

    SHARED = "shared"
    INDEPENDENT = "independent"
    ONE_WAY = "one-way"
    PARTIAL = "partial"
    SEPARATED_LATE = "separated late"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Writes:
    """What writing showed: into the source first, into the result, then the source again."""

    source_to_result: Seen = Seen.UNKNOWN
    result_to_source: Seen = Seen.UNKNOWN
    source_to_result_again: Seen = Seen.UNKNOWN
    stray: bool = False

    @property
    def relation(self) -> Relation:
        """`stray`, a write outside the elements, makes it PARTIAL like a write to some."""
        tried = [
            seen
            for seen in (self.source_to_result, self.result_to_source)
            if seen is not Seen.UNKNOWN
        ]
        if not tried:
            return Relation.UNKNOWN
        if Seen.PARTLY in tried or self.stray:
            return Relation.PARTIAL
        if len(set(tried)) == 2:
            return Relation.ONE_WAY
        again = self.source_to_result_again
        if again is not Seen.UNKNOWN and again is not self.source_to_result:
            late = self.source_to_result is Seen.EVERYWHERE
            return Relation.SEPARATED_LATE if late else Relation.ONE_WAY
        return Relation.SHARED if tried[0] is Seen.EVERYWHERE else Relation.INDEPENDENT
