"""Memory lives as long as it is used, stays where it is, and is closed where it must be."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reftensor
from reftensor import Tensor, capi, exports
from reftensor.devices import device
from reftensor.storage import find_fence

_BUFFERS: list[Callable[[], Any]] = [
    lambda: bytearray(16),
    lambda: memoryview(bytearray(16)).cast("i", (2, 2)),
    lambda: array.array("i", range(4)),
    lambda: (ctypes.c_int * 2 * 2)(),
    lambda: mmap.mmap(-1, 16),
]


@pytest.mark.parametrize("make", _BUFFERS)
def test_buffers_are_shared_in_their_own_shape_and_format(make: Callable[[], Any]) -> None:
    buffer = make()
    view = memoryview(buffer)
    for share in (reftensor.as_tensor, reftensor.asarray):
        shared = share(buffer)
        assert shared.shape == view.shape
        assert shared.dtype.itemsize == view.itemsize
        shared[(0,) * shared.ndim] = 5
        assert bytes(view)[0] == 5
    assert reftensor.frombuffer(buffer, dtype="int32", offset=4, count=2).shape == (2,)


_USES: dict[str, Callable[[Tensor], object]] = {
    "view": lambda tensor: tensor[1:, None],
    "export": lambda tensor: tensor.__dlpack__(max_version=(1, 0)),
    "array": lambda tensor: tensor.numpy()[2:],
    "import": lambda tensor: np.from_dlpack(tensor),
}


@pytest.mark.parametrize("keep", list(_USES))
def test_a_shared_buffer_stays_locked_until_the_last_use_dies(keep: str) -> None:
    buffer = bytearray(16)
    last = _USES[keep](reftensor.frombuffer(buffer, dtype="uint8"))
    with pytest.raises(BufferError):
        buffer.append(1)
    del last
    buffer.append(1)
    assert not exports._live


def test_a_mapping_cannot_be_closed_under_a_tensor() -> None:
    mapping = mmap.mmap(-1, 16)
    tensor = reftensor.as_tensor(mapping)
    with pytest.raises(BufferError):
        mapping.close()
    del tensor
    mapping.close()


def test_read_only_memory_is_shared_and_protected() -> None:
    source = np.arange(3.0)
    source.flags.writeable = False
    shared = [reftensor.as_tensor(source), reftensor.from_dlpack(source)]
    shared.append(reftensor.frombuffer(source.tobytes(), dtype="float64"))
    shared.append(reftensor.from_dlpack(shared[0][1:]))
    for tensor in shared:
        with pytest.raises(ValueError, match="read-only"):
            tensor[0] = 1.0
        assert not tensor.numpy().flags.writeable
        assert not reftensor.tensor(tensor).readonly
        with pytest.raises(BufferError, match="legacy"):
            tensor.__dlpack__()


@pytest.mark.parametrize("ingest", [reftensor.as_tensor, reftensor.tensor, reftensor.from_dlpack])
def test_owners_are_released_and_copies_hold_nothing(ingest: Callable[..., Any]) -> None:
    class Owner(np.ndarray[Any, Any]):
        pass

    owner = np.ones(3).view(Owner)
    gone = weakref.ref(owner)
    view = ingest(owner)[1:]
    del owner
    shared = ingest is not reftensor.tensor
    assert (gone() is not None) == shared
    del view
    assert gone() is None


@pytest.mark.parametrize("access", ["string_at(p, 1)", "memset(p, 1, 1)"])
def test_touching_device_memory_kills_the_process(access: str) -> None:
    code = f"""
import ctypes, reftensor
t = reftensor.tensor([1.0, 2.0], device="sim:1")
t[0] = 3
print(t.tolist(), flush=True)
p = t.data_ptr()
ctypes.{access}
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == "[3.0, 2.0]\n"
    assert process.returncode < 0


def test_device_memory_is_given_back() -> None:
    tensor = reftensor.tensor(range(1000), device="sim")
    assert tensor.storage.fence is not None
    gone = weakref.ref(tensor.storage.fence)
    again = reftensor.from_dlpack(tensor[::-1])
    assert again.data_ptr() == tensor[::-1].data_ptr()
    del tensor
    assert again[0].item() == 999
    del again
    assert gone() is None


