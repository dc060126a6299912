"""What is held after a call: the result and what is made out of it, read and found in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

import reftensor
from reftensor.capi import Capsule
from tensorpact.capsules import fields
from tensorpact.cases import dtypes, layouts
from tensorpact.cases.exporters import OneCapsule
from tensorpact.cases.live import Live
from tensorpact.cases.model import GIVE, Block, Case
from tensorpact.probes.observe import Eyes, called
from tensorpact.probes.raising import adapting, attempt
from tensorpact.seen.raised import Raised

VERSION = (1, 0)


def outcome(case: Case, live: Live, eyes: Eyes) -> tuple[Any, Raised | None]:
    """What the call returned or raised; of an export, the array that a consumer made of it."""
    if case.call.operation in GIVE:
        return attempt(lambda: given(case.call.operation, live.obj, eyes))
    returned, raised, _ = called(case, live, eyes)
    eyes.log.clear()
    return returned, raised


def given(way: str, tensor: Any, eyes: Eyes) -> Any:
    """What a consumer has of one of the tensor's exports."""
    export = eyes.backend.exports[way]
    if way == "__dlpack__":
        return reftensor.from_dlpack(export(tensor, max_version=VERSION))
    return export(tensor)


def _view(tensor: Any, eyes: Eyes) -> Any:
    shape = eyes.backend.shape(tensor)
    return eyes.backend.view(tensor, (slice(1, None),) if shape and shape[0] > 1 else ...)


def _array(tensor: Any) -> Any:
    """Refused or not, the capsule is held until NumPy is done: see `capsules.forge`."""
    held = OneCapsule.of(tensor)
    return np.from_dlpack(held)


def _ndarray(tensor: Any, eyes: Eyes) -> Any:
    export = eyes.backend.exports.get("__array__")
    return tensor.__array__() if export is None else export(tensor)


MAKERS: Mapping[str, Callable[[Any, Eyes], Any]] = {
    "view": _view,
    "subview": lambda tensor, eyes: _view(_view(tensor, eyes), eyes),
    "array": lambda tensor, _: _array(tensor),
    "part": lambda tensor, eyes: _array(_view(tensor, eyes)),
    "ndarray": _ndarray,
    "tensor": lambda tensor, _: reftensor.from_dlpack(tensor),
    "capsule": lambda tensor, _: tensor.__dlpack__(max_version=VERSION),
    "legacy": lambda tensor, _: tensor.__dlpack__(),
}
"""How to make each of `cases.schedules.TAKEN` out of a tensor of the backend."""


def read(thing: Any, eyes: Eyes) -> bytes | None:
    """The elements in C order; None for what has none that can be read."""
    if isinstance(thing, eyes.backend.tensor_type):
        return _read_tensor(thing, eyes)
    if isinstance(thing, np.ndarray | memoryview):
        return thing.tobytes()
    if isinstance(thing, reftensor.Tensor):
        return bytes(thing.packed())
    return None


def _read_tensor(tensor: Any, eyes: Eyes) -> bytes | None:
    backend = eyes.backend
    with adapting("reading the result"):
        place = eyes.devices.get(eyes.device_name(tensor) or "")
        if place is not None and not place.data:
            return None
        return backend.read(tensor) if backend.dtype(tensor) in eyes.dtype_names else None


def address(thing: Any, eyes: Eyes) -> int | None:
    """The address of the first element in host memory, None where that cannot be known."""
    if isinstance(thing, eyes.backend.tensor_type):
        return _tensor_address(thing, eyes)
    if isinstance(thing, np.ndarray | memoryview):
        found: int = np.asarray(thing).__array_interface__["data"][0]
        return found
    if isinstance(thing, reftensor.Tensor):
        return thing.data_ptr() if str(thing.device) == "cpu" else None
    described = fields(thing) if isinstance(thing, Capsule) else None
    return None if described is None else described.address


def _tensor_address(tensor: Any, eyes: Eyes) -> int | None:
    with adapting("the address of the result"):
        place = eyes.devices.get(eyes.device_name(tensor) or "")
        if eyes.backend.address is None or place is None or not place.host:
            return None
        return eyes.backend.address(tensor)


def memory_of(live: Live, block: Block) -> tuple[int, int] | None:
    """The range of host addresses of a source's elements; None where there are none to find."""
    if live.extent is not None or live.address is None or not prod(block.shape):
        return live.extent if prod(block.shape) else None
    size = dtypes.itemsize(block.dtype)
    strides = live.strides or layouts.compact(block.shape, size)
    low, high = layouts.span(block.shape, strides, size)
    return live.address + low, live.address + high


def lies_in(thing: Any, memory: tuple[int, int] | None, eyes: Eyes) -> bool:
    """Whether the elements are known to lie in this range of host memory."""
    if memory is None:
        return False
    found = address(thing, eyes)
    return found is not None and memory[0] <= found < memory[1]
