"""From a source to a live object: memory whose every byte the harness knows.

A `Live` source can be read and written behind the back of the library under test: host
memory through the block that the harness allocated, an own tensor through the adapter.
"""

from __future__ import annotations

import array
import itertools
import mmap
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from tensorpact.backends.protocol import Backend
from tensorpact.capsules import Loan
from tensorpact.capsules.handshake import Ask
from tensorpact.cases import contents, dtypes, exporters, layouts
from tensorpact.cases.model import (
    Block,
    Leaf,
    Nest,
    Node,
    Source,
    Story,
    Values,
    leaf_value,
    leaves,
)
from tensorpact.cases.things import SEQUENCES, THINGS
from tensorpact.cases.twists import TWISTS
from tensorpact.probes.owners import Owner
from tensorpact.probes.pages import untouched

UNTOUCHED, TOUCHED, ENDLESS = "untouched", "touched", "endless"
UNREAD = frozenset({UNTOUCHED, TOUCHED, ENDLESS})
"""Contents that no probe reads or writes: it would spoil the count, or never come to an end."""

_GUARD = 0xA5
_PAGE = 64
_BEFORE = 256
"""Bytes of ours before the lowest element: so far back may a pointer lie that comes with an
offset, and a consumer that loses the offset must not find the memory of somebody else there."""


class Unbuildable(Exception):
    """The source cannot exist here: NumPy lacks the dtype, the backend cannot make the view."""


class Live:
    """A source that exists: `obj` is what is handed in; the rest is for the probes only.

    `get()` are the elements as bytes in C order; `put(data)` sets them behind the library's
    back, None where nobody may; `bytes()` is all memory that the source lends, guards
    included, None where the host cannot see it. `copies` are the addresses of the copies
    that the exporter has made on request, `handshake` what a DLPack exporter was asked. `owner`
    tells whether the memory is still held, `capsules` are the exports made by hand and `loans`
    what became of each.
    """

    __slots__ = ("address", "aliased", "bytes", "capsules", "copies", "extent", "flags", "get",
                 "handshake", "keep", "loans", "obj", "owner", "put", "strides")  # fmt: skip

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.get: Callable[[], bytes] | None = None
        self.put: Callable[[bytes], None] | None = None
        self.bytes: Callable[[], bytes] | None = None
        self.flags: Callable[[], Any] | None = None
        self.address: int | None = None
        self.strides: tuple[int, ...] | None = None
        self.extent: tuple[int, int] | None = None
        self.aliased = False
        self.copies: list[int] = []
        self.handshake: list[Ask] = []
        self.keep: Any = None
        self.owner: Owner | None = None
        self.loans: list[Loan] | None = None
        self.capsules: list[Any] = []

    def only_lend(self) -> None:
        """Forget all but the object, so that the harness itself keeps nothing alive."""
        self.get = self.put = self.bytes = self.flags = self.keep = None


def build(source: Source, backend: Backend) -> Live:
    """The live source. Raises Unbuildable; whatever the adapter raises passes through."""
    if isinstance(source, Story):
        raise Unbuildable("a story makes what it needs as it goes")
    if isinstance(source, Values):
        return _values(source.root, backend)
    lent = OVER_ARRAYS if source.content == UNTOUCHED else {"own", *OVER_ARRAYS}
    if source.content in UNREAD and source.exporter not in lent:
        raise Unbuildable("what lends this memory would touch it")
    if source.exporter == "own":
        return _own(source, backend)
    if source.exporter == "accelerated":
        return _accelerated(source, backend)
    return _by_hand(source) if source.twist else _HOST[source.exporter](source)


# --------------------------------------------------------------------------- host memory


def truth_strides(block: Block) -> tuple[int, ...]:
    """The byte strides of a block's elements."""
    if block.strides is not None:
        return block.strides
    return layouts.strides_of(block.layout, block.shape, dtypes.itemsize(block.dtype))


@lru_cache(maxsize=4096)
def _template(block: Block) -> tuple[bytes, int, tuple[int, ...], bool]:
    """Initial memory, offset of the first element in it, strides, aliasing; by value."""
    size = dtypes.itemsize(block.dtype)
    strides = truth_strides(block)
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
    kind, strides = dtypes.storage(block.dtype), truth_strides(block)
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

TYPECODES: Mapping[str, str] = {
    **{name: codes[0] for name, codes in dtypes.ALIASES.items()},
    "float32": "f",
    "float64": "d",
}


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
    if block.dtype not in TYPECODES:
        raise Unbuildable(f"array.array has no typecode for {block.dtype}")
    return _buffer(array.array(TYPECODES[block.dtype], _flat_bytes(block)), block, writable=True)


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
    strides = truth_strides(block)
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


