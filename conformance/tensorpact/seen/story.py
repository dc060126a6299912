"""What became of a story: where it departed from the model, if it did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tensorpact.seen.raised import Raised


class What(StrEnum):
    """In what a story departed from the model."""

    ELEMENTS = "a handle read what it should not"
    UNLOCKED = "a buffer was resized under a tensor that shares it"
    LOCKED = "a buffer that nothing shares any more could not be resized"


@dataclass(frozen=True, slots=True)
class Departure:
    """The first step after which not everything was as the model says.

    `handle` read `seen`, where the model has `expected`; for a resize it is the buffer, and
    both are empty. `made` says in words how the handle came about.
    """

    what: What
    step: int
    handle: int
    made: str
    expected: tuple[float, ...] = ()
    seen: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A story that was told to its end, or to its first departure.

    `compared` counts the comparisons of a handle of the backend with the model after a step,
    and `resized` the resizes of buffers. `raised` is the first exception of a call that was no
    ordinary one; a story goes on after ordinary ones.
    """

    compared: int = 0
    resized: int = 0
    departure: Departure | None = None
    raised: Raised | None = None
    unbuilt: str = ""
