"""What a tensor gave out: through DLPack, as an ndarray, as a buffer."""

from __future__ import annotations

from dataclasses import dataclass

from tensorpact.seen.raised import Raised


@dataclass(frozen=True, slots=True)
class Given:
    """What one export did: raised, or what was found in it and in the tensor afterwards."""

    raised: Raised | None = None
    unbuilt: str = ""
