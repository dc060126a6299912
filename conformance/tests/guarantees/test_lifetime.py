"""The guarantees about lifetimes acquit the sound, and their instruments see what there is."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest

import reftensor
from reftensor import capi
from reftensor.dlpack import USED, VERSIONED, DLManagedTensorVersioned
from reftensor.tensor import Tensor
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.schedules import ORDERS, SCHEDULES
from tensorpact.cases.spell import spell
from tensorpact.probes import consumption, heap
from tensorpact.probes.owners import Owner, Watch
from verdicts import Array, Operation, verdict

WIDE = (1 << 14,)


def life(
    schedule: str,
    operation: str = "as_tensor",
    arguments: dict[str, Any] | None = None,
    /,
    **fields: Any,
) -> Case:
    """A call on an array along a schedule."""
    if fields.get("exporter") in ("own", "bytearray", "bytes", "array.array", "mmap"):
        fields = {"alignment": 0, "shape": (3,)} | fields
    return Case(Block(**fields), call(operation, **(arguments or {})), schedule=schedule)


def by_hand(
    schedule: str,
    operation: str = "from_dlpack",
    arguments: dict[str, Any] | None = None,
    /,
    **fields: Any,
) -> Case:
    """The same on a DLPack export that was made by hand."""
    return life(schedule, operation, arguments, **{"exporter": "dlpack", "twist": "plain"} | fields)


# --------------------------------------------------------------------------- late releases


class Cyclic(np.ndarray[Any, Any]):
    """An array that only the garbage collector frees."""

    def __array_finalize__(self, obj: object) -> None:
        self.myself = self


class Late(np.ndarray[Any, Any]):
    """An array whose base another thread lets go of, a moment later."""

    def __del__(self) -> None:
        timer = threading.Timer(0.05, id, [self.base])
        timer.daemon = True
        timer.start()


class OpenAtExit(np.ndarray[Any, Any]):
    """An array that must not die while Python exits, unless its driver was shut down."""

    driver: ClassVar[list[str]] = ["running"]

    def __del__(
        self,
        exiting: Callable[[], bool] = sys.is_finalizing,
        driver: list[str] = driver,
        abort: Callable[[], object] = os.abort,
    ) -> None:
        if exiting() and driver:
            abort()


def viewed_as(subclass: type[Array]) -> Backend:
    def wrapped(operation: Operation) -> Operation:
        return lambda x, **given: operation(x, **given).view(subclass)

    operations = {name: wrapped(each) for name, each in numpy_backend.operations.items()}
    return derive(numpy_backend, operations=operations, name="late", resize=None)


LATE = (
    life("source, result", "asarray"),
    life("repeated", "asarray", dtype="float32", shape=WIDE),
    life("resized", "asarray", exporter="bytearray", dtype="uint8"),
    by_hand("source, result"),
    by_hand("consumed twice"),
)


@pytest.mark.parametrize("subclass", [Cyclic, Late])
@pytest.mark.parametrize("case", LATE, ids=lambda case: case.schedule)
def test_a_release_by_the_collector_or_a_moment_later_is_no_leak(
    subclass: type[Array], case: Case
) -> None:
    found = verdict(viewed_as(subclass), [case])
    assert not {id for id in found.broken if id.startswith("lifetime.")}
    assert any(id.startswith("lifetime.") for id in found.kept)


def test_a_library_that_shuts_down_at_exit_ends_in_order() -> None:
    case = life("kept at exit", "asarray")
    exit_id = "lifetime.exit-is-orderly"
    assert exit_id in verdict(viewed_as(OpenAtExit), [case]).broken

    def shut_down() -> None:
        OpenAtExit.driver.clear()

    atexit.register(shut_down)
    try:
        assert exit_id in verdict(viewed_as(OpenAtExit), [case]).kept
    finally:
        atexit.unregister(shut_down)


def test_a_copy_that_shares_is_not_said_to_hold_where_no_address_is_known() -> None:
    backend = derive(numpy_backend, name="no-address", address=None)
    case = by_hand("source, result", "from_dlpack", {"copy": True}, exporter="dlpack_ignores_copy")
    for each in (backend, numpy_backend):
        assert "lifetime.copy-holds-nothing" not in verdict(each, [case]).broken


# --------------------------------------------------------------------------- deleters


def _deleter_of(capsule: Any) -> Callable[[], None]:
    """Calls the deleter of an export, whoever else does."""
    address = capi.capsule_pointer(capsule, VERSIONED)
    managed = DLManagedTensorVersioned.from_address(address)
    return partial(ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(managed.deleter), address)


def _taken(data: Any) -> Callable[[], None]:
    """The deleter of another export of the data, whose capsule is renamed."""
    capsule = data.__dlpack__(max_version=(1, 0))
    delete = _deleter_of(capsule)
    capi.rename_capsule(capsule, USED[VERSIONED])
    return delete


def leak_one_and_delete_another_twice(data: Any, **given: Any) -> Tensor:
    _taken(data)
    delete = _taken(data)
    delete()
    delete()
    return reftensor.tensor(reftensor.from_dlpack(data, **given))


def delete_behind_the_back_of_a_capsule(data: Any, **_: Any) -> Tensor:
    capsule = data.__dlpack__(max_version=(1, 0))
    _deleter_of(capsule)()
    return reftensor.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "from_dlpack", [leak_one_and_delete_another_twice, delete_behind_the_back_of_a_capsule]
)
def test_one_deletion_too_many_is_not_made_up_for_by_one_too_few(from_dlpack: Operation) -> None:
    faulty = derive(reference_backend, operations={"from_dlpack": from_dlpack})
    assert "lifetime.deleter-runs-once" in verdict(faulty, [by_hand("source, result")]).broken


def test_what_breaks_at_the_second_call_only_is_no_orderly_repetition() -> None:
    calls: list[None] = []

    def asarray(data: Any, **given: Any) -> Array:
        calls.append(None)
        if len(calls) > 1:
            raise SystemError("returned NULL without setting an exception")
        return np.asarray(data, **given)

    found = verdict(
        derive(numpy_backend, operations={"asarray": asarray}), [life("repeated", "asarray")]
    )
    assert "error.nothing-crashes" in found.broken
    assert "lifetime.owner-is-released" not in found.kept


@pytest.mark.parametrize("twist", ["plain", "legacy", "null_when_empty", "opaque", "major_2"])
@pytest.mark.parametrize("exporter", ["dlpack", "capsule"])
def test_the_reference_deletes_what_it_takes_and_what_it_refuses(twist: str, exporter: str) -> None:
    shape = (0,) if twist == "null_when_empty" else (3,)
    found = verdict(
        reference_backend, [by_hand("result, source", exporter=exporter, twist=twist, shape=shape)]
    )
    assert not found.broken
    assert "lifetime.deleter-runs-once" in found.kept


# --------------------------------------------------------------------------- resizing


def test_an_array_refuses_to_be_resized_and_so_does_the_tensor_over_it() -> None:
    cases = [life(name, "asarray") for name in ("resized", "result resized")]
    found = verdict(numpy_backend, cases)
    assert not found.broken
    assert "lifetime.shared-is-not-resizable" in found.kept


@pytest.mark.parametrize("exporter", ["bytearray", "array.array", "mmap"])
def test_a_buffer_is_locked_until_the_result_dies(exporter: str) -> None:
    case = life("resized", "frombuffer", {"dtype": "uint8"}, exporter=exporter, dtype="uint8")
    found = verdict(numpy_backend, [case])
    assert {"lifetime.buffer-export-is-held", "lifetime.owner-is-released"} <= found.kept


# --------------------------------------------------------------------------- threads, the GIL


def test_a_function_that_needs_no_gil_does_not_wait_for_it() -> None:
    number = ctypes.c_long(0)
    libc = ctypes.CDLL(None)
    function = ctypes.cast(libc.time, ctypes.c_void_p).value
    address = ctypes.addressof(number)
    assert consumption._in_a_bare_thread(function or 0, address, lambda: number.value == 0) is False


def test_a_function_of_python_waits_for_the_gil() -> None:
    called: list[int] = []
    callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(called.append)
    function = ctypes.cast(callback, ctypes.c_void_p).value
    assert consumption._in_a_bare_thread(function or 0, 1, lambda: not called) is True
    assert called == [1]


@pytest.mark.parametrize("backend", [reference_backend, numpy_backend], ids=lambda b: b.name)
def test_the_deleters_of_sound_backends_wait_for_the_gil(backend: Backend) -> None:
    found = verdict(backend, [life("deleted without the GIL", "asarray")])
    assert "lifetime.deleter-takes-the-gil" in found.kept


# --------------------------------------------------------------------------- all of it


@pytest.mark.parametrize("order", ORDERS)
def test_the_reference_conforms_in_every_order_of_release(order: str) -> None:
    cases = [life(order), life(order, "tensor"), by_hand(order), life(order, exporter="own")]
    assert not verdict(reference_backend, cases).broken


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_can_be_spelled(name: str) -> None:
    from tensorpact.backends.protocol import claims_of

    text = spell(life(name), claims_of(reference_backend))
    assert "reftensor.as_tensor(x)" in text or name == "unconsumed"


# --------------------------------------------------------------------------- the instruments


@pytest.mark.parametrize("make", [lambda: np.zeros(3), lambda: bytearray(3), lambda: bytes(300)])
def test_an_owner_is_held_as_long_as_anybody_holds_it(make: Callable[[], Any]) -> None:
    thing = make()
    owner = Owner(thing)
    assert owner.held_for_good
    del thing
    assert not owner.held


def test_a_watch_sees_a_reference_more_and_a_reference_fewer() -> None:
    inner = object()
    watch = Watch([inner, (1.5,)])
    more = [inner] * 8
    assert [count for _, count in watch.drift(8)] == [1]
    more.clear()
    assert watch.drift(8) == ()


def test_memory_that_stays_is_told_from_memory_that_comes_and_goes() -> None:
    kept: list[bytearray] = []
    size = 1 << 17
    assert heap.kept_per_time(lambda: bytearray(size), size) in (0, None)
    grown = heap.kept_per_time(lambda: kept.append(bytearray(size)), size)
    assert grown is None or grown >= size // 2
