"""Each guarantee about exports finds its faults, and acquits each way of keeping it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import reftensor
from reftensor import Tensor, dlpack
from reftensor.capi import capsule_name, capsule_pointer
from reftensor.dlpack import DLManagedTensor, DLManagedTensorVersioned
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, claims_of, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.capsules import Fields, fields
from tensorpact.cases.export_families import FAMILIES
from tensorpact.cases.model import Argument, Block, Case, call
from verdicts import Fault, verdict

Export = Callable[..., Any]
Managed = DLManagedTensor | DLManagedTensorVersioned


def case(way: str = "__dlpack__", given: dict[str, Argument] | None = None, **block: Any) -> Case:
    return Case(Block(**{"exporter": "own", "alignment": 0, **block}), call(way, **(given or {})))


NEW: dict[str, Argument] = {"max_version": "1.0"}
COPY: dict[str, Argument] = {"max_version": "1.0", "copy": True}

# --------------------------------------------------------------------------- faults


def in_struct(capsule: Any) -> Managed:
    """The structure of a capsule, to be changed in place."""
    name = capsule_name(capsule)
    kind = DLManagedTensorVersioned if name == dlpack.VERSIONED else DLManagedTensor
    return kind.from_address(capsule_pointer(capsule, name))


def changing(change: Callable[[Managed], object]) -> Export:
    """The right export with a field changed."""

    def export(tensor: Tensor, **keywords: Any) -> Any:
        capsule = tensor.__dlpack__(**keywords)
        change(in_struct(capsule))
        return capsule

    return export


def swap_strides(managed: Managed) -> None:
    strides = managed.dl_tensor.strides
    strides[0], strides[1] = strides[1], strides[0]


def lose_offset(managed: Managed) -> None:
    managed.dl_tensor.data -= 4


def shorten(managed: Managed) -> None:
    managed.dl_tensor.shape[0] -= 1


def call_it_unsigned(managed: Managed) -> None:
    managed.dl_tensor.dtype.code = 1


def call_it_wide(managed: Managed) -> None:
    managed.dl_tensor.dtype.lanes = 2


def point_nowhere(managed: Managed) -> None:
    managed.dl_tensor.data = 0x10


def claim_cuda(managed: Managed) -> None:
    managed.dl_tensor.device.device_type = 2


def point_somewhere(managed: Managed) -> None:
    managed.dl_tensor.data = 0x1000


def unflag(managed: Managed) -> None:
    if isinstance(managed, DLManagedTensorVersioned):
        managed.flags = 0


def flag_as_copy(managed: Managed) -> None:
    if isinstance(managed, DLManagedTensorVersioned):
        managed.flags |= dlpack.IS_COPIED


def always_copy(tensor: Tensor, **keywords: Any) -> Any:
    return tensor.copy().__dlpack__(**keywords)


def never_copy(tensor: Tensor, **keywords: Any) -> Any:
    return changing(flag_as_copy)(tensor, **{**keywords, "copy": None})


def always_legacy(tensor: Tensor, **keywords: Any) -> Any:
    return tensor.__dlpack__(**{**keywords, "max_version": None})


def always_versioned(tensor: Tensor, **keywords: Any) -> Any:
    return tensor.__dlpack__(**{**keywords, "max_version": (1, 0)})


def take_any_stream(tensor: Tensor, **keywords: Any) -> Any:
    return tensor.__dlpack__(**{**keywords, "stream": None})


def ignore_dl_device(tensor: Tensor, **keywords: Any) -> Any:
    return tensor.__dlpack__(**{**keywords, "dl_device": None})


def refusing_by(kind: type[Exception]) -> Export:
    def export(tensor: Tensor, **keywords: Any) -> Any:
        try:
            return tensor.__dlpack__(**keywords)
        except (BufferError, ValueError) as error:
            raise kind("it cannot be exported") from error

    return export


def once() -> Export:
    """Only the first export of a tensor succeeds."""
    given: list[int] = []

    def export(tensor: Tensor, **keywords: Any) -> Any:
        if id(tensor) in given:
            raise BufferError("the tensor was given away")
        given.append(id(tensor))
        return tensor.__dlpack__(**keywords)

    return export


def spoil(tensor: Tensor, **keywords: Any) -> Any:
    tensor[...] = np.zeros(tensor.shape, np.float32)
    return tensor.__dlpack__(**keywords)


def not_a_capsule(tensor: Tensor, **_: Any) -> Any:
    return tensor


def as_integers(array: Any) -> Any:
    return array.view(np.uint32)


def unprotected(array: Any) -> Any:
    return np.asarray(_Writable(array))


class _Writable:
    """The memory of an array as if it could be written."""

    def __init__(self, array: Any) -> None:
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}
        self.kept = array


def fault(id: str, name: str, export: Export, *cases: Case, also: tuple[str, ...] = ()) -> Fault:
    """A fault in the reference's `__dlpack__`."""
    exports = {**reference_backend.exports, "__dlpack__": export}
    faulty = derive(reference_backend, name="faulty", exports=exports)
    return Fault(id, name, faulty, cases, reference_backend, frozenset(also))