@pytest.mark.parametrize("start", [-1, 0, 1])
@pytest.mark.parametrize("end", [1, mmap.PAGESIZE, mmap.PAGESIZE + 1])
def test_a_fence_is_found_by_the_bytes_that_lie_in_it(start: int, end: int) -> None:
    tensor = reftensor.tensor([1], device="sim")
    fence = tensor.storage.fence
    inside = start >= 0 and end <= mmap.PAGESIZE
    for other in (tensor.device, device("sim:1")):
        found = find_fence(other, tensor.data_ptr() + start, end - start)
        assert (found is fence) == (inside and other == tensor.device)


@pytest.mark.parametrize("address", [0, 1, 4096])
def test_a_window_lies_where_it_was_opened(address: int) -> None:
    assert capi.address_of(capi.window(address, 0)) == address


def test_what_is_immortal_is_never_freed() -> None:
    kept = weakref.ref(capi.immortal(reftensor.tensor(1)))
    gc.collect()
    assert kept() is not None


def test_numpy_is_refused_off_the_host_and_for_bfloat16() -> None:
    for tensor in (reftensor.tensor(1, device="sim"), reftensor.tensor(1, dtype="bfloat16")):
        assert not hasattr(tensor, "__array_interface__")
        for read in (tensor.numpy, lambda: np.asarray(tensor)):  # noqa: B023
            with pytest.raises(TypeError):
                read()


def test_importing_the_package_does_not_import_numpy() -> None:
    code = "import reftensor, sys; reftensor.tensor([1]); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_exports_may_outlive_the_interpreter() -> None:
    code = "import numpy, reftensor; numpy.kept = numpy.from_dlpack(reftensor.tensor([1])); "
    code += "numpy.capsule = reftensor.tensor([1]).__dlpack__(); "
    code += "numpy.import_ = reftensor.from_dlpack(numpy.ones(3))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


def test_threads_have_their_own_contexts_and_share_the_settings() -> None:
    seen: list[tuple[str, str]] = []

    def look() -> None:
        seen.append((str(reftensor.tensor(1.0).device), reftensor.tensor(1.0).dtype.name))
        gc.collect()

    def run() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    with reftensor.default_device("sim"), reftensor.default_dtype("float64"):
        look()
        run()
        reftensor.set_default_dtype("float16")
        try:
            run()
        finally:
            reftensor.set_default_dtype("float32")
    look()
    assert seen == [
        ("sim:0", "float64"),
        ("cpu", "float32"),
        ("cpu", "float16"),
        ("cpu", "float32"),
    ]


def test_only_real_floating_dtypes_can_be_the_default() -> None:
    for wrong in ("int64", "complex64", "bool", "float", float, None):
        with pytest.raises(TypeError):
            reftensor.set_default_dtype(wrong)  # type: ignore[arg-type]


def test_the_complex_default_follows_the_real_one() -> None:
    with reftensor.default_dtype("float64"):
        assert reftensor.tensor([1j]).dtype is reftensor.complex128
        assert reftensor.tensor([]).dtype is reftensor.float64
        assert reftensor.tensor([1]).dtype is reftensor.int64


class Described:
    """An object with an array interface over a buffer of its own, by pointer or as it is."""

    def __init__(self, pointed: bool) -> None:
        self.memory = array.array("f", [1.0, 2.0])
        data = (self.memory.buffer_info()[0], False) if pointed else self.memory
        self.__array_interface__ = {"typestr": "<f4", "shape": (2,), "version": 3, "data": data}


def test_whoever_describes_its_memory_by_a_pointer_is_kept() -> None:
    owner = Described(pointed=True)
    held = weakref.ref(owner)
    tensor = reftensor.as_tensor(owner)
    del owner
    assert held() is not None
    assert tensor.tolist() == [1.0, 2.0]
    del tensor
    assert held() is None


def test_a_buffer_behind_an_array_interface_stays_locked() -> None:
    owner = Described(pointed=False)
    tensor = reftensor.as_tensor(owner)
    with pytest.raises(BufferError):
        owner.memory.append(3.0)
    del tensor
    owner.memory.append(3.0)


def test_a_forked_child_has_device_memory_of_its_own() -> None:
    tensor = reftensor.tensor([1, 2], device="sim")
    child = os.fork()
    if not child:
        tensor[0] = 9
        os._exit(0)
    os.waitpid(child, 0)
    assert tensor.tolist() == [1, 2]
