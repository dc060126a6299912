"""Who kept what alive while things were released along a schedule."""

from __future__ import annotations

from dataclasses import dataclass

from tensorpact.seen.raised import Raised


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of the owner of the memory between the call and the last release."""

    raised: Raised | None = None
    unbuilt: str = ""
