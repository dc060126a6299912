"""DLPack capsules, read and made where they stand in memory."""

from __future__ import annotations

from tensorpact.capsules.fields import Fields, fields
from tensorpact.capsules.forge import Description, Loan, forge

__all__ = ["Description", "Fields", "Loan", "fields", "forge"]
