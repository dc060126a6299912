"""Each guarantee about copying finds its faults, obvious and hidden, and acquits the unusual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.model import Block, Case, Nest, call, py
from verdicts import Array, Fault, Operation, given, node, numpy_fault, reference_fault, verdict


def block(operation: str = "asarray", *, copy: bool = False, to: str = "", **fields: Any) -> Case:
    asked: dict[str, Any] = ({"dtype": to} if to else {}) | ({"copy": copy} if copy else {})
    return Case(Block(**fields), call(operation, **asked))


# --------------------------------------------------------------------------- faults


def sharing_where(found: Callable[[Any], bool]) -> Operation:
    """np.asarray that shares some of its input even when it is asked to copy."""

    def asarray(data: Any, **given: Any) -> Array:
        if isinstance(data, np.ndarray) and found(data):
            given["copy"] = None
        return np.asarray(data, **given)

    return asarray


def never_copying_legacy(data: Any, **given: Any) -> Any:
    try:
        return np.from_dlpack(data, **given)
    except TypeError:
        return np.from_dlpack(data)


def reinterpret(data: Any, **given: Any) -> Array:
    dtype = given.get("dtype")
    if isinstance(data, np.ndarray) and data.dtype == np.int32 and dtype == np.uint32:
        return data.view(np.uint32)
    return np.asarray(data, **given)


KNOWN: dict[Any, Array] = {}


def remember_small_numbers(data: Any, **given: Any) -> Array:
    if type(data) is int and not given:
        return KNOWN.setdefault(data, np.array(data))
    return np.asarray(data, **given)


def open_single_lists(data: Any, **given: Any) -> Array:
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], np.ndarray):
        return data[0][None]
    return np.asarray(data, **given)


def copy_twice(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return made.copy() if given.get("copy") else made


def clear_the_last_element(data: Any, **given: Any) -> Array:
    made: Array = np.array(data, **given)
    if isinstance(data, np.ndarray) and data.size > 50:
        data[-1] = 0
    return made


def lock_the_source(data: Any, **given: Any) -> Array:
    made: Array = np.array(data, **given)
    if isinstance(data, np.ndarray) and not given.get("copy"):
        data.flags.writeable = False
    return made


def turn_the_list_round(data: Any, **given: Any) -> Array:
    made: Array = np.array(data, **given)
    if isinstance(data, list) and len(data) == 2:
        data.reverse()
    return made


def keep_the_flag(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        made.flags.writeable = False
    return made


def tensor_fault(name: str, shares: Callable[[Any], bool], case: Case) -> Fault:
    operations = {"tensor": sharing_where(shares)}
    faulty = derive(numpy_backend, operations=operations, name="faulty")
    return Fault("copying.tensor-always-copies", name, faulty, (case,), numpy_backend)


CONSTANT = derive(numpy_backend, operations={"asarray": np.asarray}, write=None, immutable=True)
ISOLATED = derive(numpy_backend, operations={"asarray": np.array}, write=None, immutable=True)

FAULTS = (
    tensor_fault("nothing is copied", lambda _: True, block("tensor")),
    tensor_fault("what has no dimensions is shared", lambda x: x.ndim == 0,
                 block("tensor", shape=())),
    tensor_fault("the own tensor comes back", lambda x: x.flags.owndata,
                 block("tensor", exporter="own", alignment=0)),
    numpy_fault("copying.copy-true-always-copies", "copy is ignored",
                sharing_where(lambda _: True), block(copy=True)),
    numpy_fault("copying.copy-true-always-copies", "strided arrays are shared",
                sharing_where(lambda x: not x.flags.c_contiguous), block(copy=True, layout="gaps")),
    Fault("copying.copy-true-always-copies", "the legacy generation is shared",
          derive(numpy_backend, operations={"from_dlpack": never_copying_legacy}),
          (block("from_dlpack", copy=True, exporter="dlpack_old"),), reference_backend),
    Fault("copying.copied-flag-is-checked", "the exporter is believed", numpy_backend,
          (block("from_dlpack", copy=True, exporter="dlpack_ignores_copy"),), reference_backend),
    numpy_fault("copying.conversion-is-independent", "int32 is read as uint32", reinterpret,
                block(dtype="int32", to="uint32")),
    numpy_fault("copying.sequences-are-fresh", "small ints are remembered",
                remember_small_numbers, given(3)),
    numpy_fault("copying.sequences-are-fresh", "a list of one array is a view of it",
                open_single_lists, node(Nest("list", (Block(),)))),
    numpy_fault("copying.copies-once", "the exporter's copy is copied", copy_twice,
                block(copy=True, exporter="array_protocol")),
    numpy_fault("copying.source-is-untouched", "a large array loses its last element",
                clear_the_last_element, block(copy=True, shape=(100,))),
    numpy_fault("copying.source-is-untouched", "the source becomes read-only", lock_the_source,
                block(to="float64")),
    numpy_fault("copying.source-is-untouched", "a list of two is turned round", turn_the_list_round,
                given([1.0, 2.0], dtype="float64")),
    numpy_fault("copying.result-is-writable", "copies inherit the flag", keep_the_flag,
                block(copy=True, readonly=True)),
    Fault("copying.immutable-is-isolated", "a constant changes", CONSTANT, (block(),), ISOLATED),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    assert verdict(fault.faulty, fault.cases).broken == {fault.id}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


def test_two_results_over_one_template_are_found() -> None:
    templates = [np.zeros(())]

    def view(data: Any, **_: Any) -> Any:
        templates[0][...] = data
        return templates[0][...]

    cached = derive(numpy_backend, operations={"asarray": view})
    assert "copying.sequences-are-fresh" in verdict(cached, [given(1.5)]).broken


def test_one_copy_by_whoever_makes_it_is_enough() -> None:
    cases = [block("from_dlpack", copy=True, exporter="dlpack"), block("tensor", exporter="dlpack")]
    assert "copying.copies-once" in verdict(reference_backend, cases).kept


def test_lists_are_their_own_sources() -> None:
    def sort(data: Any, **given: Any) -> Any:
        if isinstance(data, list):
            data.sort()
        return reftensor.tensor(data, **given)

    fault = reference_fault("", "", {"tensor": sort}, node(py([2, 1]), "tensor"))
    assert "copying.source-is-untouched" in verdict(fault.faulty, fault.cases).broken


def test_two_copies_of_one_array_do_not_share() -> None:
    kept: dict[int, Array] = {}

    def staged(data: Any, **given: Any) -> Array:
        """copy=True answers from a staging buffer that is used again for the same array."""
        if given.get("copy") is not True or not isinstance(data, np.ndarray):
            return np.asarray(data, **given)
        made = kept.setdefault(id(data), np.array(data))
        made[...] = data
        return made

    faulty = derive(numpy_backend, operations={"asarray": staged})
    assert "copying.copy-true-always-copies" in verdict(faulty, [block(copy=True)]).broken
    assert "copying.copy-true-always-copies" in verdict(numpy_backend, [block(copy=True)]).kept


def test_leaving_out_write_claims_nothing() -> None:
    silent = derive(numpy_backend, write=None)
    assert not verdict(silent, [block()]).broken
