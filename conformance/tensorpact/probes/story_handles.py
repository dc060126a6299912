"""The live handles of a story: how each kind is made, read, written and found in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

import reftensor
from tensorpact.cases import dtypes, stories
from tensorpact.cases.build import build
from tensorpact.cases.live import Unbuildable
from tensorpact.cases.model import Block, Case, Step
from tensorpact.probes.observe import Eyes, arguments_of
from tensorpact.probes.raising import adapting, attempt
from tensorpact.probes.worlds import Cells
from tensorpact.seen.raised import Raised

Array = np.ndarray[Any, np.dtype[Any]]

_IMPORTS: Mapping[str, Callable[[Any], Any]] = {
    "np.from_dlpack": np.from_dlpack,
    "reftensor.from_dlpack": reftensor.from_dlpack,
}


def make(step: Step, parent: Any, block: Block | None, eyes: Eyes) -> tuple[Any, Raised | None]:
    """What the step makes of its parent, None where it is refused, and how.

    `block` describes the parent. Raises AdapterFault where the adapter cannot make a tensor.
    """
    if step.verb == "make":
        return _built(stories.block_of(step.detail), eyes), None
    assert block is not None
    return attempt(partial(_made, step, parent, block, eyes))


def _built(block: Block, eyes: Eyes) -> Any:
    """Only the object: what else the harness holds of it would keep it alive, and locked."""
    try:
        with adapting("making the source"):
            return build(block, eyes.backend).obj
    except Unbuildable:
        return None


def _made(step: Step, parent: Any, block: Block, eyes: Eyes) -> Any:
    backend = eyes.backend
    if step.verb == "call":
        made = stories.call_of(step.detail)
        return backend.operations[made.operation](parent, **arguments_of(Case(block, made), eyes))
    if step.verb == "export":
        found = _IMPORTS.get(step.detail)
        return found(parent) if found is not None else backend.exports[step.detail](parent)
    if step.detail == "T":
        axes = tuple(reversed(range(len(block.shape))))
        if block.exporter != "own":
            return parent.transpose(axes)
        return None if backend.permute is None else backend.permute(parent, axes)
    index = (stories.slice_of(step.detail),)
    return backend.view(parent, index) if block.exporter == "own" else parent[index]


def as_foretold(obj: Any, block: Block, eyes: Eyes) -> bool:
    """Whether it is what the rules say: of the library, with that dtype and shape, and there.

    Others are not followed; whether they are right is judged elsewhere.
    """
    if block.exporter != "own":
        array = _array(obj, block)
        return array.dtype == block.dtype and array.shape == block.shape
    backend = eyes.backend
    if not isinstance(obj, backend.tensor_type):
        return False
    with adapting("describing a handle"):
        known = eyes.dtype_names.get(backend.dtype(obj)) == block.dtype
        placed = eyes.device_name(obj) == (block.device or backend.host.name)
        return known and placed and tuple(backend.shape(obj)) == block.shape


def _array(obj: Any, block: Block) -> Array:
    """A passing ndarray over what is not the library's own."""
    if block.exporter in ("bytearray", "array.array"):
        return np.frombuffer(obj, block.dtype)
    return np.asarray(obj)


def read(obj: Any, block: Block, eyes: Eyes) -> bytes:
    """The elements as bytes in C order. Raises AdapterFault."""
    if block.exporter != "own":
        return _array(obj, block).tobytes()
    with adapting("reading a handle"):
        return eyes.backend.read(obj)


def write(obj: Any, block: Block, data: bytes, eyes: Eyes) -> bool:
    """Sets the elements; False where that is refused, which is the handle's right."""
    if block.exporter != "own":
        array = _array(obj, block)
        if array.flags.writeable:
            array[...] = np.frombuffer(data, block.dtype).reshape(block.shape)
        return array.flags.writeable
    write = eyes.backend.write
    if write is None:
        return False
    with adapting("writing a handle"):
        try:
            write(obj, data)
        except _REFUSALS:
            return False
    return True


_REFUSALS = (BufferError, RuntimeError, TypeError, ValueError)
"""What libraries refuse a write by; with anything else the adapter has failed."""


def cells(obj: Any, block: Block, eyes: Eyes) -> Cells | None:
    """The addresses of the bytes of its elements; None where it has none for the host."""
    if block.exporter != "own":
        array = _array(obj, block)
        address, strides = array.__array_interface__["data"][0], array.strides
    else:
        backend = eyes.backend
        place = eyes.devices[block.device or backend.host.name]
        if backend.address is None or backend.strides is None or not place.host:
            return None
        with adapting("describing a handle"):
            address, strides = backend.address(obj), backend.strides(obj)
    found: Cells = _offsets(block.shape, tuple(strides), dtypes.itemsize(block.dtype)) + address
    return found


@lru_cache(maxsize=1024)
def _offsets(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> Cells:
    found = np.zeros((*shape, itemsize), np.int64)
    for axis, length, step in zip(range(len(shape)), shape, strides, strict=True):
        found += (np.arange(length) * step).reshape(-1, *[1] * (len(shape) - axis))
    return found + np.arange(itemsize)
