"""The guarantees about shapes acquit backends that are merely strict, lax, or of another order."""

from __future__ import annotations

from typing import Any

import numpy as np

import reftensor
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference
from tensorpact.cases.model import Block, Case, Nest, call
from verdicts import Array, given, node, thing, verdict


def block(operation: str = "asarray", *, copy: bool | None = None, **fields: Any) -> Case:
    """A call on an array."""
    return Case(Block(**fields), call(operation, **({"copy": copy} if copy else {})))


def stack(*shapes: tuple[int, ...]) -> Case:
    """A list of arrays of these shapes."""
    return node(Nest("list", tuple(Block(shape=shape) for shape in shapes)))


def test_a_backend_may_have_more_dimensions_than_others() -> None:
    """65 dimensions are right where they all come out."""

    def unlimited(data: Any) -> Array:
        return np.ones(1).view(Deep) if data and isinstance(data[0], list) else np.asarray(data)

    deep = derive(
        numpy_backend,
        operations={"asarray": unlimited},
        shape=lambda t: (1,) * 65 if isinstance(t, Deep) else t.shape,
        strides=None,
        paths={},
    )
    assert "shape.deep-nesting-raises" in verdict(deep, [thing("deep_65")]).kept


class Deep(np.ndarray):
    """An array of NumPy that is said to have 65 dimensions."""


def test_a_backend_that_refuses_sequences_of_arrays_keeps_its_promises() -> None:
    def refuse(data: Any, **given: Any) -> Array:
        if isinstance(data, list) and any(isinstance(x, np.ndarray) for x in data):
            raise TypeError("stack them first")
        return np.asarray(data, **given)

    refusing = derive(numpy_backend, operations={"asarray": refuse, "tensor": refuse})
    seen = verdict(refusing, [stack((3,), (3,)), stack((), ())])
    assert "shape.sequence-of-arrays" in seen.kept
    assert not seen.broken


def test_a_host_that_accepts_everything_says_nothing_about_other_devices() -> None:
    lax = {"tensor": lambda data, **given: reftensor.tensor(0.0, **given) if data else data}
    accepting = derive(reference, operations=lax)
    seen = verdict(accepting, [given([[1.0], []], "tensor", device="sim:0#0")])
    assert "shape.validation-ignores-device" not in seen.broken


def test_a_copy_may_be_in_any_order_and_it_is_noted() -> None:
    case = block(layout="F", copy=True)
    c_order = {"asarray": lambda a, **_: np.array(a, order="C")}
    in_c_order = derive(numpy_backend, operations=c_order)
    assert "the source's order" in verdict(numpy_backend, [case]).notes
    assert "C order" in verdict(in_c_order, [case]).notes
