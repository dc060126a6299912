"""cost: what it may cost."""

from __future__ import annotations

from tensorpact.guarantees.model import Guarantee

TITLE = "what it may cost"

GUARANTEES: tuple[Guarantee, ...] = ()
