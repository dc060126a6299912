"""Each guarantee about read-only memory finds its faults, and acquits each way of keeping it."""

from __future__ import annotations

import ctypes
import warnings
from typing import Any

import numpy as np
import pytest

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.cases.model import Block, Case, call
from verdicts import Array, Fault, Operation, numpy_fault, verdict


def block(operation: str = "asarray", copy: bool | None = None, **fields: Any) -> Case:
    return Case(Block(**fields), call(operation, **({"copy": copy} if copy else {})))


def forced(array: Array) -> Array:
    """A writable array over the same memory, as C code would make it."""
    address = array.__array_interface__["data"][0]
    memory: Any = (ctypes.c_char * array.nbytes).from_address(address)
    return np.ndarray(array.shape, array.dtype, memory)


# --------------------------------------------------------------------------- faults


def share_in_silence(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return made if made.flags.writeable or made.base is None else forced(made)


def warning_once() -> Operation:
    told: list[None] = []

    def asarray(data: Any, **given: Any) -> Array:
        made = share_in_silence(data, **given)
        if isinstance(data, np.ndarray) and not data.flags.writeable and not told:
            told.append(None)
            warnings.warn("the array is read-only", stacklevel=2)
        return made

    return asarray


def warn_at_every_call(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        warnings.warn("the array is not writable", stacklevel=2)
    return share_in_silence(data, **given)


class Unflagged(np.ndarray):
    """Exports itself as writable."""

    def __dlpack__(self, **keywords: Any) -> Any:
        return forced(np.asarray(self)).__dlpack__(**keywords)


class LegacyToo(np.ndarray):
    """Carries the flag where there is one, and gives the export that has none."""

    def __dlpack__(self, **keywords: Any) -> Any:
        exported = np.asarray(self) if keywords.get("max_version") else forced(np.asarray(self))
        return exported.__dlpack__(**keywords)


def as_kind(kind: type[Array]) -> Operation:
    return lambda data, **given: np.asarray(data, **given).view(kind)


def import_unprotected(data: Any, **given: Any) -> Array:
    return forced(np.from_dlpack(data, **given))


def import_protected(data: Any, **given: Any) -> Array:
    made = np.from_dlpack(data, **given).view()
    made.flags.writeable = False
    return made


def importing(id: str, name: str, function: Operation, case: Case) -> Fault:
    faulty = derive(numpy_backend, operations={"from_dlpack": function}, name="faulty")
    return Fault(id, name, faulty, (case,), numpy_backend)


FAULTS = (
    numpy_fault("readonly.sharing-warns-or-protects", "it is simply writable", share_in_silence,
                block(readonly=True)),
    numpy_fault("readonly.copying-is-silent", "every read-only source is warned of",
                warn_at_every_call, block(copy=True, readonly=True)),
    numpy_fault("readonly.flag-travels", "the flag is dropped", as_kind(Unflagged),
                block(readonly=True)),
    numpy_fault("readonly.flag-travels", "the legacy export is given", as_kind(LegacyToo),
                block(readonly=True)),
    importing("readonly.import-respects-flag", "the flag is ignored", import_unprotected,
              block("from_dlpack", exporter="dlpack", readonly=True)),
    importing("readonly.writable-stays-writable", "imports are protected", import_protected,
              block("from_dlpack", exporter="dlpack")),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    assert verdict(fault.faulty, fault.cases).broken == {fault.id}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


def refuse(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        raise ValueError("the array is read-only")
    return np.asarray(data, **given)


def test_a_warning_that_comes_once_in_a_process_is_not_repeated() -> None:
    once = derive(numpy_backend, operations={"asarray": warning_once()})
    again = derive(numpy_backend, operations={"asarray": warn_at_every_call})
    seen = verdict(once, [block(readonly=True)])
    assert seen.broken == {"readonly.warning-repeats"}
    assert "readonly.sharing-warns-or-protects" in seen.kept
    assert "readonly.warning-repeats" in verdict(again, [block(readonly=True)]).kept


@pytest.mark.parametrize("keeping", [refuse, np.array, np.asarray, warn_at_every_call])
def test_refusing_copying_protecting_and_warning_all_keep_the_promise(keeping: Operation) -> None:
    keeper = derive(numpy_backend, operations={"asarray": keeping})
    seen = verdict(keeper, [block(readonly=True)])
    assert "readonly.sharing-warns-or-protects" in seen.kept
    assert not {name for name in seen.broken if name.startswith(("readonly.", "sharing."))}


def test_a_library_without_read_only_arrays_may_ignore_the_flag() -> None:
    """The standard prefers that to an exception."""
    plain = derive(
        numpy_backend,
        operations={"asarray": warn_at_every_call, "from_dlpack": import_unprotected},
    )
    case = block("from_dlpack", exporter="dlpack", readonly=True)
    assert not verdict(plain, [case]).broken


def test_what_cannot_say_that_it_is_writable_may_be_protected() -> None:
    assert not verdict(numpy_backend, [block("from_dlpack", exporter="dlpack_old")]).broken
