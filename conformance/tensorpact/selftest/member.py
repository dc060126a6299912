"""What a zoo is made of: backends of which it is known beforehand how they must be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tensorpact.backends.protocol import Backend
from tensorpact.cases.model import Case

GROUP = "tensorpact.zoos"
"""The entry points whose objects are functions that give a zoo: members, each by its name."""


class Kind(StrEnum):
    """Why a member is there."""

    FAULTY = "faulty"
    HISTORIC = "historic"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class Member:
    """A backend with one defect, or with none where it is merely odd.

    `sentence` names the sin, or the oddness. `make` gives the backend and `sound` the one that
    it is made out of, which has all of it but the defect; `base` is a short name of that, equal
    for members that have it in common. `breaks` is the id of the guarantee that must condemn
    the member, empty for an odd one; `also` are those that may rightly do so too. `witness` are
    cases that are enough to see the defect, or the oddness. `corner` says where the defect
    hides; empty, it is obvious. `address` is where the defect was reported, or what allows the
    oddness. `needs` names the library, if any, that is imported for it.
    """

    name: str
    sentence: str
    make: Callable[[], Backend]
    sound: Callable[[], Backend]
    base: str
    witness: tuple[Case, ...]
    breaks: str = ""
    also: frozenset[str] = frozenset()
    corner: str = ""
    address: str = ""
    needs: str = ""

    @property
    def kind(self) -> Kind:
        if not self.breaks:
            return Kind.ODD
        return Kind.HISTORIC if self.address else Kind.FAULTY


Zoo = Mapping[str, Member]
