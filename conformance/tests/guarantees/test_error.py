"""The guarantees about errors acquit backends that refuse, warn or read in their own ways."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.cost_families import BEYOND
from tensorpact.cases.live import ENDLESS
from tensorpact.cases.model import Block, Case, Leaf, Nest, State, call, py
from tensorpact.cases.things import THINGS
from tensorpact.seen.raised import Raised
from verdicts import Array, given, node, thing, verdict


def block(operation: str = "asarray", *, copy: bool | None = None, **fields: Any) -> Case:
    """A call on an array."""
    return Case(Block(**fields), call(operation, **({"copy": copy} if copy else {})))


def buffer(**arguments: Any) -> Case:
    """frombuffer over 24 bytes."""
    source = Block("bytearray", "uint8", (24,), alignment=0)
    return Case(source, call("frombuffer", **arguments))


def shouting(data: Any, **given: Any) -> Array:
    """np.asarray that warns of read-only memory."""
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        warnings.warn("not writable", UserWarning, stacklevel=2)
    return np.asarray(data, **given)


ENDLESS_BLOCK = block(shape=BEYOND, layout="broadcast", content=ENDLESS, copy=True)
LOCKED = Case(Block(readonly=True), call("asarray"), State(warnings="error"))


def test_a_call_that_a_warning_ended_is_not_taken_for_a_refusal() -> None:
    strict = derive(numpy_backend, operations={"asarray": shouting})
    seen = verdict(strict, [LOCKED])
    assert not seen.broken
    assert "sharing.array-is-shared" not in seen.kept


def test_nothing_is_judged_of_a_source_that_is_too_large_but_what_it_is_for() -> None:
    shared = block(shape=BEYOND, layout="broadcast", content=ENDLESS)
    assert not verdict(numpy_backend, [shared, ENDLESS_BLOCK]).broken
    assert not verdict(reference_backend, [shared, ENDLESS_BLOCK]).broken


@pytest.mark.parametrize("name", [n for n, t in THINGS.items() if t.hostile])
def test_the_reference_survives_whatever_is_hostile(name: str) -> None:
    cases = [thing(name, "tensor"), node(Nest("list", (Leaf("thing", name),)), "tensor")]
    cases += [thing(name, "asarray", dtype=dtype) for dtype in ("float32", "int64", "complex64")]
    assert not verdict(reference_backend, cases).broken


def test_bytes_may_be_read_as_a_buffer() -> None:
    def from_bytes(data: Any) -> Any:
        return reftensor.frombuffer(data, dtype="uint8")

    taking = derive(reference_backend, operations={"asarray": from_bytes})
    assert "error.text-is-refused" not in verdict(taking, [given(b"abcd")]).broken


def test_a_library_that_stores_objects_has_asked_them_nothing() -> None:
    seen = verdict(numpy_backend, [thing("raising_len"), thing("raising_float")])
    assert "error.exceptions-of-the-input-propagate" not in seen.broken


def test_an_empty_result_at_the_end_of_the_buffer_is_allowed() -> None:
    """Nothing outside the buffer is read."""
    assert (
        "error.frombuffer-bounds"
        not in verdict(numpy_backend, [buffer(dtype="uint8", offset=24)]).broken
    )


def test_refusing_hard_layouts_is_allowed() -> None:
    def tidy(data: Any, **given: Any) -> Array:
        if not data.flags.aligned or min(data.strides) < 0:
            raise ValueError("give me something tidy")
        return np.asarray(data, **given)

    refusing = derive(
        numpy_backend,
        operations={"asarray": tidy},
        limits=frozenset({"negative", "misaligned", "unaligned_stride"}),
    )
    seen = verdict(refusing, [block(layout="negative"), block(alignment=1)])
    assert {"error.negative-strides", "error.misaligned"} <= seen.kept
    assert not seen.broken


@pytest.mark.parametrize("name", ["NotImplementedError", "AttributeError", "RecursionError"])
def test_classes_that_say_what_happened_are_specific(name: str) -> None:
    from tensorpact.guarantees.predicates import is_telling

    assert is_telling(Raised((name, "Exception", "BaseException"), "why"))
    assert not is_telling(Raised(("RuntimeError", "Exception", "BaseException"), "why"))


def test_the_exceptions_of_hostile_input_are_its_own_affair() -> None:
    assert "error.class-is-specific" not in verdict(numpy_backend, [thing("raising_item")]).kept


def test_what_passes_for_no_data_is_judged_in_every_place() -> None:
    cases = [node(py([[1.0], [None]]), "tensor"), node(py((None, 1.0)), "tensor")]
    assert "error.none-is-refused" in verdict(reference_backend, cases).kept
