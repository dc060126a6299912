"""The fields of a DLPack capsule, read where they stand in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reftensor.capi import capsule_is_valid, capsule_pointer
from reftensor.dlpack import (
    LEGACY,
    READ_ONLY,
    VERSIONED,
    DLManagedTensor,
    DLManagedTensorVersioned,
)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a capsule says; `flags` is None for the legacy generation, which has none."""

    address: int
    flags: int | None

    @property
    def readonly(self) -> bool | None:
        return None if self.flags is None else bool(self.flags & READ_ONLY)


def fields(capsule: Any) -> Fields | None:
    """The fields of a capsule that nobody has consumed; None for anything else."""
    for name, kind in ((VERSIONED, DLManagedTensorVersioned), (LEGACY, DLManagedTensor)):
        if capsule_is_valid(capsule, name):
            managed = kind.from_address(capsule_pointer(capsule, name))
            tensor = managed.dl_tensor
            flags = managed.flags if kind is DLManagedTensorVersioned else None
            return Fields((tensor.data or 0) + tensor.byte_offset, flags)
    return None
