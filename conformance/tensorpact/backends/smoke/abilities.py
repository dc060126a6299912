"""What only some adapters have must do what its name says to a tensor that `make` gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from math import prod
from typing import Any

import numpy as np

from reftensor.capi import Capsule
from reftensor.rules import kind_of
from tensorpact.backends.faults import calling
from tensorpact.backends.smoke.sample import Sample


def wrong_abilities(sample: Sample) -> Iterator[str]:
    """What is wrong with the functions that an adapter may leave out, for this sample."""
    for check in (_resize, _protect, _exports, _grad, _lazy):
        yield from check(sample)


def _resize(sample: Sample) -> Iterator[str]:
    resize = sample.backend.resize
    if resize is None or not sample.ordinary:
        return
    t, wanted = sample.make(), 2 * prod(sample.shape)
    subject = f"{sample}, which owns its memory; leave resize out where the library cannot do it"
    with calling(sample.backend.name, "resize", subject):
        resize(t, wanted)
    count = prod(sample.call("shape", t))
    if count != wanted:
        yield f"resize leaves a tensor of {count} elements where {wanted} were asked for, in place"


def _protect(sample: Sample) -> Iterator[str]:
    if sample.backend.protect is None:
        return
    t = sample.make()
    protected = sample.call("protect", t)
    if not isinstance(protected, sample.backend.tensor_type):
        yield f"protect gives a {type(protected).__name__}, which is no tensor_type"
    elif sample.call("shape", protected) != sample.shape or sample.read(protected) != sample.data:
        yield "protect gives other elements than those of the tensor"
    elif sample.backend.write is not None and sample.data:
        yield from _protects(sample, t, protected)


def _protects(sample: Sample, t: Any, protected: Any) -> Iterator[str]:
    """Where `t` itself is protected, too, nothing is written and nothing can tell them apart."""
    assert sample.backend.write is not None
    with suppress(Exception):  # the refusal that is wanted, of a kind that is the library's own
        sample.backend.write(protected, sample.other_data)
    if sample.read(protected) != sample.data:
        yield "write changes what protect gives"
        return
    with suppress(Exception):
        sample.backend.write(t, sample.other_data)
    if sample.read(t) != sample.read(protected):
        yield "protect gives a copy, which does not share the tensor's memory"


# --------------------------------------------------------------------------- exports


def _exports(sample: Sample) -> Iterator[str]:
    if not sample.ordinary:
        return
    for name, give in sample.backend.exports.items():
        wanted = _GIVEN[name]
        export = partial(_exported, give) if name == "__dlpack__" else give
        given = sample.use(f"exports[{name!r}]", export, sample.make())
        if not isinstance(given, wanted):
            yield f"exports[{name!r}] gives {type(given).__name__} instead of {wanted.__name__}"


def _exported(give: Callable[..., Any], tensor: Any) -> Any:
    """A capsule with a version if need be: one without cannot say that it must not be written."""
    try:
        return give(tensor)
    except BufferError:
        return give(tensor, max_version=(1, 0))


_GIVEN: Mapping[str, type] = {"__dlpack__": Capsule, "__array__": np.ndarray, "buffer": memoryview}


# --------------------------------------------------------------------------- autograd


def _grad(sample: Sample) -> Iterator[str]:
    if not sample.backend.grad or kind_of(sample.dtype) != "float":
        return

    def grad(name: str, *tensors: Any) -> Any:
        return sample.use(f"grad[{name!r}]", sample.backend.grad[name], *tensors)

    plain, leaf, other = sample.make(), *(grad("require", sample.make()) for _ in range(2))
    result = grad("history", leaf)
    if grad("requires", plain) or not grad("requires", leaf) or not grad("requires", result):
        yield "grad['requires'] does not tell which tensors need a gradient"
    if grad("has_history", leaf) or not grad("has_history", result):
        yield "grad['has_history'] does not tell a result from a leaf"
    if grad("flows", result, other) or not grad("flows", result, leaf):
        yield "grad['flows'] does not tell whether a gradient reaches a leaf"
    if sample.read(leaf) != sample.data or sample.read(result) != sample.data:
        yield "read gives other elements once a tensor needs a gradient"


# --------------------------------------------------------------------------- pending transforms


def _lazy(sample: Sample) -> Iterator[str]:
    for name, transform in sample.backend.lazy.items():
        kind, resolved = _RESOLVED[name]
        if kind_of(sample.dtype) != kind or sample.dtype == "bfloat16":
            continue
        t = sample.use(f"lazy[{name!r}]", transform, sample.make())
        if sample.read(t) != resolved(sample.array).tobytes():
            yield f"read does not carry out the pending {name}"


_RESOLVED: Mapping[str, tuple[str, Any]] = {
    "conjugate": ("complex", np.conj),
    "negative": ("float", np.negative),
}
"""The kind of dtype that each transform is tried on, and what it stands for."""
