"""What the adapters that ship say of their libraries, and the helpers that adapters may use."""

from __future__ import annotations

import ctypes
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorpact.backends.defaults import setting
from tensorpact.backends.find import load
from tensorpact.backends.memory import gather, readable
from tensorpact.backends.protocol import Backend, claims_of, derive
from tensorpact.backends.smoke import smoke

NAMES = ("reference", "torch", "numpy", "array-api-strict")


def ready(name: str) -> Backend:
    if name == "torch":
        pytest.importorskip("torch")
    return load(name)


def made(backend: Backend, dtype: str, shape: tuple[int, ...], device: str) -> Any:
    assert backend.make is not None
    count = int(np.prod(shape)) * (2 if dtype == "bfloat16" else np.dtype(dtype).itemsize)
    return backend.make(bytes(i % 2 for i in range(count)), dtype, shape, device)


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_is_on_the_device_that_it_was_made_on(name: str) -> None:
    backend = ready(name)
    for device in backend.devices:
        t = made(backend, "float32", (2,), device.name)
        assert backend.device(t) in device.spellings


@pytest.mark.parametrize("name", NAMES)
def test_what_a_backend_claims_is_plain_data(name: str) -> None:
    claims = claims_of(ready(name))
    assert hash(claims) == hash(claims_of(ready(name)))
    assert claims.defaults.real in claims.dtypes


def test_torch_and_numpy_claim_their_own_documentation() -> None:
    assert claims_of(ready("numpy")).claims("numpy", "asarray")
    assert claims_of(ready("numpy")).claims("std", "asarray")
    assert not claims_of(ready("numpy")).claims("std", "frombuffer")
    torch = claims_of(ready("torch"))
    assert torch.claims("torch", "as_tensor")
    assert not torch.claims("std", "asarray")


def test_numpy_reads_and_writes_a_foreign_byte_order_as_numbers() -> None:
    backend = ready("numpy")
    assert backend.write is not None
    t = np.arange(6, dtype=">i4").reshape(2, 3)
    native = np.arange(6, dtype="i4")
    assert backend.dtype(t) == np.dtype("i4")
    assert backend.read(t) == native.tobytes() == backend.paths["buffer"](t)
    backend.write(t, native[::-1].tobytes())
    assert t.tolist() == [[5, 4, 3], [2, 1, 0]]


@pytest.mark.parametrize("name", ["reference", "numpy"])
def test_a_protected_tensor_refuses_to_be_written(name: str) -> None:
    backend = ready(name)
    assert backend.write is not None
    protected = np.zeros(2)
    protected.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        backend.write(backend.operations["asarray"](protected), bytes(16))


def test_torch_writes_tensors_whose_elements_overlap_or_need_a_gradient() -> None:
    backend = ready("torch")
    assert backend.write is not None
    assert backend.expand is not None
    base = made(backend, "float32", (1,), "cpu")
    backend.write(backend.expand(base, (3,)), np.arange(3, dtype=np.float32).tobytes())
    assert base.tolist() == [2.0]
    leaf = backend.grad["require"](made(backend, "float32", (2,), "cpu"))
    backend.write(leaf, np.ones(2, np.float32).tobytes())
    assert leaf.tolist() == [1.0, 1.0]


def test_torch_gives_up_no_values_of_a_device_that_has_none() -> None:
    backend = ready("torch")
    with pytest.raises(NotImplementedError):
        backend.read(made(backend, "float32", (2,), "meta"))


def test_a_cuda_device_is_described_without_starting_cuda() -> None:
    torch = pytest.importorskip("torch")
    from tensorpact.backends.torch import cuda

    first, second = cuda(0), cuda(1)
    assert torch.device("cuda") in first.spellings
    assert torch.device("cuda") not in second.spellings
    assert first.streams[:3] == (1, 2, -1)
    assert not first.host
    assert not torch.cuda.is_initialized()


def test_every_device_of_array_api_strict_has_what_its_inspection_says() -> None:
    xp = pytest.importorskip("array_api_strict")
    claims = claims_of(ready("array-api-strict"))
    assert len(claims.devices) == len(xp.__array_namespace_info__().devices())
    assert "float64" not in claims.dtypes_on("no_float64")
    assert claims.defaults_on("no_x64").integer == "int32"
    assert claims.defaults_on("device1") == claims.defaults


def test_a_torch_gradient_flows_through_a_conversion_and_not_past_a_copy() -> None:
    backend = ready("torch")
    leaf = backend.grad["require"](made(backend, "float32", (2,), "cpu"))
    result = backend.operations["as_tensor"](leaf, dtype=backend.dtypes["float64"])
    assert backend.grad["flows"](result, leaf)
    assert backend.grad["flows"](leaf, leaf)
    assert not backend.grad["flows"](leaf.detach(), leaf)


def test_the_reference_reads_its_devices_through_device_operations() -> None:
    backend = ready("reference")
    t = made(backend, "int16", (2, 3), "sim:1")
    assert backend.read(t) == backend.paths["address"](t) == bytes([0, 1] * 6)


# --------------------------------------------------------------------------- derived, minimal


def test_a_derived_backend_has_the_new_operation_and_the_old_functions() -> None:
    backend = ready("numpy")
    mine = derive(backend, operations={"asarray": np.copy}, name="mine")
    assert mine.operations["asarray"] is np.copy
    assert mine.operations["tensor"] is backend.operations["tensor"]
    assert mine.read is backend.read
    assert (mine.name, backend.name) == ("mine", "numpy")
    with pytest.raises(TypeError, match="colour"):
        derive(backend, colour="red")


def test_a_complete_adapter_fits_in_40_lines() -> None:
    path = Path(__file__).parent / "adapters" / "minimal.py"
    assert len(path.read_text().splitlines()) < 40
    assert smoke(runpy.run_path(str(path))["backend"]) == ()


# --------------------------------------------------------------------------- helpers


def test_a_setting_is_put_back_also_after_an_exception() -> None:
    values = ["old"]
    changed = setting(lambda: values[-1], values.append)
    with pytest.raises(ZeroDivisionError), changed("new"):
        raise ZeroDivisionError(values[-1])
    assert values == ["old", "new", "old"]


LAYOUTS = st.tuples(*[st.sampled_from([slice(None), slice(None, None, -1), slice(1, None, 2)])] * 3)


@given(LAYOUTS, st.permutations(range(3)), st.sampled_from(["u1", "<f4", "<c16"]))
def test_gathered_memory_is_what_numpy_reads(
    index: tuple[slice, ...], axes: list[int], dtype: str
) -> None:
    base = np.arange(2 * 3 * 4).astype(dtype).reshape(2, 3, 4)
    array = base[index].transpose(axes)
    address = array.__array_interface__["data"][0]
    assert gather(address, array.shape, array.strides, array.itemsize) == array.tobytes()


def test_memory_that_is_not_there_is_not_readable() -> None:
    block = ctypes.create_string_buffer(16)
    assert readable(ctypes.addressof(block), 16)
    assert not readable(0, 1)
    assert not readable(64, 8)
    assert not readable((1 << 47) - 4096, 8)