def lending(id: str, name: str, way: str, export: Export, *cases: Case) -> Fault:
    """A fault in the arrays or buffers of NumPy."""
    exports = {**numpy_backend.exports, way: export}
    return Fault(id, name, derive(numpy_backend, name="faulty", exports=exports), cases,
                 numpy_backend)  # fmt: skip


FAULTS = (
    fault("dlpack.true-metadata", "strides are swapped", changing(swap_strides), case(given=NEW)),
    fault("dlpack.true-metadata", "a length is wrong", changing(shorten), case()),
    fault("dlpack.true-metadata", "the code is wrong", changing(call_it_unsigned),
          case(dtype="int32")),
    fault("dlpack.true-metadata", "there are lanes", changing(call_it_wide), case()),
    fault("dlpack.true-metadata", "the pointer leads nowhere", changing(point_nowhere), case()),
    fault("dlpack.true-metadata", "the offset is lost", changing(lose_offset),
          case(shape=(4,), layout="offset")),
    fault("dlpack.true-metadata", "it is no capsule", not_a_capsule, case(shape=(1,))),
    fault("dlpack.export-is-zero-copy", "exports are copies", always_copy, case(given=NEW)),
    fault("dlpack.export-is-zero-copy", "exports are called copies", changing(flag_as_copy),
          case(given=NEW)),
    fault("dlpack.copy-true-copies", "copy=True shares", never_copy, case(given=COPY)),
    fault("dlpack.copy-sets-flag", "a copy is not flagged", changing(unflag), case(given=COPY)),
    fault("dlpack.max-version-is-honoured", "always legacy", always_legacy, case(given=NEW)),
    fault("dlpack.max-version-is-honoured", "always versioned", always_versioned, case()),
    fault("dlpack.stream-on-cpu", "any stream is taken", take_any_stream,
          case(given={"stream": 1})),
    fault("dlpack.dl-device-is-honoured", "the device is ignored", ignore_dl_device,
          case(given={"dl_device": "12.0"})),
    fault("dlpack.impossible-export-is-buffer-error", "TypeError is raised",
          refusing_by(TypeError), case(given={"dl_device": "99.0"})),
    fault("error.export-class-is-specific", "RuntimeError is raised", refusing_by(RuntimeError),
          case(given={"stream": 1})),
    fault("dlpack.export-repeats", "a tensor is given away once", once(), case(given=NEW)),
    fault("dlpack.export-repeats", "exporting changes the tensor", spoil, case(given=NEW),
          also=("dlpack.true-metadata",)),
    fault("dlpack.empty-export-is-null", "nothing has an address", changing(point_somewhere),
          case(shape=(0,))),
    fault("device.exported-device-is-true", "the capsule names another device",
          changing(claim_cuda), case()),
    fault("readonly.protection-is-exported", "the flag is dropped", changing(unflag),
          case(readonly=True, given=NEW)),
    fault("readonly.protection-is-exported", "the generation without flags", lambda t, **k:
          Tensor(t.storage, t.dtype, t.layout, t.offset).__dlpack__(**k), case(readonly=True)),
    lending("readonly.protection-is-exported", "the array can be written", "__array__",
            unprotected, case("__array__", readonly=True)),
    lending("readonly.protection-is-exported", "the buffer can be written", "buffer",
            lambda a: memoryview(unprotected(a)), case("buffer", readonly=True)),
    lending("value.lent-elements-are-exact", "the bits become integers", "__array__",
            as_integers, case("__array__")),
    lending("value.lent-elements-are-exact", "it is no array", "__array__", np.ndarray.tolist,
            case("__array__")),
    lending("sharing.lent-memory-is-shared", "the array is a copy", "__array__", np.array,
            case("__array__")),
    lending("sharing.lent-memory-is-shared", "the buffer is that of a copy", "buffer",
            lambda a: memoryview(a.copy()), case("buffer")),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    broken = verdict(fault.faulty, fault.cases).broken
    assert fault.id in broken
    assert broken <= {fault.id, *fault.also}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    assert not verdict(fault.sound, fault.cases).broken


def negative(tensor: Any) -> Any:
    """A view of a pending negation, as the adapter of a library that has them makes it."""
    return Negative(tensor.storage, tensor.dtype, tensor.layout, tensor.offset)


class Negative(Tensor):
    """Its elements are the negatives of what is in memory."""

    __slots__ = ()


def read(tensor: Tensor) -> bytes:
    data = np.frombuffer(tensor.packed(), np.float32)
    return (-data if isinstance(tensor, Negative) else data).tobytes()


def test_an_export_without_its_pending_transform_is_found() -> None:
    lazy = derive(reference_backend, name="lazy", lazy={"negative": negative}, read=read)
    assert verdict(lazy, [case(lazy="negative")]).broken == {"value.lazy-exports-are-resolved"}


def resolved(tensor: Tensor, **keywords: Any) -> Any:
    made = reftensor.asarray(np.frombuffer(read(tensor), np.float32).reshape(tensor.shape))
    return made.__dlpack__(**keywords)


def refused(_tensor: Tensor, **_: Any) -> Any:
    raise BufferError("resolve the tensor first")


@pytest.mark.parametrize("export", [resolved, refused])
def test_carrying_out_a_pending_transform_and_refusing_it_both_keep_the_promise(
    export: Export,
) -> None:
    lazy = derive(
        reference_backend,
        lazy={"negative": negative},
        read=read,
        exports={"__dlpack__": export},
    )
    seen = verdict(lazy, [case(lazy="negative")])
    assert "value.lazy-exports-are-resolved" in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


def exporting(export: Export) -> Backend:
    return derive(reference_backend, exports={"__dlpack__": export})


def no_legacy(tensor: Tensor, **keywords: Any) -> Any:
    if (keywords.get("max_version") or (0, 0)) < (1, 0):
        raise BufferError("this consumer is too old")
    return tensor.__dlpack__(**keywords)


class Unsigned:
    """A `__dlpack__` of 2022, written in C: it knows one keyword, and has no signature."""

    @property
    def __signature__(self) -> None:
        raise ValueError("no signature found")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __call__(self, **keywords: Any) -> Any:
        if keywords.keys() - {"stream"}:
            raise TypeError("an unexpected keyword")
        if keywords.get("stream") is not None:
            raise RuntimeError("no streams here")
        return Tensor.__dlpack__(self.tensor)


class Dated(Tensor):
    """A tensor whose export is written in C."""

    @property
    def __dlpack__(self) -> Unsigned:
        return Unsigned(self)


def dated(tensor: Tensor) -> Dated:
    return Dated(tensor.storage, tensor.dtype, tensor.layout, tensor.offset, tensor.readonly)


def test_a_keyword_that_a_method_without_signature_lacks_is_no_argument_that_it_refuses() -> None:
    sound = reference_backend
    assert sound.make is not None
    assert sound.protect is not None
    make, protect = sound.make, sound.protect
    old = derive(
        exporting(lambda tensor, **keywords: tensor.__dlpack__(**keywords)),
        make=lambda *given: dated(make(*given)),
        protect=lambda tensor: dated(protect(tensor)),
    )
    stream: dict[str, Argument] = {"stream": 1}
    cases = [case(given={"copy": False}), case(given={"dl_device": "2.0"}), case(given=stream)]
    protected = [case(given=NEW, readonly=True), case(given=stream, readonly=True)]
    seen = verdict(old, [*cases, *protected])
    scored = {"dlpack.impossible-export-is-buffer-error", "readonly.protection-is-exported"}
    assert not scored & seen.broken
    assert "readonly.protection-is-exported" not in seen.kept


def test_a_library_may_have_given_up_the_legacy_generation() -> None:
    seen = verdict(exporting(no_legacy), [case(), case(given=NEW)])
    assert "dlpack.max-version-is-honoured" in seen.kept
    assert not seen.broken


def drop_strides(managed: Managed) -> None:
    managed.dl_tensor.strides = None


def test_strides_of_a_compact_tensor_may_be_absent() -> None:
    assert not verdict(exporting(changing(drop_strides)), [case(given=NEW)]).broken


def normalise(managed: Managed) -> None:
    managed.dl_tensor.strides[0] = 1


def test_strides_that_are_never_used_are_observed_and_not_scored() -> None:
    single = case(shape=(1,), layout="gaps")
    kept = verdict(reference_backend, [single])
    replaced = verdict(exporting(changing(normalise)), [single])
    assert "kept" in kept.notes
    assert "replaced" in replaced.notes
    assert not replaced.broken


def use_offset(managed: Managed) -> None:
    managed.dl_tensor.data -= 8
    managed.dl_tensor.byte_offset = 8


def test_an_offset_may_lead_from_the_pointer_to_the_elements() -> None:
    seen = verdict(exporting(changing(use_offset)), [case(given=NEW)])
    assert not seen.broken
    assert any("byte_offset used" in note for note in seen.notes)


def test_a_device_may_be_asked_for_by_its_own_numbers() -> None:
    asked: dict[str, Argument] = {"dl_device": "12.0", "copy": False}
    seen = verdict(reference_backend, [case(device="sim:0", given=asked)])
    assert "dlpack.dl-device-is-honoured" in seen.kept
    assert not seen.broken


class Placeless(Tensor):
    """Exports itself and does not know where it is."""

    __slots__ = ()

    def __dlpack_device__(self) -> tuple[int, int]:
        raise ValueError("an unknown device")


def test_what_is_exported_can_be_asked_for_its_device() -> None:
    def make(*made: Any) -> Tensor:
        assert reference_backend.make is not None
        tensor = reference_backend.make(*made)
        return Placeless(tensor.storage, tensor.dtype, tensor.layout, tensor.offset)

    placeless = derive(reference_backend, make=make)
    assert verdict(placeless, [case()]).broken == {"device.exported-device-is-true"}


@pytest.mark.parametrize("device", ["", "sim:0"])
@pytest.mark.parametrize("copy", [True, False])
def test_the_host_can_be_asked_for_from_everywhere(device: str, copy: bool) -> None:
    asked: dict[str, Argument] = {"dl_device": "1.0", "copy": copy, "max_version": "1.0"}
    seen = verdict(reference_backend, [case(device=device, given=asked)])
    assert not seen.broken


# --------------------------------------------------------------------------- the reader


def test_the_reader_reads_both_generations_and_consumed_capsules() -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3).T
    new, old = array.__dlpack__(max_version=(1, 0)), array.__dlpack__()
    held = reftensor.from_dlpack(old)
    expected = {
        "has_deleter": True,
        "data": array.__array_interface__["data"][0],
        "ndim": 2,
        "shape": (3, 2),
        "strides": (1, 3),
        "dtype": (0, 16, 1),
        "device": (1, 0),
    }
    assert fields(new) == Fields("dltensor_versioned", version=(1, 0), flags=0, **expected)
    assert fields(old) == Fields("used_dltensor", **expected)
    assert held.shape == (3, 2)


def test_the_reader_reads_nothing_of_another_major_version() -> None:
    capsule = np.ones(3).__dlpack__(max_version=(1, 0))
    managed = in_struct(capsule)
    assert isinstance(managed, DLManagedTensorVersioned)
    managed.version.major = 2
    found = fields(capsule)
    assert found == Fields("dltensor_versioned", has_deleter=True, version=(2, 0))
    managed.version.major = 1


@pytest.mark.parametrize("thing", [None, 1, np.ones(3)])
def test_what_is_no_capsule_has_no_fields(thing: object) -> None:
    assert fields(thing) is None


# --------------------------------------------------------------------------- the families


def every_case(backend: Backend) -> Iterator[Case]:
    from random import Random

    for family in FAMILIES.values():
        yield from family(claims_of(backend), Random("exports"), 150)


def test_the_reference_keeps_every_promise_about_exports() -> None:
    assert not verdict(reference_backend, every_case(reference_backend)).broken


def test_a_backend_without_exports_is_asked_for_none() -> None:
    assert not list(every_case(derive(numpy_backend, exports={})))
