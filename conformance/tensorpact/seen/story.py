"""What became of a story: where it departed from the model, if it did."""

from __future__ import annotations

from dataclasses import dataclass

from tensorpact.seen.raised import Raised


@dataclass(frozen=True, slots=True)
class Told:
    """A story that was told to its end, or to where a handle read what it should not."""

    raised: Raised | None = None
    unbuilt: str = ""
