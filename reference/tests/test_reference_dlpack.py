"""DLPack comes in and goes out as the header and the standard say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import reftensor
from reftensor import Tensor, dlpack, exports, imports
from reftensor.capi import capsule_is_valid, capsule_pointer
from strategies import Array, Exporter, Legacy, layouts


@given(layouts())
def test_every_layout_survives_a_round_trip(array: Array) -> None:
    tensor = reftensor.as_tensor(array)
    try:
        again = reftensor.from_dlpack(tensor)
    except BufferError:
        multiples = (step % array.itemsize for step in array.strides)
        assert any(multiples)
        return
    assert again.numpy().tobytes() == array.tobytes()
    assert again.readonly == (not array.flags.writeable)
    if array.flags.aligned:
        np.testing.assert_array_equal(np.from_dlpack(tensor), array)


@pytest.mark.parametrize("exporter", [Exporter, Legacy])
def test_both_generations_are_shared_and_deleted_once(exporter: type[Exporter]) -> None:
    source = exporter(shape=[2, 3], strides=[-3, 1], byte_offset=16)
    tensor = reftensor.from_dlpack(source)
    assert tensor.tolist() == [[4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]
    tensor[1, 0] = 9
    assert source.memory[1] == 9
    view = tensor[0]
    del tensor
    assert source.deleted == 0
    with pytest.raises(ValueError, match="consumed"):
        reftensor.from_dlpack(source.capsule)
    del view
    assert source.deleted == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"shape": [0], "data": None},
        {"shape": [2, 0, 3], "strides": [7, 1 << 62, -9]},
        {"shape": []},
        {"shape": [1, 3], "strides": [1 << 61, 1]},
        {"shape": [1] * 64},
        {"version": (1, 99), "flags": 1 << 40},
    ],
)
def test_what_means_nothing_never_matters(fields: dict[str, Any]) -> None:
    source = Exporter(**fields)
    tensor = reftensor.from_dlpack(source)
    assert tensor.shape == tuple(source.fields["shape"])
    assert tensor.numpy().shape == tensor.shape
    assert not any(step % 4 for step in tensor.strides)
    del tensor
    assert source.deleted == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"version": (2, 0), "data": 1, "ndim": -5},
        {"version": (0, 8)},
        {"data": None},
        {"dtype": (2, 32, 4)},
        {"dtype": (3, 64, 1)},
        {"dtype": (2, 8, 1)},
        {"shape": [-1]},
        {"shape": [1 << 62, 4]},
        {"shape": [1 << 61], "strides": [0]},
        {"shape": [1] * 65},
        {"shape": [2, 2], "strides": [1 << 62, 1]},
        {"shape": [2], "strides": [-(1 << 60)]},
        {"byte_offset": (1 << 64) - 8},
        {"ndim": -1},
        {"ndim": 1, "shape": []},
        {"ndim": 1 << 20},
        {"device": (12, 0)},
    ],
)
def test_what_cannot_be_described_is_a_buffer_error_and_deleted(fields: dict[str, Any]) -> None:
    source = Exporter(**fields)
    with pytest.raises(BufferError):
        reftensor.from_dlpack(source)
    assert source.deleted == 1


@pytest.mark.parametrize("device", [(2, 0), (12, 2), (99, 0)])
def test_unknown_devices_are_refused_before_anything_is_exported(device: tuple[int, int]) -> None:
    source = Exporter(device=device)
    with pytest.raises(BufferError, match="no device"):
        reftensor.as_tensor(source)
    assert not source.calls


def test_the_handshake_passes_only_what_is_needed() -> None:
    source = Exporter()
    reftensor.from_dlpack(source)
    reftensor.from_dlpack(source, device="sim")
    reftensor.from_dlpack(source, copy=True)
    reftensor.as_tensor(source)
    version = {"max_version": (1, 1)}
    assert source.calls == [version, version, {**version, "copy": True}, version]
    assert source.deleted == 4


def test_asarray_tells_the_exporter_only_not_to_copy() -> None:
    source = Exporter()
    for copy in (None, True, False):
        reftensor.asarray(source, copy=copy)
    version = {"max_version": (1, 1)}
    assert source.calls == [version, version, {**version, "copy": False}]


def test_the_minor_version_of_an_export_never_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlpack, "VERSION", (1, 9))
    for minor in (0, 9, 99):
        assert reftensor.from_dlpack(Exporter(version=(1, minor))).shape == (8,)


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("flags", [0, dlpack.READ_ONLY, dlpack.IS_COPIED, 3])
def test_only_the_flags_say_what_is_read_only_or_copied(versioned: bool, flags: int) -> None:
    tensor, copied = imports.take(Exporter(versioned=versioned, flags=flags))
    assert tensor.readonly is bool(versioned and flags & dlpack.READ_ONLY)
    assert copied is bool(versioned and flags & dlpack.IS_COPIED)


@pytest.mark.parametrize("error", [TypeError("mine"), KeyError("mine"), BufferError("mine")])
def test_the_errors_of_the_exporter_arrive(error: Exception) -> None:
    source = Exporter(error=error)
    with pytest.raises(type(error), match="mine"):
        reftensor.from_dlpack(source)
    assert len(source.calls) == 1


@pytest.mark.parametrize("exporter", [Exporter, Legacy])
def test_a_copy_is_made_where_the_exporter_made_none(exporter: type[Exporter]) -> None:
    source = exporter()
    copied = reftensor.from_dlpack(source, copy=True)
    assert source.deleted == 1
    copied[0] = 9
    assert source.memory[0] == 0


def test_a_copy_that_was_made_is_trusted_or_refused() -> None:
    source = Exporter(flags=dlpack.IS_COPIED)
    made = reftensor.from_dlpack(source, copy=True)
    assert made.data_ptr() == source.fields["data"]
    with pytest.raises(BufferError, match="copy=False"):
        reftensor.from_dlpack(source, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        reftensor.asarray(source, copy=False)
    assert reftensor.asarray(source).data_ptr() == source.fields["data"]


def _capsule(tensor: Tensor, **keywords: Any) -> str:
    capsule = tensor.__dlpack__(**keywords)
    return "legacy" if capsule_is_valid(capsule, dlpack.LEGACY) else "versioned"


def test_the_generation_is_the_one_that_the_consumer_knows() -> None:
    tensor = reftensor.tensor([1])
    assert _capsule(tensor) == _capsule(tensor, max_version=(0, 8)) == "legacy"
    assert _capsule(tensor, max_version=(1, 0)) == "versioned"
    assert _capsule(tensor, max_version=(2, 0)) == "versioned"
    assert not exports._live


def test_impossible_exports_are_refused() -> None:
    tensor = reftensor.tensor([1.0, 2.0])
    odd = reftensor.as_tensor(np.zeros(3, [("a", "f4"), ("b", "u1")])["a"])
    with pytest.raises(ValueError, match="stream"):
        tensor.__dlpack__(stream=1)
    for keywords in ({"dl_device": (12, 0), "copy": False}, {"dl_device": (2, 0)}):
        with pytest.raises(BufferError):
            tensor.__dlpack__(**keywords)
    with pytest.raises(BufferError, match="stride"):
        odd.__dlpack__()
    assert reftensor.from_dlpack(odd, copy=True).shape == (3,)


def test_an_export_can_copy_and_move() -> None:
    tensor = reftensor.tensor([1.0, 2.0])
    version = {"max_version": (1, 1)}
    moved = reftensor.from_dlpack(tensor.__dlpack__(dl_device=(12, 1), **version))  # type: ignore[arg-type]
    assert str(moved.device) == "sim:1"
    capsule = tensor.__dlpack__(copy=True, **version)
    address = capsule_pointer(capsule, dlpack.VERSIONED)
    assert dlpack.DLManagedTensorVersioned.from_address(address).flags == dlpack.IS_COPIED
    reftensor.from_dlpack(capsule)[0] = 9
    assert tensor.tolist() == moved.tolist() == [1.0, 2.0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_consumer_that_fails_leaks_nothing() -> None:
    with pytest.raises((RuntimeError, SystemError)):
        np.from_dlpack(reftensor.tensor(1, dtype="bfloat16"))
    assert not exports._live


@pytest.mark.parametrize("data", [None, 3, [1.0], "abc", object(), np.ndarray])
def test_only_exporters_are_imported(data: Any) -> None:
    with pytest.raises(TypeError):
        reftensor.from_dlpack(data)


@pytest.mark.parametrize("place", ["cpu", "sim:1"])
def test_an_empty_import_has_a_device_and_no_address(place: str) -> None:
    device = reftensor.tensor([], device=place).__dlpack_device__()
    empty = reftensor.from_dlpack(Exporter(shape=[0], data=None, device=device))
    assert (empty.shape, str(empty.device), empty.data_ptr()) == ((0,), place, 0)


@pytest.mark.parametrize("flags", [0, dlpack.READ_ONLY])
def test_an_import_on_a_device_is_protected_and_kept_like_one_of_the_host(flags: int) -> None:
    source = reftensor.tensor([1.0, 2.0], device="sim")
    exporter = Exporter(
        shape=[2], data=source.data_ptr(), device=source.__dlpack_device__(), flags=flags
    )
    imported = reftensor.from_dlpack(exporter)
    assert (imported.readonly, exporter.deleted) == (bool(flags), 0)
    del imported
    assert exporter.deleted == 1
