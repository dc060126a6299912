"""Host memory as a source: blocks whose every byte the harness knows, and who lends them.

Their memory can be read and written behind the back of the library under test.
"""

from __future__ import annotations

import array
import mmap
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from tensorpact.cases import contents, dtypes, exporters, layouts
from tensorpact.cases.live import TOUCHED, UNREAD, Live, Unbuildable
from tensorpact.cases.model import Block
from tensorpact.cases.twists import TWISTS
from tensorpact.probes.owners import Owner
from tensorpact.probes.pages import untouched

_GUARD = 0xA5
_PAGE = 64
_BEFORE = 256
"""Bytes of ours before the lowest element: so far back may a pointer lie that comes with an
offset, and a consumer that loses the offset must not find the memory of somebody else there."""


def lent(block: Block) -> Live:
    """The block's memory, and what lends it. Raises Unbuildable."""
    return _by_hand(block) if block.twist else _HOST[block.exporter](block)


@lru_cache(maxsize=4096)
def _template(block: Block) -> tuple[bytes, int, tuple[int, ...], bool]:
    """Initial memory, offset of the first element in it, strides, aliasing; by value."""
    size = dtypes.itemsize(block.dtype)
    strides = layouts.byte_strides(block)
    low, high = layouts.span(block.shape, strides, size)
    lead = _BEFORE - low + low % _PAGE
    offset = lead + (block.alignment % _PAGE)
    memory = np.full(offset + high + _PAGE, _GUARD, np.uint8)
    kind = dtypes.storage(block.dtype)
    view = np.ndarray(block.shape, kind, memory.data, offset, strides)
    view[...] = contents.elements(block.content, block.dtype, prod(block.shape)).reshape(
        block.shape
    )
    return memory.tobytes(), offset, strides, layouts.aliased(block.shape, strides, size)


def _aligned(initial: bytes) -> np.ndarray:
    """A fresh copy of the template whose first byte lies at a multiple of 64."""
    room = np.empty(len(initial) + _PAGE, np.uint8)
    start = -room.__array_interface__["data"][0] % _PAGE
    memory = room[start : start + len(initial)]
    memory[:] = np.frombuffer(initial, np.uint8)
    return memory


def _template_of(block: Block) -> tuple[bytes, int, tuple[int, ...], bool]:
    if not block.foreign_order:
        return _template(block)
    initial, offset, strides, aliased = _template(block)
    memory = np.frombuffer(bytearray(initial), np.uint8)
    kind = dtypes.storage(block.dtype)
    view = np.ndarray(block.shape, kind, memory.data, offset, strides)
    plain = contents.elements(block.content, block.dtype, prod(block.shape))
    view[...] = plain.byteswap().reshape(block.shape)
    return memory.tobytes(), offset, strides, aliased


def _host(block: Block, memory: np.ndarray | None = None) -> tuple[Live, np.ndarray]:
    """The block's memory, and a writable array over it that only the harness holds."""
    if block.dtype == "object":
        return _objects(block)
    if block.content in UNREAD:
        return _unread(block)
    initial, offset, strides, aliased = _template_of(block)
    memory = _aligned(initial) if memory is None else memory
    kind = dtypes.storage(block.dtype)
    if block.foreign_order:
        kind = kind.newbyteorder()
    truth = np.ndarray(block.shape, kind, memory.data, offset, strides)
    live = Live(None)
    base = memory.__array_interface__["data"][0]
    live.address, live.strides, live.aliased = base + offset, strides, aliased
    live.extent = (base, base + memory.nbytes)
    live.bytes = memory.tobytes
    live.keep = (memory, truth)
    live.owner = Owner(_root(memory))
    _attach(live, truth, block.foreign_order)
    return live, truth


