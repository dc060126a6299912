"""Capsules made by hand say what they were told to, and their memory ends when it should."""

from __future__ import annotations

import ctypes
import gc
import inspect
import threading
import weakref
from ctypes import c_void_p
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import reftensor
from reftensor import capi, dlpack
from tensorpact.capsules import Description, fields, forge
from tensorpact.capsules.handshake import Ask
from tensorpact.cases import twists
from tensorpact.cases.exporters import ByHand, HalfByHand, OldByHand, by_hand, described
from tensorpact.cases.twists import TWISTS, Outcome

Array = np.ndarray[Any, Any]

PLAIN = Description(data=64, shape=(2, 3), strides=(3, 1))
DESCRIPTIONS = (
    PLAIN,
    replace(PLAIN, strides=None, byte_offset=24),
    replace(PLAIN, data=0, shape=(0, 3), version=(1, 99), flags=1 << 40 | 3),
    replace(PLAIN, dtype=(4, 16, 8), device=(9, 7), deleter=False),
    replace(PLAIN, strides=(-3, -1)),
    replace(PLAIN, shape=(), strides=()),
    replace(PLAIN, version=None),
    replace(PLAIN, shape=(1, 2**62), strides=(2**63 - 1, -(2**63))),
)


class Owner(np.ndarray):
    """Memory that tells when it is freed."""


def owner() -> Array:
    return np.arange(1, 7, dtype=np.float32).reshape(2, 3).view(Owner)


def lent(array: Array) -> Description:
    return described(array, "float32")


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_what_is_written_is_what_is_read(description: Description) -> None:
    capsule, _ = forge(description)
    read = fields(capsule)
    assert read is not None
    assert read.known
    for name in ("data", "byte_offset", "shape", "strides", "dtype", "device", "version"):
        assert getattr(read, name) == getattr(description, name)
    assert read.has_deleter is description.deleter
    assert read.flags == (None if description.version is None else description.flags)


def test_another_name_is_no_dlpack_capsule() -> None:
    capsule, loan = forge(replace(PLAIN, name=b"tensor"))
    assert fields(capsule) is None
    del capsule
    assert loan.deleted == 1


@pytest.mark.parametrize("version", [None, dlpack.VERSION])
def test_memory_lives_until_the_consumer_is_done(version: tuple[int, int] | None) -> None:
    memory = owner()
    alive = weakref.ref(memory)
    capsule, loan = forge(replace(lent(memory), version=version), memory)
    tensor = reftensor.from_dlpack(capsule)
    del memory, capsule
    view = tensor[1]
    del tensor
    assert alive() is not None
    assert loan.deleted == 0
    assert view.tolist() == [4.0, 5.0, 6.0]
    del view
    assert alive() is None
    assert loan.deleted == 1


def test_a_capsule_that_nobody_took_ends_its_own_loan() -> None:
    memory = owner()
    alive = weakref.ref(memory)
    capsule, loan = forge(lent(memory), memory)
    del memory
    assert alive() is not None
    del capsule
    assert alive() is None
    assert loan.deleted == 1


def test_without_a_deleter_the_loan_lasts_as_long_as_its_record() -> None:
    memory = owner()
    alive = weakref.ref(memory)
    capsule, loan = forge(replace(lent(memory), deleter=False), memory)
    del memory
    tensor = reftensor.from_dlpack(capsule)
    del capsule
    assert tensor.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    del tensor
    assert loan.deleted == 0
    del loan
    gc.collect()
    assert alive() is None


def deleter_of(capsule: object) -> tuple[Any, int]:
    """The deleter as C code calls it, and the structure that it takes."""
    address = capi.capsule_pointer(capsule, dlpack.VERSIONED)
    managed = dlpack.DLManagedTensorVersioned.from_address(address)
    return ctypes.CFUNCTYPE(None, c_void_p)(managed.deleter), address


def test_a_second_call_of_the_deleter_is_counted_and_harms_nothing() -> None:
    memory = owner()
    capsule, loan = forge(lent(memory), memory)
    delete, address = deleter_of(capsule)
    delete(address)
    delete(address)
    del capsule
    assert loan.deleted == 3
    assert memory.sum() == 21


def test_the_deleter_says_which_thread_called_it_and_needs_no_lock() -> None:
    capsule, loan = forge(lent(owner()))
    delete, address = deleter_of(capsule)
    thread = threading.Thread(target=delete, args=(address,))
    thread.start()
    thread.join()
    assert loan.threads == [thread.ident]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_capsule_that_dies_under_an_exception_is_ended_all_the_same() -> None:
    class Careless(ByHand):
        """Does not hold its capsules, so that NumPy's refusal is what drops them."""

        def lend(self, *arguments: Any) -> Any:
            capsule = super().lend(*arguments)
            self.capsules.clear()
            return capsule

    exporter = Careless(owner(), "float32", TWISTS["lanes_4"])
    with pytest.raises((SystemError, RuntimeError, BufferError)):
        np.from_dlpack(exporter)
    assert [loan.deleted for loan in exporter.loans] == [1]


def test_an_exporter_keeps_account_of_what_it_was_asked() -> None:
    exporter = OldByHand(owner(), "float32", TWISTS["plain"])
    np.from_dlpack(exporter)
    assert exporter.asked[-1] == Ask("__dlpack__")
    assert exporter.asked[0].raised == "TypeError"
    assert exporter.asked[0].get("max_version") == (1, 0)
    assert str(exporter.asked[-1]) == "__dlpack__()"


def test_a_recorded_method_still_shows_the_keywords_that_it_knows() -> None:
    assert list(inspect.signature(ByHand.__dlpack__).parameters)[1:] == [
        "stream", "max_version", "dl_device", "copy",
    ]  # fmt: skip
    assert list(inspect.signature(OldByHand.__dlpack__).parameters)[1:] == ["stream"]


def shape_for(name: str) -> tuple[int, ...]:
    return (0, 1) if name == "null_when_empty" else (1, 3)


@pytest.mark.parametrize("name", twists.named(Outcome.TAKEN))
def test_what_the_protocol_allows_reads_the_same(name: str) -> None:
    array = np.arange(np.prod(shape_for(name)), dtype=np.float32).reshape(shape_for(name))
    exporter = ByHand(array, "float32", TWISTS[name])
    for consumer in (np.from_dlpack, reftensor.from_dlpack):
        made = consumer(exporter)
        assert made.shape == array.shape
        assert made.tolist() == array.tolist()
        del made
    given = [0, 0] if name == "no_deleter" else [1, 1]
    exporter.capsules.clear()
    assert [loan.deleted for loan in exporter.loans] == given


def refusal_of(exporter: ByHand) -> type[Exception] | None:
    """The class alone: the exception itself would keep alive what it came through."""
    try:
        reftensor.from_dlpack(exporter)
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("name", twists.named(Outcome.REFUSED, Outcome.DOUBTED, Outcome.RAISED))
def test_the_reference_refuses_what_is_to_be_refused(name: str) -> None:
    exporter = ByHand(owner(), "float32", TWISTS[name])
    raised = refusal_of(exporter)
    assert raised is not None
    own = TWISTS[name].raises
    assert own is None or raised is own[1]
    exporter.capsules.clear()
    assert all(loan.deleted == 1 for loan in exporter.loans)


def test_an_exporter_without_the_device_method_has_none() -> None:
    twist = TWISTS["no_device_method"]
    exporter = by_hand("dlpack", twist)(owner(), "float32", twist)
    assert isinstance(exporter, HalfByHand)
    assert not hasattr(exporter, "__dlpack_device__")
