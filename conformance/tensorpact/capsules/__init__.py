"""DLPack capsules, read and made where they stand in memory."""

from __future__ import annotations

from tensorpact.capsules.fields import Fields, fields

__all__ = ["Fields", "fields"]
