"""Each guarantee about sharing finds its faults, obvious and hidden, and acquits the unusual."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.live import UNTOUCHED
from tensorpact.cases.model import Block, Case, call
from tensorpact.guarantees.sharing_checks import FEW_PAGES
from verdicts import Array, Fault, Operation, given, numpy_fault, reference_fault, verdict


def block(
    operation: str = "asarray", arguments: dict[str, Any] | None = None, **fields: Any
) -> Case:
    """A call on an array."""
    return Case(Block(**fields), call(operation, **(arguments or {})))


# --------------------------------------------------------------------------- faults


def copying_where(found: Callable[[Any], bool]) -> Operation:
    """np.asarray that copies some of its input, whatever it is asked for."""

    def asarray(data: Any, **given: Any) -> Array:
        made = np.asarray(data, **given)
        return made.copy("K") if found(data) else made

    return asarray


def is_misaligned(data: Array) -> bool:
    return not data.flags.aligned


def is_transposed(data: Any) -> bool:
    return isinstance(data, np.ndarray) and data.ndim == 2 and not data.flags.c_contiguous


def take_none_for_true(data: Any, **given: Any) -> Array:
    return np.asarray(data, **{**given, "copy": True} if "copy" in given else given)


def copy_half_floats(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return made.copy() if made.dtype == np.float16 else made


def take_lists_all_the_same(data: Any, **given: Any) -> Array:
    return np.asarray(data, **{**given, "copy": None} if isinstance(data, list) else given)


def refuse_with(error: type[Exception]) -> Operation:
    def asarray(data: Any, **given: Any) -> Array:
        try:
            return np.asarray(data, **given)
        except ValueError as refusal:
            raise error(str(refusal)) from refusal

    return asarray


def refuse_strided(data: Any, **given: Any) -> Array:
    if given.get("copy") is False and is_transposed(data):
        raise ValueError("not contiguous")
    return np.asarray(data, **given)


def alias_of_itself(data: Any, **given: Any) -> Any:
    made = reftensor.as_tensor(data, **given)
    return made[...] if made is data else made


def copy_read_from_the_middle(data: Any, **given: Any) -> Array:
    made = np.frombuffer(data, **given)
    return made.copy() if given.get("offset") else made


def import_copying_legacy(data: Any, **given: Any) -> Array:
    made = np.from_dlpack(data, **given)
    return made if made.flags.writeable else made.copy()


class Detached(np.ndarray):
    """Its slices are copies."""

    def __getitem__(self, index: Any) -> Any:
        part = super().__getitem__(index)
        return part.copy() if isinstance(part, np.ndarray) else part


class Withheld(np.ndarray):
    """Exports a copy of itself."""

    def __dlpack__(self, **keywords: Any) -> Any:
        return np.array(self).__dlpack__(**keywords)


def as_kind(kind: type[Array]) -> Operation:
    return lambda data, **given: np.asarray(data, **given).view(kind)


def look_at_every_element(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    made.any()
    return made


def numpy_with(id: str, name: str, operation: str, function: Operation, *cases: Case) -> Fault:
    faulty = derive(numpy_backend, operations={operation: function}, name="faulty")
    return Fault(id, name, faulty, cases, numpy_backend)


MANY: dict[str, Any] = {"shape": (1 << 20,), "content": UNTOUCHED}
PART = {"dtype": "float32", "offset": 8}

FAULTS = (
    numpy_fault("sharing.array-is-shared", "everything is copied",
                copying_where(lambda _: True), block()),
    numpy_fault("sharing.array-is-shared", "large arrays are copied",
                copying_where(lambda x: x.size > 1000), block(shape=(10_000,))),
    numpy_fault("sharing.array-is-shared", "misaligned arrays are copied",
                copying_where(is_misaligned), block(alignment=2)),
    numpy_fault("sharing.array-is-shared", "arrays of a class of their own are copied",
                copying_where(lambda x: type(x) is not np.ndarray), block(exporter="subclass")),
    numpy_fault("sharing.array-is-shared", "transposed arrays are copied",
                copying_where(is_transposed), block(layout="F")),
    numpy_fault("sharing.copy-none-shares", "None is taken for True", take_none_for_true,
                block(arguments={"copy": None})),
    numpy_fault("sharing.copy-false-never-copies", "half floats are copied", copy_half_floats,
                block(arguments={"copy": False}, dtype="float16")),
    numpy_fault("sharing.copy-false-never-copies", "lists are taken", take_lists_all_the_same,
                given([1.0, 2.0], copy=False)),
    numpy_fault("sharing.copy-false-raises-value-error", "conversions raise TypeError",
                refuse_with(TypeError), block(arguments={"copy": False, "dtype": "float64"})),
    numpy_fault("sharing.copy-false-accepts-zero-copy", "only rows in order", refuse_strided,
                block(arguments={"copy": False}, layout="F")),
    numpy_fault("sharing.overlap-is-kept", "broadcast arrays are written out",
                copying_where(lambda x: 0 in x.strides), block(layout="broadcast")),
    numpy_fault("sharing.overlap-is-kept", "sliding windows are written out",
                copying_where(lambda x: x.strides == (4, 4)), block(layout="overlap")),
    numpy_fault("sharing.memmap-is-shared", "memory maps are read in",
                copying_where(lambda x: isinstance(x, np.memmap)), block(exporter="memmap")),
    numpy_fault("sharing.buffer-is-shared", "array.array is copied",
                copying_where(lambda x: not isinstance(x, np.ndarray)),
                block(exporter="array.array", shape=(3,), alignment=0)),
    numpy_with("sharing.buffer-is-shared", "what starts in the middle is copied", "frombuffer",
               copy_read_from_the_middle,
               block("frombuffer", PART, exporter="bytearray", dtype="uint8", shape=(24,),
                     alignment=0)),
    numpy_with("sharing.dlpack-is-zero-copy", "the legacy generation is copied", "from_dlpack",
               import_copying_legacy, block("from_dlpack", exporter="dlpack_old")),
    numpy_fault("sharing.views-share-onward", "slices are copies", as_kind(Detached), block()),
    numpy_fault("sharing.views-share-onward", "exports are copies", as_kind(Withheld), block()),
    numpy_fault("sharing.cost-is-constant", "every element is looked at", look_at_every_element,
                block(**MANY)),
    reference_fault("sharing.own-tensor-is-returned", "as_tensor gives another object",
                    {"as_tensor": alias_of_itself},
                    block("as_tensor", exporter="own", alignment=0)),
    numpy_fault("sharing.own-tensor-is-returned", "tensors without dimensions are copied",
                copying_where(lambda x: x.ndim == 0), block(exporter="own", shape=(), alignment=0)),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    assert verdict(fault.faulty, fault.cases).broken == {fault.id}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- relations


def test_a_result_that_takes_writes_of_the_source_only_is_not_shared() -> None:
    """A cache that is refilled from the source at every read, and keeps its own writes."""
    source: list[Array] = []

    def asarray(data: Array) -> Array:
        source[:] = [data]
        return data.copy()

    one_way = derive(
        numpy_backend,
        operations={"asarray": asarray},
        read=lambda t: (source[0] if source else t).tobytes(),
        address=None,
        strides=None,
        make=None,
        paths={},
    )
    assert "sharing.array-is-shared" in verdict(one_way, [block()]).broken


# --------------------------------------------------------------------------- fairness


def test_memory_that_must_not_be_written_may_be_copied() -> None:
    def protecting(data: Any, **given: Any) -> Array:
        made = np.asarray(data, **given)
        return made if made.flags.writeable else made.copy()

    careful = derive(numpy_backend, operations={"asarray": protecting})
    cases = [block(readonly=True), block(arguments={"copy": None}, readonly=True)]
    assert not verdict(careful, cases).broken


def test_a_library_of_constants_may_copy_what_can_be_written_later() -> None:
    constants = derive(numpy_backend, operations={"asarray": np.array}, write=None)
    assert not verdict(constants, [block(), block(exporter="memmap")]).broken


def test_a_layout_that_cannot_be_described_is_copied() -> None:
    def forward_only(data: Any) -> Array:
        made = np.asarray(data)
        return made.copy() if any(step < 0 for step in made.strides) else made

    limited = derive(
        numpy_backend, operations={"asarray": forward_only}, limits=frozenset({"negative"})
    )
    assert not verdict(limited, [block(layout="negative_all")]).broken


def test_a_library_whose_slices_are_copies_is_not_asked_for_views() -> None:
    functional = derive(
        numpy_backend, operations={"asarray": np.asarray}, view=lambda t, index: t[index].copy()
    )
    assert not verdict(functional, [block()]).broken


def test_the_untouched_elements_fill_more_pages_than_any_call_may_touch() -> None:
    pages = (1 << 20) * 4 // mmap.PAGESIZE
    assert pages > 2 * FEW_PAGES


def test_what_copies_by_right_is_not_asked_what_it_touches() -> None:
    seen = verdict(reference_backend, [block("tensor", **MANY)])
    assert "sharing.cost-is-constant" not in seen.kept | seen.broken
