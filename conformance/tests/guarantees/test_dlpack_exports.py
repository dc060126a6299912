"""The guarantees about exports acquit each way of keeping them; how exports are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import reftensor
from reftensor import Tensor
from reftensor.dlpack import DLManagedTensor, DLManagedTensorVersioned
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, claims_of, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.capsules import Fields, fields
from tensorpact.cases.export_families import FAMILIES
from tensorpact.cases.model import Argument, Block, Case, call
from tensorpact_fixtures.zoo.faulty.changed_exports import structure
from verdicts import verdict

Export = Callable[..., Any]
Managed = DLManagedTensor | DLManagedTensorVersioned


def case(way: str = "__dlpack__", given: dict[str, Argument] | None = None, **block: Any) -> Case:
    return Case(Block(**{"exporter": "own", "alignment": 0, **block}), call(way, **(given or {})))


NEW: dict[str, Argument] = {"max_version": "1.0"}


def changing(change: Callable[[Managed], object]) -> Export:
    """The right export with a field changed."""

    def export(tensor: Tensor, **keywords: Any) -> Any:
        capsule = tensor.__dlpack__(**keywords)
        change(structure(capsule))
        return capsule

    return export


# --------------------------------------------------------------------------- fairness


def negative(tensor: Any) -> Any:
    """A view of a pending negation, as the adapter of a library that has them makes it."""
    return Negative(tensor.storage, tensor.dtype, tensor.layout, tensor.offset)


class Negative(Tensor):
    """Its elements are the negatives of what is in memory."""

    __slots__ = ()


def read(tensor: Tensor) -> bytes:
    data = np.frombuffer(tensor.packed(), np.float32)
    return (-data if isinstance(tensor, Negative) else data).tobytes()


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
    managed = structure(capsule)
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