# --------------------------------------------------------------------------- own tensors


def _own(block: Block, backend: Backend) -> Live:
    if backend.make is None:
        raise Unbuildable("the adapter cannot make tensors")
    device = block.device or backend.host.name
    recipe = layouts.LAYOUTS[block.layout](block.shape)
    if block.content in UNREAD:
        data = bytes(prod(recipe.base) * dtypes.itemsize(block.dtype))
    else:
        data = contents.elements(block.content, block.dtype, prod(recipe.base)).tobytes()
    tensor = backend.make(data, block.dtype, recipe.base, device)
    try:
        tensor = _viewed(tensor, recipe, backend)
    except Exception as error:
        raise Unbuildable(f"the backend cannot make the view: {error}") from error
    if block.lazy:
        tensor = backend.lazy[block.lazy](tensor)
    if block.grad:
        tensor = backend.grad["require"](tensor)
    if block.grad == "history":
        tensor = backend.grad["history"](tensor)
    if block.readonly:
        assert backend.protect is not None
        tensor = backend.protect(tensor)
    return _own_live(tensor, block, backend, device)


def _accelerated(block: Block, backend: Backend) -> Live:
    live = _own(block, backend)
    live.keep, live.flags = live.obj, None
    live.obj = exporters.Accelerated(live.obj)
    return live


def _viewed(tensor: Any, recipe: layouts.Recipe, backend: Backend) -> Any:
    if recipe.index:
        tensor = backend.view(tensor, recipe.index)
    if recipe.axes:
        if backend.permute is None:
            raise Unbuildable("the adapter cannot permute")
        tensor = backend.permute(tensor, recipe.axes)
    if recipe.expand is not None:
        if backend.expand is None:
            raise Unbuildable("the adapter cannot expand")
        tensor = backend.expand(tensor, recipe.expand)
    return tensor


def _own_live(tensor: Any, block: Block, backend: Backend, device: str) -> Live:
    live = Live(tensor)
    live.owner = Owner(tensor)
    place = next(d for d in backend.devices if d.name == device)
    if backend.strides is not None:
        live.strides = backend.strides(tensor)
        live.aliased = layouts.aliased(block.shape, live.strides, dtypes.itemsize(block.dtype))
    else:
        live.aliased = "broadcast" in block.layout
    if not place.data or block.content in UNREAD:
        return live
    if backend.address is not None:
        live.address = backend.address(tensor)
    live.get = lambda: backend.read(tensor)
    write = backend.write
    if write is not None and not live.aliased and not block.readonly:
        live.put = lambda data: write(tensor, data)
    requires = backend.grad.get("requires")
    live.flags = lambda: (
        backend.shape(tensor),
        backend.dtype(tensor),
        requires(tensor) if requires else None,
    )
    return live


# --------------------------------------------------------------------------- values


def _values(root: Node, backend: Backend) -> Live:
    """The nested value; the memory of arrays inside it counts as the source's memory."""
    blocks: list[Live] = []
    live = Live(_node(root, backend, blocks))
    live.keep = blocks
    if all(isinstance(leaf, Leaf) and _is_number(leaf) for leaf in leaves(root)):
        live.flags = lambda: repr(live.obj)
    if not blocks or any(part.get is None for part in blocks):
        return live
    sizes = [len(part.get()) for part in blocks if part.get is not None]
    ends = list(itertools.accumulate(sizes))

    def put(data: bytes) -> None:
        for part, end, size in zip(blocks, ends, sizes, strict=True):
            assert part.put is not None
            part.put(data[end - size : end])

    live.get = lambda: b"".join(part.get() for part in blocks if part.get is not None)
    live.put = put if all(part.put is not None for part in blocks) else None
    live.bytes = live.get
    return live


def _is_number(leaf: Leaf) -> bool:
    return leaf.kind not in ("str", "bytes", "none", "thing")


def _node(node: Node, backend: Backend, blocks: list[Live]) -> Any:
    if isinstance(node, Nest):
        return SEQUENCES[node.kind]([_node(item, backend, blocks) for item in node.items])
    if isinstance(node, Block):
        blocks.append(build(node, backend))
        return blocks[-1].obj
    return _leaf(node)


def _leaf(leaf: Leaf) -> Any:
    kind, _, name = leaf.kind.partition(":")
    if kind == "thing":
        return THINGS[leaf.text].make()
    if kind == "scalar":
        return np.array(leaf_value(leaf)).astype(dtypes.storage(name))[()]
    return leaf_value(leaf)
