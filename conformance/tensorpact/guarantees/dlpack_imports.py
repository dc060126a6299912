"""dlpack: what a consumer owes."""

from __future__ import annotations

from tensorpact.guarantees.model import Guarantee

GUARANTEES: tuple[Guarantee, ...] = ()
