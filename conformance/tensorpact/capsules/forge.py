"""DLPack capsules made by hand, with every field as it is wanted, over memory of the caller's."""

from __future__ import annotations

import ctypes
from collections import deque
from ctypes import CFUNCTYPE, c_int64, c_void_p
from dataclasses import dataclass, replace
from threading import get_ident
from typing import Any

from reftensor import capi, dlpack
from reftensor.capi import immortal
from reftensor.dlpack import DLManagedTensor, DLManagedTensorVersioned, DLTensor

Managed = DLManagedTensor | DLManagedTensorVersioned

OTHER_NAME = immortal(b"tensor")
"""A name that no DLPack capsule has."""


@dataclass(frozen=True, slots=True)
class Description:
    """The fields of a capsule as they are to be written, true or not.

    `shape` and `strides` (in elements) may be None for a null pointer; `ndim` is the length of
    the shape unless it is said. `dtype` is code, bits and lanes. `version` None makes the legacy
    generation, which has no flags. `garbled`: all that stands behind the flags is noise.
    """

    data: int = 0
    shape: tuple[int, ...] | None = ()
    strides: tuple[int, ...] | None = None
    dtype: tuple[int, int, int] = (2, 32, 1)
    device: tuple[int, int] = (1, 0)
    byte_offset: int = 0
    ndim: int | None = None
    version: tuple[int, int] | None = dlpack.VERSION
    flags: int = 0
    deleter: bool = True
    name: bytes | None = None
    garbled: bool = False

    @property
    def legacy(self) -> Description:
        """The same in the legacy generation."""
        return replace(self, version=None)


class Loan:
    """What a capsule lends: `keep` stays alive until the consumer has called the deleter.

    `threads` are those that called it, one entry a call. Without a deleter nobody can say that
    the loan has ended: it lasts as long as this object.
    """

    __slots__ = ("__weakref__", "_structures", "keep", "threads")

    def __init__(self, keep: object, structures: object) -> None:
        self.keep = keep
        self.threads: list[int] = []
        self._structures = structures

    @property
    def deleted(self) -> int:
        """How often the deleter was called; more than once is the consumer's mistake."""
        return len(self.threads)


_forever: list[object] = []
"""Structures that have no deleter: nobody says when the consumer has read them for the last
time, which may be when it gives the memory up."""


def forge(description: Description, keep: object = None) -> tuple[Any, Loan]:
    """A capsule with these fields, and what became of it; `keep` lives as long as it is lent.

    Drop the capsule only where no exception is on its way, or hold it until then: its
    destructor is Python code, which would end that exception before its time.
    """
    managed = DLManagedTensor() if description.version is None else _versioned(description)
    arrays = _describe(managed.dl_tensor, description)
    if description.garbled and isinstance(managed, DLManagedTensorVersioned):
        ctypes.memset(ctypes.addressof(managed.dl_tensor), 0xFF, ctypes.sizeof(DLTensor))
    address = ctypes.addressof(managed)
    loan = Loan(keep, (managed, arrays))
    if not description.deleter:
        _forever.append((managed, arrays))
    else:
        managed.deleter = ctypes.cast(_deleter, c_void_p).value
        _lent[address] = (managed, arrays, loan)
    name = description.name or (dlpack.LEGACY if description.version is None else dlpack.VERSIONED)
    return capi.new_capsule(address, name, ctypes.cast(_destructor, c_void_p)), loan


def _versioned(description: Description) -> DLManagedTensorVersioned:
    assert description.version is not None
    managed = DLManagedTensorVersioned()
    managed.version.major, managed.version.minor = description.version
    managed.flags = description.flags
    return managed


def _describe(tensor: DLTensor, description: Description) -> tuple[object, ...]:
    """Fill in the tensor; what comes back holds its shape and strides."""
    shape, strides = description.shape, description.strides
    tensor.data, tensor.byte_offset = description.data or None, description.byte_offset
    tensor.device = dlpack.DLDevice(*description.device)
    tensor.dtype = dlpack.DLDataType(*description.dtype)
    tensor.ndim = len(shape or ()) if description.ndim is None else description.ndim
    arrays = tuple(
        None if numbers is None else (c_int64 * max(len(numbers), 1))(*numbers)
        for numbers in (shape, strides)
    )
    tensor.shape, tensor.strides = arrays
    return arrays


_lent: dict[int, tuple[Managed, tuple[object, ...], Loan]] = {}
"""Every structure by its address, with the arrays that it points to and its loan."""

_ENDED = 4096
_ended: deque[int] = deque()
"""The structures whose deleter was called. So many are kept, for the call that comes twice."""


def _callbacks() -> tuple[Any, Any]:
    # C code calls these at any time and from any thread, even when Python exits and modules are
    # torn down: they must never be freed, and must hold all that they use.
    lent, ended, most, thread, raise_pending = _lent, _ended, _ENDED, get_ident, capi.raise_pending
    is_valid, pointer = capi.dying_capsule_is_valid, capi.dying_capsule_pointer
    names = (dlpack.LEGACY, dlpack.VERSIONED, OTHER_NAME)

    def end(address: int) -> None:
        found = lent.get(address)
        if found is None:
            return
        loan = found[2]
        loan.threads.append(thread())
        loan.keep = None
        if loan.deleted == 1:
            ended.append(address)
        if len(ended) > most:
            lent.pop(ended.popleft(), None)

    def delete(address: int) -> None:
        try:
            raise_pending()
        finally:
            end(address)

    def destroy(capsule: int) -> None:
        try:
            raise_pending()
        finally:
            for name in names:
                if is_valid(capsule, name):
                    end(pointer(capsule, name))

    prototype = CFUNCTYPE(None, c_void_p)
    return immortal(prototype(delete)), immortal(prototype(destroy))


_deleter, _destructor = _callbacks()
