"""dlpack: the exchange protocol."""

from __future__ import annotations

from tensorpact.guarantees.model import Guarantee

TITLE = "the exchange protocol"

GUARANTEES: tuple[Guarantee, ...] = ()
