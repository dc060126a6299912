"""Own tensors as sources: made and seen through the adapter."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, TypeVar

from tensorpact.backends.protocol import Backend
from tensorpact.cases import contents, dtypes, exporters, layouts
from tensorpact.cases.live import UNREAD, Live, Unbuildable
from tensorpact.cases.model import Block
from tensorpact.probes.owners import Owner
from tensorpact.probes.raising import adapting

T = TypeVar("T")


def own(block: Block, backend: Backend) -> Live:
    """A tensor of the backend. Raises Unbuildable; what the adapter raises passes through."""
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


def accelerated(block: Block, backend: Backend) -> Live:
    """An array of another library on an accelerator, over the memory of an own tensor."""
    live = own(block, backend)
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
    live.get = lambda: _adapted("reading the source", lambda: backend.read(tensor))
    write = backend.write
    if write is not None and not live.aliased and not block.readonly:
        live.put = lambda data: _adapted("writing to the source", lambda: write(tensor, data))
    requires = backend.grad.get("requires")
    live.flags = lambda: _adapted(
        "describing the source",
        lambda: (
            backend.shape(tensor),
            backend.dtype(tensor),
            requires(tensor) if requires else None,
        ),
    )
    return live


def _adapted(doing: str, call: Callable[[], T]) -> T:
    with adapting(doing):
        return call()
