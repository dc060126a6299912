"""dlpack: the exchange protocol, as consumer and as producer."""

from __future__ import annotations

from tensorpact.guarantees import dlpack_exports, dlpack_imports
from tensorpact.guarantees.model import Guarantee

TITLE = "the exchange protocol"

GUARANTEES: tuple[Guarantee, ...] = (*dlpack_imports.GUARANTEES, *dlpack_exports.GUARANTEES)
