"""Each guarantee about importing finds its faults, obvious and hidden, and acquits the unusual."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reftensor
from reftensor import dlpack
from tensorpact.backends.protocol import Backend, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.capsules import Fields, fields
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.twists import TWISTS, Outcome, named
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.dlpack_imports import GUARANTEES
from tensorpact.guarantees.model import Level
from tensorpact.judge import Judge
from verdicts import Fault, given, verdict

Import = Callable[..., Any]


def twisted(twist: str, exporter: str = "dlpack", **more: Any) -> Case:
    """An import of an export with this twist."""
    copies = {"copy": more.pop("copy")} if "copy" in more else {}
    return Case(Block(exporter=exporter, twist=twist, **more), call("from_dlpack", **copies))


class Asked:
    """An exporter whose capsule is made before anybody asks; passes itself on to the reference."""

    def __init__(self, capsule: object) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> object:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def export_of(x: Any) -> Any:
    """What the exporter gives, asked as the standard recommends."""
    x.__dlpack_device__()
    try:
        return x.__dlpack__(max_version=(1, 1))
    except TypeError:
        return x.__dlpack__()


def refusing(found: Callable[[Fields], bool], error: type[Exception] = BufferError) -> Import:
    """An import that refuses some capsules, whatever it should do."""

    def from_dlpack(x: Any, **arguments: Any) -> Any:
        capsule = x if not hasattr(x, "__dlpack__") else export_of(x)
        read = fields(capsule)
        if read is not None and found(read):
            raise error("not this one")
        return reftensor.from_dlpack(Asked(capsule), **arguments)

    return from_dlpack


def mending(mend: Callable[[Any], None]) -> Import:
    """An import that changes the structure of a versioned capsule before it reads it."""

    def from_dlpack(x: Any, **arguments: Any) -> Any:
        capsule = export_of(x)
        name = dlpack.VERSIONED
        if fields(capsule) is not None and reftensor.capi.capsule_is_valid(capsule, name):
            address = reftensor.capi.capsule_pointer(capsule, name)
            mend(dlpack.DLManagedTensorVersioned.from_address(address))
        return reftensor.from_dlpack(Asked(capsule), **arguments)

    return from_dlpack


# --------------------------------------------------------------------------- faults


def forget_the_offset(managed: Any) -> None:
    managed.dl_tensor.byte_offset = 0


def believe_every_version(managed: Any) -> None:
    managed.version.major = 1


def take_lanes_for_one(managed: Any) -> None:
    managed.dl_tensor.dtype.lanes = 1


def believe_the_host(managed: Any) -> None:
    managed.dl_tensor.device.device_type = 1


_STEPS = (ctypes.c_int64 * 8)(1, 1, 1, 1, 1, 1, 1, 1)


def take_no_strides_for_ones(managed: Any) -> None:
    if not managed.dl_tensor.strides:
        managed.dl_tensor.strides = _STEPS


def clamp_negative_lengths(managed: Any) -> None:
    tensor = managed.dl_tensor
    for axis in range(max(tensor.ndim, 0)):
        tensor.shape[axis] = max(tensor.shape[axis], 0)


def without_version(x: Any, **arguments: Any) -> Any:
    x.__dlpack_device__()
    return reftensor.from_dlpack(x.__dlpack__(), **arguments)


def asking_twice(x: Any, **arguments: Any) -> Any:
    export_of(x)
    return reftensor.from_dlpack(x, **arguments)


def with_a_stream(x: Any, **arguments: Any) -> Any:
    try:
        x.__dlpack__(max_version=(1, 1), stream=1)
    except ValueError:
        return reftensor.from_dlpack(x, **arguments)


def replacing_errors(x: Any, **arguments: Any) -> Any:
    try:
        return reftensor.from_dlpack(x, **arguments)
    except KeyError as error:
        raise BufferError("the exporter failed") from error


def taking_any_capsule(x: Any, **arguments: Any) -> Any:
    made = export_of(x)
    if fields(made) is None:
        return reftensor.tensor([0.0])
    return reftensor.from_dlpack(Asked(made), **arguments)


def raising_value_error(x: Any, **arguments: Any) -> Any:
    if not hasattr(x, "__dlpack__"):
        raise ValueError("no data")
    return reftensor.from_dlpack(x, **arguments)


def refusing_negative(error: type[Exception]) -> Import:
    def from_dlpack(x: Any, **arguments: Any) -> Any:
        made = reftensor.from_dlpack(x, **arguments)
        if any(step < 0 for step in made.strides):
            raise error("negative strides")
        return made

    return from_dlpack


def is_legacy(read: Fields) -> bool:
    return read.version is None


def is_compact_by_silence(read: Fields) -> bool:
    return read.strides is None and read.ndim == 0


def has_odd_strides(read: Fields) -> bool:
    pairs = zip(read.shape, read.strides or (), strict=False)
    return any(length == 1 and step < 0 for length, step in pairs)


FAULTS: tuple[tuple[str, str, Import, tuple[Case, ...]], ...] = (
    ("dlpack.both-generations", "refuses the legacy one", refusing(is_legacy),
     (twisted("plain", "dlpack_old", shape=(0,)), twisted("", "dlpack_old"))),
    ("dlpack.both-generations", "refuses it as the answer to a request", refusing(is_legacy),
     (twisted("legacy"),)),
    ("dlpack.handshake", "names no version", without_version, (twisted("plain"),)),
    ("dlpack.handshake", "exports twice", asking_twice, (twisted("plain"),)),
    ("dlpack.handshake", "passes a stream", with_a_stream, (twisted("plain"),)),
    ("dlpack.null-strides-are-compact", "takes every step for one",
     mending(take_no_strides_for_ones), (twisted("null_strides", shape=(2, 3)),)),
    ("dlpack.null-strides-are-compact", "refuses rank 0",
     refusing(is_compact_by_silence), (twisted("null_strides", shape=()),)),
    ("dlpack.byte-offset", "forgets the offset", mending(forget_the_offset),
     (twisted("offset_item"), twisted("pointer_256", alignment=8))),
    ("dlpack.byte-offset", "refuses an offset", refusing(lambda f: f.byte_offset > 0),
     (twisted("offset_64"),)),
    ("dlpack.size-one-strides-do-not-matter", "refuses odd ones", refusing(has_odd_strides),
     (twisted("free_strides_odd", shape=(1, 3)),)),
    ("dlpack.size-one-strides-do-not-matter", "refuses odd ones of NumPy's",
     refusing(has_odd_strides), (twisted("", shape=(3, 1), layout="odd_ones"),)),
    ("dlpack.empty-may-be-null", "refuses every null pointer",
     refusing(lambda f: not f.data), (twisted("null_when_empty", shape=(2, 0)),)),
    ("dlpack.deleter-may-be-null", "insists on a deleter",
     refusing(lambda f: not f.has_deleter), (twisted("no_deleter"),)),
    ("dlpack.exporter-may-copy", "refuses a flagged copy",
     refusing(lambda f: bool(f.copied)), (twisted("copied"),)),
    ("dlpack.newer-minor-is-accepted", "refuses a newer minor version",
     refusing(lambda f: (f.version or (0, 0)) > (1, 1)), (twisted("newer_minor"),)),
    ("dlpack.negative-strides", "refuses by AttributeError", refusing_negative(AttributeError),
     (twisted("", layout="negative"),)),
    ("dlpack.version-rules", "believes every version", mending(believe_every_version),
     (twisted("major_2"),)),
    ("dlpack.unsupported-is-refused", "takes lanes for one", mending(take_lanes_for_one),
     (twisted("lanes_4"),)),
    ("dlpack.unsupported-is-refused", "believes __dlpack_device__", mending(believe_the_host),
     (twisted("hidden_vpi"),)),
    ("dlpack.unsupported-is-buffer-error", "raises NotImplementedError",
     refusing(lambda f: f.device[0] == 9 or f.dtype[2] != 1, NotImplementedError),
     (twisted("vpi"), twisted("lanes_4"))),
    ("dlpack.only-capsules-of-dlpack", "takes what it is given", taking_any_capsule,
     (twisted("no_capsule"), twisted("other_name"))),
    ("dlpack.malformed-is-refused", "takes a negative length for none",
     mending(clamp_negative_lengths), (twisted("negative_length"),)),
    ("dlpack.exporter-errors-propagate", "replaces what the exporter raises", replacing_errors,
     (twisted("dlpack_raises_KeyError"), twisted("dlpack_device_raises_KeyError"))),
    ("dlpack.protocol-is-required", "raises ValueError", raising_value_error,
     (given([1.0], "from_dlpack"),
      Case(Block(exporter="memoryview"), call("from_dlpack")))),
)  # fmt: skip

ALSO = {
    "dlpack.both-generations": {"sharing.dlpack-is-zero-copy"},
    "dlpack.handshake": {"error.result-is-a-tensor", "readonly.writable-stays-writable"},
    "dlpack.null-strides-are-compact": {
        "sharing.dlpack-is-zero-copy", "value.elements-are-exact", "sharing.overlap-is-kept",
        "shape.shared-strides-match-source",
    },
    "dlpack.byte-offset": {
        "sharing.dlpack-is-zero-copy", "value.elements-are-exact",
        "shape.shared-strides-match-source", "error.negative-strides", "error.misaligned",
    },
    "dlpack.size-one-strides-do-not-matter": {"sharing.dlpack-is-zero-copy"},
    "dlpack.deleter-may-be-null": {"sharing.dlpack-is-zero-copy"},
    "dlpack.newer-minor-is-accepted": {"sharing.dlpack-is-zero-copy"},
    "dlpack.negative-strides": {"sharing.dlpack-is-zero-copy"},
}  # fmt: skip


def faulty(from_dlpack: Import) -> Backend:
    return derive(reference_backend, operations={"from_dlpack": from_dlpack}, name="faulty")


def fault(id: str, name: str, from_dlpack: Import, cases: tuple[Case, ...]) -> Fault:
    also = frozenset(ALSO.get(id, ()))
    return Fault(id, name, faulty(from_dlpack), cases, reference_backend, also)


@pytest.mark.parametrize("fault", [fault(*row) for row in FAULTS], ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_other(fault: Fault) -> None:
    for case in fault.cases:
        assert fault.id in verdict(fault.faulty, [case]).broken
        assert verdict(fault.faulty, [case]).broken <= {fault.id, *fault.also}
        assert fault.id in verdict(fault.sound, [case]).kept


def test_every_guarantee_that_is_scored_has_a_fault_that_it_finds() -> None:
    scored = {g.id for g in GUARANTEES if g.level is not Level.OBSERVE}
    assert scored == {id for id, *_ in FAULTS}


# --------------------------------------------------------------------------- the unusual


@pytest.mark.parametrize("twist", named(Outcome.OPEN))
def test_what_the_documents_leave_open_is_told_and_not_scored(twist: str) -> None:
    for from_dlpack in (reftensor.from_dlpack, refusing(lambda _: True)):
        found = verdict(faulty(from_dlpack), [twisted(twist)])
        assert not found.broken
        assert any(note.startswith(TWISTS[twist].text) for note in found.notes)


@pytest.mark.parametrize("error", [BufferError, ValueError])
def test_a_refusal_of_negative_strides_by_a_class_of_the_standard_is_right(
    error: type[Exception],
) -> None:
    strict = derive(faulty(refusing_negative(error)), limits=frozenset({"negative"}))
    found = verdict(strict, [twisted("", layout="negative")])
    assert "dlpack.negative-strides" in found.kept


def test_who_never_asks_for_the_device_never_meets_its_error() -> None:
    def from_dlpack(x: Any, **arguments: Any) -> Any:
        return reftensor.from_dlpack(x.__dlpack__(max_version=(1, 1)), **arguments)

    case = twisted("dlpack_device_raises_ValueError")
    found = verdict(faulty(from_dlpack), [case])
    assert "dlpack.exporter-errors-propagate" not in found.kept | found.broken


def test_an_old_exporter_may_be_asked_again_and_again_for_less() -> None:
    def from_dlpack(x: Any) -> Any:
        for keywords in ({"max_version": (1, 1), "dl_device": None}, {"max_version": (1, 1)}):
            try:
                return reftensor.from_dlpack(Asked(x.__dlpack__(**keywords)))
            except TypeError:
                continue
        return reftensor.from_dlpack(Asked(x.__dlpack__()))

    found = verdict(faulty(from_dlpack), [twisted("plain", "dlpack_old")])
    assert "dlpack.handshake" in found.kept


def test_who_cannot_have_read_only_memory_may_ask_for_a_copy_of_it() -> None:
    def from_dlpack(data: Any, **given: Any) -> Any:
        first = fields(data.__dlpack__(max_version=(1, 0)))
        assert first is not None
        return reftensor.from_dlpack(data, copy=True if first.readonly else None, **given)

    asking = derive(reference_backend, operations={"from_dlpack": from_dlpack})
    protected = Case(Block("dlpack", readonly=True, twist="plain"), call("from_dlpack"))
    assert "dlpack.handshake" in verdict(asking, [protected]).kept


def test_bfloat16_is_exported_although_numpy_has_none() -> None:
    found = verdict(reference_backend, [twisted("plain", dtype="bfloat16")])
    assert {"dlpack.both-generations", "value.elements-are-exact"} <= found.kept


def test_what_contradicts_itself_is_never_looked_at() -> None:
    with Judge(faulty(lambda _: reftensor.tensor([0.0])), tuple(TABLE.values())) as judge:
        result = judge.trial(twisted("null_data")).observed.result
    assert result is not None
    assert not result.reads


def test_a_wrong_dtype_is_no_import() -> None:
    def halved(x: Any, **arguments: Any) -> Any:
        made = np.asarray(reftensor.from_dlpack(x, **arguments).numpy(), np.float64)
        return reftensor.tensor(made)

    found = verdict(faulty(halved), [twisted("null_strides")])
    assert "dlpack.null-strides-are-compact" in found.broken
