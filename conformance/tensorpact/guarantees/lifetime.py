"""lifetime: who keeps what alive."""

from __future__ import annotations

from tensorpact.guarantees.model import Guarantee

TITLE = "who keeps what alive"

GUARANTEES: tuple[Guarantee, ...] = ()
