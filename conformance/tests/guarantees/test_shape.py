"""Each guarantee about shapes finds its faults, obvious and hidden, and acquits sound backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.numpy import address
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.cases.model import Block, Case, Nest, call
from verdicts import Array, Fault, given, node, numpy_fault, reference_fault, thing, verdict


def block(operation: str = "asarray", *, copy: bool | None = None, **fields: Any) -> Case:
    """A call on an array."""
    return Case(Block(**fields), call(operation, **({"copy": copy} if copy else {})))


def stack(*shapes: tuple[int, ...]) -> Case:
    """A list of arrays of these shapes."""
    return node(Nest("list", tuple(Block(shape=shape) for shape in shapes)))


# --------------------------------------------------------------------------- faults


def scalars_get_a_dimension(data: Any, **given: Any) -> Array:
    return np.atleast_1d(np.asarray(data, **given))


def complex_scalars_get_a_dimension(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return np.atleast_1d(made) if isinstance(data, complex) else made


def empty_levels_are_lost(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return made.reshape(0) if isinstance(data, list) and made.size == 0 else made


def five_dimensions_are_the_limit(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    if isinstance(data, list) and made.ndim > 5:
        raise ValueError("at most 5 dimensions")
    return made


def rows_are_cut(data: Any, **given: Any) -> Array:
    """To the length of the shortest."""
    if isinstance(data, list) and data and all(isinstance(row, list) for row in data):
        shortest = min(len(row) for row in data)
        data = [row[:shortest] for row in data]
    return np.asarray(data, **given)


def the_first_row_decides_when_empty(data: Any, **given: Any) -> Array:
    if isinstance(data, list) and len(data) == 2 and data[0] == []:
        data = [[], []]
    return np.asarray(data, **given)


def anything_goes_on_sim(data: Any, **given: Any) -> Any:
    if given.get("device") is not None and "sim" in str(given["device"]):
        try:
            return reftensor.tensor(data, **given)
        except (TypeError, ValueError):
            return reftensor.tensor(0.0, **given)
    return reftensor.tensor(data, **given)


def ones_are_squeezed_out_of_empty(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return made.squeeze() if isinstance(data, np.ndarray) and not made.size else made


def no_0d_arrays(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and not data.ndim:
        raise TypeError("len() of unsized object")
    return np.asarray(data, **given)


def items_of_one_element_are_scalars(data: Any, **given: Any) -> Array:
    if isinstance(data, list) and all(isinstance(x, np.ndarray) and x.size == 1 for x in data):
        data = [x.reshape(()) for x in data]
    return np.asarray(data, **given)


def unequal_items_are_cut(data: Any, **given: Any) -> Array:
    if isinstance(data, list) and data and all(isinstance(x, np.ndarray) for x in data):
        shortest = min(map(len, data))
        data = [x[:shortest] for x in data]
    return np.asarray(data, **given)


def depth_is_cut(data: Any, **given: Any) -> Array:
    """At 60 levels, where the rest is taken for one number."""
    inner, levels = data, 0
    while isinstance(inner, list) and inner and levels < 60:
        inner, levels = inner[0], levels + 1
    if levels < 60:
        return np.asarray(data, **given)
    return np.ones((1,) * levels)


def sequences_are_in_fortran_order(data: Any, **given: Any) -> Array:
    if isinstance(data, list):
        return np.asfortranarray(np.asarray(data, **given))
    return np.asarray(data, **given)


MISPLACED = Fault(
    "shape.shared-strides-match-source",
    "the address is that of the second element",
    derive(numpy_backend, address=lambda t: address(t) + t.itemsize, strides=None, paths={}),
    (block(layout="gaps"),),
    numpy_backend,
    frozenset({"sharing.views-share-onward"}),
)

FAULTS = (
    numpy_fault("shape.scalar-is-0d", "scalars get a dimension", scalars_get_a_dimension,
                given(1.5)),
    numpy_fault("shape.scalar-is-0d", "complex scalars get a dimension",
                complex_scalars_get_a_dimension, given(1j), given(1.5)),
    numpy_fault("shape.nesting-is-shape", "empty levels are lost", empty_levels_are_lost,
                given([[], []])),
    numpy_fault("shape.nesting-is-shape", "at most five dimensions",
                five_dimensions_are_the_limit, given([[[[[[1.0]]]]]])),
    numpy_fault("shape.ragged-raises", "rows are cut", rows_are_cut, given([[1.0, 2.0], [3.0]])),
    numpy_fault("shape.ragged-raises", "an empty first row decides",
                the_first_row_decides_when_empty, given([[], [1.0]])),
    reference_fault("shape.validation-ignores-device", "anything goes on sim",
                    {"tensor": anything_goes_on_sim},
                    given([[1.0], []], "tensor", device="sim:1#0"), also=("shape.ragged-raises",)),
    numpy_fault("shape.array-shape-is-kept", "ones are squeezed out of empty arrays",
                ones_are_squeezed_out_of_empty, block(shape=(1, 0, 3), copy=True)),
    numpy_fault("shape.array-shape-is-kept", "0-d arrays are refused", no_0d_arrays,
                block(shape=(), dtype="float64"),
                also=("shape.scalar-is-0d", "sharing.array-is-shared", "sharing.copy-none-shares",
                      "dtype.supported-set-is-total", "dtype.carried-dtype-is-kept")),
    numpy_fault("shape.sequence-of-arrays", "items of one element are scalars",
                items_of_one_element_are_scalars, stack((1,), (1,))),
    numpy_fault("shape.sequence-of-arrays", "unequal items are cut", unequal_items_are_cut,
                stack((3,), (2,))),
    numpy_fault("shape.deep-nesting-raises", "depth is cut", depth_is_cut, thing("deep_1000")),
    numpy_fault("shape.deep-nesting-raises", "a list in itself is cut", depth_is_cut,
                thing("self_containing"), thing("mutually_containing")),
    numpy_fault("shape.sequence-copy-is-c-contiguous", "sequences are in Fortran order",
                sequences_are_in_fortran_order, given([[1.0, 2.0], [3.0, 4.0]])),
    MISPLACED,
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    broken = verdict(fault.faulty, fault.cases).broken
    assert fault.id in broken
    assert broken <= {fault.id} | fault.also


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


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
    fault = reference_fault("", "", lax, given([[1.0], []], "tensor", device="sim:0#0"))
    assert "shape.validation-ignores-device" not in verdict(fault.faulty, fault.cases).broken


def test_a_copy_may_be_in_any_order_and_it_is_noted() -> None:
    case = block(layout="F", copy=True)
    c_order = {"asarray": lambda a, **_: np.array(a, order="C")}
    in_c_order = derive(numpy_backend, operations=c_order)
    assert "the source's order" in verdict(numpy_backend, [case]).notes
    assert "C order" in verdict(in_c_order, [case]).notes
