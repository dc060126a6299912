"""The guarantees about values acquit sound backends, and read by every path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.model import Block, Case, Leaf, call, py, scalar
from tensorpact_fixtures.zoo.faulty.lazy_tensors import lazy_reference
from verdicts import Array, given, node, verdict


def block(*, to: str = "", **fields: Any) -> Case:
    """A call on an array; `to` is the dtype asked for."""
    return Case(Block(**fields), call("asarray", **({"dtype": to} if to else {})))


# --------------------------------------------------------------------------- read paths


def test_a_read_path_that_lies_is_found() -> None:
    lying = derive(numpy_backend, paths={"tolist": lambda t: t[::-1].tolist()})
    assert "value.elements-are-exact" in verdict(lying, [block(shape=(3,))]).broken


def test_a_read_path_that_gives_impossible_numbers_is_found() -> None:
    lying = derive(numpy_backend, paths={"tolist": lambda t: [-1] * t.size})
    case = block(dtype="uint8", shape=(3,))
    assert "value.elements-are-exact" in verdict(lying, [case]).broken


# --------------------------------------------------------------------------- fairness


def test_refusing_what_may_be_refused_breaks_nothing() -> None:
    def strict(data: Any, **given: Any) -> Array:
        if given.get("dtype") is not None and given["dtype"].kind in "iub":
            raise ValueError("no conversion to integers or bool")
        return np.asarray(data, **given)

    refusing = derive(numpy_backend, operations={"asarray": strict})
    cases = [given(1.5, dtype="int32"), given(2.5, dtype="bool"),
             block(content="fractions", to="int32"), block(to="bool")]  # fmt: skip
    assert not {x for x in verdict(refusing, cases).broken if x.startswith("value.")}


def test_an_int_may_find_a_wider_integer_dtype() -> None:
    """np.asarray(2**63) is uint64: no number is wrong."""
    assert "value.int-overflow-raises" in verdict(numpy_backend, [given(2**63)]).kept


def test_numpy_scalars_are_numbers_too() -> None:
    cases = [node(scalar("float32", 1.5)), node(scalar("uint64", 2**64 - 1))]
    assert "value.elements-are-exact" in verdict(numpy_backend, cases).kept


COLUMNS = Case(
    Block("memoryview", "float32", (2, 3), "F", alignment=0), call("frombuffer", dtype="float32")
)


@pytest.mark.parametrize("order", ["A", "C"])
def test_a_buffer_that_is_not_in_c_order_may_be_read_in_any(order: Any) -> None:
    """No document says which of its elements comes first; NumPy refuses it."""

    def frombuffer(data: Any, **given: Any) -> Array:
        return np.frombuffer(memoryview(data).tobytes(order), **given)

    reading = derive(numpy_backend, operations={"frombuffer": frombuffer})
    assert not {x for x in verdict(reading, [COLUMNS]).broken if x.startswith("value.")}


# --------------------------------------------------------------------------- lazy values


@pytest.mark.parametrize("lazy", ["conjugate", "negative"])
@pytest.mark.parametrize("copy", [True, False])
def test_a_view_that_stays_lazy_and_a_copy_of_it_show_its_values(lazy: Any, copy: bool) -> None:
    source = Block("own", "complex64", (3,), alignment=0, lazy=lazy)
    seen = verdict(lazy_reference(), [Case(source, call("asarray", copy=copy))])
    assert "value.lazy-bits-are-resolved" in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- observations


def test_what_a_cast_does_is_noted() -> None:
    case = block(dtype="int16", content="limits", shape=(6,), to="int8")
    assert "int to int: wraps" in verdict(numpy_backend, [case]).notes


def test_what_becomes_of_a_mask_is_noted() -> None:
    assert verdict(numpy_backend, [node(Leaf("thing", "masked"))]).notes == ("the mask is dropped",)


def test_a_number_is_its_own_nearest_where_it_fits() -> None:
    assert (
        "value.narrowing-is-correctly-rounded"
        not in verdict(numpy_backend, [node(py(1.5), dtype="float16")]).kept
    )


def test_a_part_that_is_nan_is_not_rounded() -> None:
    case = given(complex(-3795676491403443.0, float("nan")), "as_tensor")
    assert "value.narrowing-is-correctly-rounded" in verdict(reference_backend, [case]).kept
