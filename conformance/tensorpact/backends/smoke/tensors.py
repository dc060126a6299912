"""What the adapter says of a tensor must be true of a tensor that it has just made."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from tensorpact.backends.faults import calling
from tensorpact.backends.memory import gather, readable
from tensorpact.backends.smoke.abilities import wrong_abilities
from tensorpact.backends.smoke.sample import Sample
from tensorpact.cases import dtypes, layouts
from tensorpact.probes import reads


def complaints(sample: Sample) -> Iterator[str]:
    """What is wrong with the adapter for this sample, in words that name no dtype or device."""
    yield from _describes(sample)
    if sample.device.data:
        for check in (_reads, _writes, _paths, _addresses, _views):
            yield from check(sample)
        yield from wrong_abilities(sample)


def _describes(sample: Sample) -> Iterator[str]:
    t = sample.make()
    if not isinstance(t, sample.backend.tensor_type):
        yield f"make gives a {type(t).__name__}, which is no tensor_type"
    native = sample.call("dtype", t)
    if sample.use("dtype", sample.eyes.dtype_names.get, native) != sample.dtype:
        yield "dtype does not give the entry of dtypes that make was asked for"
    if sample.call("shape", t) != sample.shape:
        yield "shape does not give the shape, as a tuple, that make was asked for"
    if sample.use("device", sample.eyes.device_name, t) != sample.device.name:
        yield "device gives neither a spelling nor the name of the device that make was asked for"


def _reads(sample: Sample) -> Iterator[str]:
    data = sample.call("read", sample.make())
    if not isinstance(data, bytes):
        yield f"read gives {type(data).__name__} where bytes are wanted"
    elif data != sample.data:
        yield "read does not give back what make was given"


def _writes(sample: Sample) -> Iterator[str]:
    if sample.backend.write is None:
        return
    written, untouched = sample.make(), sample.make()
    sample.read(written)
    sample.call("write", written, sample.other_data)
    if sample.read(written) != sample.other_data:
        yield "read does not see what write wrote"
    if sample.read(untouched) != sample.data:
        yield "write changes a tensor that make gave on another call"


def _paths(sample: Sample) -> Iterator[str]:
    for name, path in sample.backend.paths.items():
        t = sample.make()
        yield from _path(sample, name, path, t, sample.data)
        if sample.backend.write is not None:
            sample.call("write", t, sample.other_data)
            yield from _path(sample, name, path, t, sample.other_data)


def _path(sample: Sample, name: str, path: Any, t: Any, wanted: bytes) -> Iterator[str]:
    found = sample.use(f"paths[{name!r}]", path, t)
    with calling(sample.backend.name, f"the result of paths[{name!r}]", str(sample)):
        if not reads.same(reads.encoded(found, sample.dtype), wanted, sample.dtype):
            yield f"paths[{name!r}] gives other elements than read"


def _addresses(sample: Sample) -> Iterator[str]:
    backend, size = sample.backend, dtypes.itemsize(sample.dtype)
    t = sample.make()
    strides = layouts.compact(sample.shape, size)
    if backend.strides is not None:
        strides = sample.call("strides", t)
        if len(strides) != len(sample.shape):
            yield "strides does not give one number for each dimension"
            return
    if backend.address is None or not sample.device.host or not prod(sample.shape):
        return
    address = sample.call("address", t)
    low, high = layouts.span(sample.shape, strides, size)
    if not readable(address + low, high - low):
        yield "address and strides point to memory that is not there"
    elif gather(address, sample.shape, strides, size) != sample.data:
        yield "address and strides point to other bytes than read gives"


# --------------------------------------------------------------------------- views


def _views(sample: Sample) -> Iterator[str]:
    backend, array = sample.backend, sample.array
    if sample.shape == (2, 3):
        part = (slice(None), slice(1, None))
        yield from _view(sample, "view", part, array[part])
        if backend.permute is not None:
            yield from _view(sample, "permute", (1, 0), array.T)
    if sample.shape == (3,) and backend.expand is not None:
        yield from _view(sample, "expand", (2, 3), np.broadcast_to(array, (2, 3)))


def _view(sample: Sample, function: str, argument: Any, wanted: Any) -> Iterator[str]:
    t = sample.call(function, sample.make(), argument)
    if sample.call("shape", t) != wanted.shape or sample.read(t) != wanted.tobytes():
        yield f"{function} gives other elements than indexing promises"
