"""The memory of the simulated devices: NumPy holds the bytes, PyTorch an address of no memory.

PyTorch gets at the bytes through the operators only: to follow an address is a segmentation
fault, as for the memory of a GPU.
"""

from __future__ import annotations

import ctypes
from collections import deque
from ctypes import CFUNCTYPE, c_int64, c_void_p
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch

from reftensor import capi
from reftensor.dlpack import LEGACY, DLDataType, DLDevice, DLManagedTensor

NAME = "sim"
COUNT = 2


@dataclass(frozen=True, slots=True)
class Allocation:
    """Memory was taken on a device."""

    device: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Elements were copied from one device to another, or within one: `nbytes` at the source."""

    source: str
    target: str
    nbytes: int


LOG: deque[Allocation | Transfer] = deque(maxlen=4096)
"""Every allocation and transfer, the latest last; the oldest are forgotten."""

_Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_blocks: dict[int, _Bytes] = {}
_live: dict[int, tuple[int, object]] = {}
"""By the address of the structure that PyTorch holds: the block's address, and what it needs."""

_CODES: dict[torch.dtype, int] = {torch.bool: 6, torch.bfloat16: 4}


class _Addresses:
    """Each is given once, aligned to 64.

    No process has memory where bit 55 is set: it is no address on x86-64, the kernel's on arm64.
    """

    def __init__(self) -> None:
        self._next, self._lock = 1 << 55, Lock()

    def take(self, nbytes: int) -> int:
        with self._lock:
            address = self._next
            self._next += -(-nbytes // 64) * 64
        return address


_addresses = _Addresses()


def allocate(like: torch.Tensor, device: torch.device | None) -> torch.Tensor:
    """A tensor with the dtype, shape and strides of a meta tensor, its memory not set.

    Raises ValueError for a device that there is not, torch.OutOfMemoryError.
    """
    index = device.index if device is not None and device.index is not None else 0
    if not 0 <= index < COUNT:
        raise ValueError(f"there is no device {device}: there are {NAME}:0 to {NAME}:{COUNT - 1}")
    nbytes = like.untyped_storage().nbytes()
    address = _addresses.take(nbytes) if nbytes else 0
    if nbytes:
        try:
            _blocks[address] = np.empty(nbytes, np.uint8)
        except MemoryError as error:
            raise torch.OutOfMemoryError(f"no {nbytes} bytes left on {NAME}:{index}") from error
        LOG.append(Allocation(f"{NAME}:{index}", nbytes))
    return torch._C._from_dlpack(_capsule(like, index, address))


def _capsule(like: torch.Tensor, index: int, address: int) -> object:
    """DLPack's extension device is how a tensor on such a device comes to be, index and all."""
    managed = DLManagedTensor()
    numbers = c_int64 * max(like.ndim, 1)
    shape, strides = numbers(*like.shape), numbers(*like.stride())
    tensor = managed.dl_tensor
    tensor.data = address or None
    tensor.device = DLDevice(_EXTENSION, index)
    tensor.ndim = like.ndim
    tensor.dtype = DLDataType(_code(like.dtype), 8 * like.itemsize, 1)
    tensor.shape, tensor.strides = shape, strides
    managed.deleter = ctypes.cast(_deleter, c_void_p).value
    place = ctypes.addressof(managed)
    _live[place] = address, (managed, shape, strides)
    return capi.new_capsule(place, LEGACY, None)


_EXTENSION = 12  # kDLExtDev


def _code(dtype: torch.dtype) -> int:
    """The kind of a dtype in DLPack."""
    if dtype.is_complex:
        return 5
    return _CODES.get(dtype, 2 if dtype.is_floating_point else int(not dtype.is_signed))


def _release() -> Any:
    # PyTorch calls it at any time, also when Python exits: it must hold all that it uses.
    live, blocks, raise_pending = _live, _blocks, capi.raise_pending

    def delete(place: int) -> None:
        try:
            raise_pending()
        finally:
            address, _ = live.pop(place)
            blocks.pop(address, None)

    return capi.immortal(CFUNCTYPE(None, c_void_p)(delete))


_deleter = _release()


def fetch(t: torch.Tensor) -> torch.Tensor:
    """The elements of a tensor of the device, in a fresh one of the host."""
    host = torch.empty(t.shape, dtype=t.dtype, device="cpu")
    _bytes(host)[...] = np.ascontiguousarray(_elements(t)).reshape(-1).view(np.uint8)
    if t.is_conj():
        host.conj_physical_()
    return host.neg_() if t.is_neg() else host


def store(t: torch.Tensor, values: torch.Tensor) -> None:
    """Sets the elements of a tensor of the device, converted and broadcast as the host does."""
    host = torch.empty(t.shape, dtype=t.dtype, device="cpu").copy_(values)
    if t.is_conj():
        host.conj_physical_()
    if t.is_neg():
        host.neg_()
    elements = _elements(t)
    elements[...] = _bytes(host).view(elements.dtype).reshape(elements.shape)


def transferred(source: torch.Tensor, target: torch.Tensor) -> None:
    """Notes that the elements of one tensor were copied to another."""
    LOG.append(Transfer(str(source.device), str(target.device), source.nbytes))


def _bytes(host: torch.Tensor) -> _Bytes:
    """The memory of a fresh tensor of the host, which must outlive it.

    `Tensor.numpy` would keep the tensor from being resized, as results of operators are.
    """
    if not host.nbytes:
        return np.empty(0, np.uint8)
    return np.frombuffer(capi.window(host.data_ptr(), host.nbytes), np.uint8)


def _elements(t: torch.Tensor) -> np.ndarray[Any, np.dtype[np.void]]:
    """The memory of a tensor of the device, element by element."""
    size, shape = t.itemsize, tuple(t.shape)
    element = np.dtype((np.void, size))
    if not t.numel():
        return np.empty(shape, element)
    address = t.untyped_storage().data_ptr()
    if address not in _blocks:
        raise RuntimeError(f"{t.device} has no memory at {address:#x}")
    strides = [stride * size for stride in t.stride()]
    return np.ndarray(shape, element, _blocks[address], t.storage_offset() * size, strides)
