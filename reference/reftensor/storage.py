"""A storage is a block of memory on one device, with whatever keeps it alive.

Host memory is allocated here or borrowed. Device memory is a mapping that the process has no
access to except while a device operation holds it open: to touch it is a segmentation fault.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reftensor.capi import window
from reftensor.devices import CPU, Device
from reftensor.layout import Layout

_ALIGNMENT = 64
_PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
_PROT_NONE, _PROT_OPEN = 0, mmap.PROT_READ | mmap.PROT_WRITE

_libc = ctypes.CDLL(None, use_errno=True)
_mprotect = _libc["mprotect"]
_mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class Fence:
    """A block of device memory, closed to the host. Freed with the last storage over it.

    While one thread holds it open, the others could touch it too.
    """

    def __init__(self, device: Device, nbytes: int) -> None:
        self.device = device
        self.nbytes = max(-(-nbytes // mmap.PAGESIZE), 1) * mmap.PAGESIZE
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        try:
            self._anchor = ctypes.c_char.from_buffer(mmap.mmap(-1, self.nbytes, flags=flags))
        except OSError as error:
            raise MemoryError(f"no {nbytes} bytes left on {device}") from error
        self.address = ctypes.addressof(self._anchor)
        self._lock = threading.Lock()
        self._users = 0
        self._protect(_PROT_NONE)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Inside the context the memory can be used; contexts may nest and overlap."""
        with self._lock:
            if not self._users:
                self._protect(_PROT_OPEN)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._protect(_PROT_NONE)

    def _protect(self, access: int) -> None:
        if _mprotect(self.address, self.nbytes, access):
            raise OSError(ctypes.get_errno(), "mprotect failed")


_fences: weakref.WeakSet[Fence] = weakref.WeakSet()
_fences_lock = threading.Lock()


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Storage:
    """A block of memory: `owner` keeps it valid, `fence` opens it if it is on a device."""

    device: Device
    address: int
    nbytes: int
    owner: object
    fence: Fence | None = None

    def __reduce__(self) -> str:
        raise TypeError("memory cannot be pickled: its address means nothing elsewhere")

    def read(self, offset: int, layout: Layout, out: memoryview) -> None:
        """Gather the elements, in row-major order, into bytes."""
        length, runs = layout.runs()
        if length == len(out) and self.fence is None:
            out[:] = window(self.address + offset + next(runs), length) if length else b""
            return
        with self._opened(offset, layout) as (block, low):
            for position, run in enumerate(runs):
                start = run - low
                out[position * length : (position + 1) * length] = block[start : start + length]

    def write(self, offset: int, layout: Layout, data: memoryview) -> None:
        """Scatter bytes over the elements in row-major order."""
        with self._opened(offset, layout) as (block, low):
            length, runs = layout.runs()
            for position, run in enumerate(runs):
                start = run - low
                block[start : start + length] = data[position * length : (position + 1) * length]

    def fill(self, offset: int, layout: Layout, source: Storage, start: int, other: Layout) -> None:
        """Copy the elements of another layout of this shape in; this one is row-major."""
        with self._opened(offset, layout) as (block, _):
            source.read(start, other, block)

    @contextmanager
    def _opened(self, offset: int, layout: Layout) -> Iterator[tuple[memoryview, int]]:
        low, high = layout.extent
        if low == high:
            yield memoryview(bytearray()), 0
            return
        if self.fence is None:
            yield window(self.address + offset + low, high - low), low
            return
        with self.fence.open():
            yield window(self.address + offset + low, high - low), low


def require_memory(nbytes: int) -> None:
    """Raise MemoryError for more than the machine has, before anything is touched."""
    if nbytes > _PHYSICAL:
        raise MemoryError("the result would take more memory than this machine has")


def allocate(device: Device, nbytes: int) -> Storage:
    """A new block of zeros. Raises MemoryError if there is no room for it."""
    require_memory(nbytes)
    if device != CPU:
        fence = Fence(device, nbytes)
        with _fences_lock:
            _fences.add(fence)
        return Storage(device, fence.address, nbytes, fence, fence)
    anchor = ctypes.c_char.from_buffer(bytearray(nbytes + _ALIGNMENT))
    address = -(-ctypes.addressof(anchor) // _ALIGNMENT) * _ALIGNMENT
    return Storage(device, address, nbytes, anchor)


def find_fence(device: Device, address: int, nbytes: int) -> Fence | None:
    """The block of device memory that these bytes lie in, if there is one."""
    with _fences_lock:
        blocks = list(_fences)
    for fence in blocks:
        starts, ends = fence.address, fence.address + fence.nbytes
        if fence.device == device and starts <= address <= address + nbytes <= ends:
            return fence
    return None