def _root(array: np.ndarray) -> Any:
    """What owns the memory of an array: the last of its bases."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return owner


def _attach(live: Live, truth: np.ndarray, foreign_order: bool = False) -> None:
    native = truth.dtype.newbyteorder("=")
    shape = truth.shape

    def put(data: bytes) -> None:
        truth[...] = np.frombuffer(data, native).reshape(shape)

    if foreign_order:
        live.get = lambda: truth.astype(native).tobytes()
    else:
        live.get = truth.tobytes
    live.put = put


def _objects(block: Block) -> tuple[Live, np.ndarray]:
    made = np.empty(block.shape, object)
    made[...] = None
    return Live(made), made


def _unread(block: Block) -> tuple[Live, np.ndarray]:
    """Nothing but its description is known to the probes."""
    kind, strides = dtypes.storage(block.dtype), layouts.byte_strides(block)
    low, high = layouts.span(block.shape, strides, kind.itemsize)
    pages = untouched(max(high - low, 1))
    if block.content == TOUCHED:
        np.frombuffer(pages, np.uint8)[...] = 1
    truth = np.ndarray(block.shape, kind, pages, -low, strides)
    live = Live(None)
    live.address, live.strides = truth.__array_interface__["data"][0], strides
    live.aliased = layouts.aliased(block.shape, strides, kind.itemsize)
    live.extent = (live.address + low, live.address + high)
    live.keep = pages
    return live, truth


def _ndarray(block: Block) -> Live:
    live, truth = _host(block)
    given = truth.view()
    if block.readonly:
        given.flags.writeable = False
    live.obj = given
    live.flags = lambda: (given.flags.num, given.shape, given.strides, given.dtype)
    return live


def _wrapped(wrap: Callable[[np.ndarray], Any]) -> Callable[[Block], Live]:
    def made(block: Block) -> Live:
        live = _ndarray(block)
        live.keep = (live.keep, live.obj)
        try:
            live.obj = wrap(live.obj)
        except (BufferError, TypeError, ValueError) as error:
            raise Unbuildable(f"NumPy cannot lend this: {error}") from error
        return _noting(live, live.obj)

    return made


def _noting(live: Live, exporter: Any) -> Live:
    """The source with what its exporter keeps account of."""
    live.copies = getattr(exporter, "copies", live.copies)
    live.handshake = getattr(exporter, "asked", live.handshake)
    live.loans = getattr(exporter, "loans", live.loans)
    live.capsules = getattr(exporter, "capsules", live.capsules)
    return live


def _by_hand(block: Block) -> Live:
    """An export of which every field is as its twist says; see `cases.twists`."""
    live = _ndarray(block)
    twist, dtype = TWISTS[block.twist], dtypes.standard(block.dtype)
    lender = exporters.by_hand(block.exporter, twist)(live.obj, dtype, twist)
    live.keep = (live.keep, live.obj, lender)
    live.obj = lender.capsule if isinstance(lender, exporters.Bare) else lender
    return _noting(live, lender)


# --------------------------------------------------------------------------- buffers


def _buffer(obj: Any, block: Block, *, writable: bool) -> Live:
    live = Live(obj)
    truth = np.frombuffer(obj, dtypes.storage(block.dtype))
    live.address = truth.__array_interface__["data"][0]
    live.strides = (truth.itemsize,)
    live.extent = (live.address, live.address + truth.nbytes)
    live.keep = truth
    live.owner = Owner(obj)
    live.bytes = truth.tobytes
    _attach(live, truth)
    if not writable:
        live.put = None
    return live


def _flat_bytes(block: Block) -> bytes:
    if len(block.shape) != 1 or not block.shape[0]:
        raise Unbuildable("a buffer of this kind has one dimension and is not empty")
    return contents.elements(block.content, block.dtype, block.shape[0]).tobytes()


def _array_array(block: Block) -> Live:
    if block.dtype not in dtypes.TYPECODES:
        raise Unbuildable(f"array.array has no typecode for {block.dtype}")
    return _buffer(
        array.array(dtypes.TYPECODES[block.dtype], _flat_bytes(block)), block, writable=True
    )


def _bytearray(block: Block) -> Live:
    return _buffer(bytearray(_flat_bytes(block)), block, writable=True)


def _bytes(block: Block) -> Live:
    return _buffer(bytes(bytearray(_flat_bytes(block))), block, writable=False)


def _mmap(block: Block) -> Live:
    data = _flat_bytes(block)
    mapping = mmap.mmap(-1, len(data))
    mapping[:] = data
    return _buffer(mapping, block, writable=True)


_FILE: list[Any] = []


def _memmap(block: Block) -> Live:
    """A NumPy memory map; the harness sees its file through a mapping of its own."""
    initial, offset, _, _ = _template_of(block)
    if not _FILE:
        _FILE.append(tempfile.TemporaryFile())  # noqa: SIM115 - one for the whole process
    file = _FILE[0]
    file.seek(0)
    file.write(initial)
    file.flush()
    own = np.memmap(file, np.uint8, "r+", shape=(len(initial),))
    live, _ = _host(block, np.asarray(own))
    kind = dtypes.storage(block.dtype)
    if block.foreign_order:
        kind = kind.newbyteorder()
    strides = layouts.byte_strides(block)
    given = np.memmap(file, np.uint8, "r+", shape=(len(initial),))
    base = given.__array_interface__["data"][0]
    live.address, live.extent = base + offset, (base, base + len(initial))
    live.obj = np.ndarray(block.shape, kind, given, offset, strides).view(np.memmap)
    # A mapping without write access would end the process of whoever ignores the flag.
    live.obj.flags.writeable = not block.readonly
    live.keep = (live.keep, own, given)
    live.owner = Owner(given._mmap)  # type: ignore[attr-defined]  # not in NumPy's stubs
    return live


_HOST: Mapping[str, Callable[[Block], Live]] = {
    "ndarray": _ndarray,
    "subclass": _wrapped(lambda given: given.view(exporters.SubArray)),
    "memmap": _memmap,
    "array.array": _array_array,
    "bytearray": _bytearray,
    "bytes": _bytes,
    "memoryview": _wrapped(lambda given: given.data),
    "mmap": _mmap,
    "array_interface": _wrapped(exporters.Interface),
    "array_protocol": _wrapped(exporters.ArrayProtocol),
    "array_protocol_old": _wrapped(exporters.OldArrayProtocol),
    "dlpack": _wrapped(exporters.DLPack),
    "dlpack_old": _wrapped(exporters.OldDLPack),
    "dlpack_ignores_copy": _wrapped(exporters.DLPackIgnoringCopy),
    "capsule": _wrapped(lambda given: given.__dlpack__()),
}

OVER_ARRAYS = frozenset(_HOST) - {"memmap", "array.array", "bytearray", "bytes", "mmap"}
"""The exporters that lend the memory of an array as it is, without a look at its elements."""
