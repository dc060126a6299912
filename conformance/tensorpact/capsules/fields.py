"""The fields of a DLPack capsule, read where they stand in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reftensor.capi import Capsule, capsule_is_valid, capsule_name, capsule_pointer
from reftensor.dlpack import (
    DTYPE_CODES,
    IS_COPIED,
    LEGACY,
    READ_ONLY,
    USED,
    VERSIONED,
    DLManagedTensor,
    DLManagedTensorVersioned,
    DLTensor,
)
from tensorpact.cases.layouts import compact

MOST_DIMENSIONS = 64
"""A capsule that claims more is not read further: no library has arrays of so many."""

HOST_CODES = frozenset({1, 3, 11, 13})
"""kDLCPU, and the kinds of DLPack whose memory the host can address as well."""

DTYPES = {dtype.name: (*code, 1) for dtype, code in DTYPE_CODES.items()}
"""Code, bits and lanes of each dtype, by standard name."""

_MAJOR = 1
_GENERATIONS = {
    VERSIONED: DLManagedTensorVersioned,
    USED[VERSIONED]: DLManagedTensorVersioned,
    LEGACY: DLManagedTensor,
    USED[LEGACY]: DLManagedTensor,
}


@dataclass(frozen=True, slots=True)
class Fields:
    """What a capsule says.

    `version` and `flags` are None for the legacy generation, which has none. `data` is the
    pointer as it stands, 0 for null; `strides` count elements and are None where they are
    absent; `dtype` is code, bits and lanes; `device` is type and number. Of another major
    version only that and the deleter can be read; `shape` is () for an unbelievable `ndim`.
    """

    name: str
    has_deleter: bool
    version: tuple[int, int] | None = None
    flags: int | None = None
    data: int = 0
    byte_offset: int = 0
    ndim: int = 0
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] | None = None
    dtype: tuple[int, int, int] = (0, 0, 0)
    device: tuple[int, int] = (0, 0)

    @property
    def address(self) -> int:
        """Where the first element is."""
        return self.data + self.byte_offset

    @property
    def known(self) -> bool:
        """Whether it is of a major version whose fields are known here."""
        return self.version is None or self.version[0] == _MAJOR

    @property
    def readonly(self) -> bool | None:
        return None if self.flags is None else bool(self.flags & READ_ONLY)

    @property
    def copied(self) -> bool | None:
        return None if self.flags is None else bool(self.flags & IS_COPIED)

    def byte_strides(self, itemsize: int) -> tuple[int, ...]:
        """The strides in bytes; absent ones are those of C order."""
        if self.strides is None:
            return compact(self.shape, itemsize)
        return tuple(stride * itemsize for stride in self.strides)


def fields(capsule: Any) -> Fields | None:
    """The fields of a DLPack capsule of either generation; None for anything else.

    A capsule that was consumed is read too: its consumer must still hold the memory.
    """
    if not isinstance(capsule, Capsule):
        return None
    name = capsule_name(capsule)
    if name not in _GENERATIONS or not capsule_is_valid(capsule, name):
        return None
    managed = _GENERATIONS[name].from_address(capsule_pointer(capsule, name))
    text, deleter = name.decode(), bool(managed.deleter)
    if isinstance(managed, DLManagedTensor):
        return Fields(text, deleter, **_described(managed.dl_tensor))
    version = (managed.version.major, managed.version.minor)
    if version[0] != _MAJOR:
        return Fields(text, deleter, version)
    return Fields(text, deleter, version, managed.flags, **_described(managed.dl_tensor))


def _described(tensor: DLTensor) -> dict[str, Any]:
    readable = 0 < tensor.ndim <= MOST_DIMENSIONS
    return {
        "data": tensor.data or 0,
        "byte_offset": tensor.byte_offset,
        "ndim": tensor.ndim,
        "shape": tuple(tensor.shape[: tensor.ndim]) if readable and tensor.shape else (),
        "strides": _strides(tensor) if tensor.strides else None,
        "dtype": (tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes),
        "device": (tensor.device.device_type, tensor.device.device_id),
    }


def _strides(tensor: DLTensor) -> tuple[int, ...]:
    return tuple(tensor.strides[: tensor.ndim]) if 0 < tensor.ndim <= MOST_DIMENSIONS else ()
