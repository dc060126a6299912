"""Each guarantee about devices finds its faults, and acquits what is merely unusual."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest

import host_devices
import reftensor
from reftensor.tensor import Tensor
from tensorpact.backends.find import load
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, Claims, Device, claims_of, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases import calls, plan
from tensorpact.cases.axes import axes_of
from tensorpact.cases.feasible import feasible, possible
from tensorpact.cases.model import Block, Case, State, call
from tensorpact.cases.shrink import shrink
from tensorpact.guarantees import TABLE
from verdicts import Fault, Operation, given, reference_fault, verdict

ON_SIM = State(default_device="sim:0")
IN_SIM = State(default_device="sim:0", device_form="context")


def own(device: str = "") -> Block:
    return Block("own", "float32", (3,), alignment=0, device=device)


# --------------------------------------------------------------------------- reference faults


def ignore_device_for_tuples(data: Any, **given: Any) -> Any:
    if isinstance(data, tuple):
        given.pop("device", None)
    return reftensor.asarray(data, **given)


def move_everything_to_default(data: Any, **given: Any) -> Any:
    return reftensor.as_tensor(data, **{"device": reftensor.get_default_device(), **given})


def leave_arrays_on_the_host(data: Any, **given: Any) -> Any:
    if isinstance(data, np.ndarray):
        given.setdefault("device", "cpu")
    return reftensor.as_tensor(data, **given)


def leave_single_numbers_on_the_host(data: Any, **given: Any) -> Any:
    if isinstance(data, float):
        given.setdefault("device", "cpu")
    return reftensor.tensor(data, **given)


def import_to_default(data: Any, **given: Any) -> Any:
    return reftensor.from_dlpack(data, **given).to(reftensor.get_default_device())


def copy_where_there_is_an_index(data: Any, **given: Any) -> Any:
    made = reftensor.as_tensor(data, **given)
    return reftensor.tensor(made) if given.get("device") == "cpu:0" else made


def fall_back_to_the_host(data: Any, **given: Any) -> Any:
    try:
        return reftensor.asarray(data, **given)
    except ValueError:
        return reftensor.asarray(data)


def copy_across_in_silence(data: Any, **given: Any) -> Any:
    moving = given.get("device") is not None and given.get("copy") is False
    return reftensor.asarray(data, **{**given, "copy": None} if moving else given)


def fetch_from_accelerators(data: Any, **given: Any) -> Any:
    made = reftensor.as_tensor(data, **given)
    return made if isinstance(data, Tensor) or given else made.to("cpu")


def import_to_the_host(data: Any, **given: Any) -> Any:
    made = reftensor.from_dlpack(data, **given)
    return made if isinstance(data, Tensor) or given else made.to("cpu")


class Namesake(Tensor):
    """Exports itself as the first accelerator, whichever it is on."""

    __slots__ = ()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 12, 0


def forget_the_number(data: Any, **given: Any) -> Any:
    made = reftensor.as_tensor(data, **given)
    if str(made.device) != "sim:1":
        return made
    return Namesake(made.storage, made.dtype, made.layout, made.offset, made.readonly)


# --------------------------------------------------------------------------- labelled arrays


class Labelled(np.ndarray):
    """An array with the name of a device; the devices `cpu` and `near` share one memory."""

    device: Any = "cpu"

    def __array_finalize__(self, other: Any) -> None:
        self.device = getattr(other, "device", "cpu")


class Liar(Labelled):
    """Exports itself as a tensor of a GPU."""

    def __dlpack_device__(self) -> Any:
        return 2, 0


class Numbered(Labelled):
    """Exports itself as the host's second memory, of which there is none."""

    def __dlpack_device__(self) -> Any:
        return 1, 1


def label(array: Any, device: str | None, kind: type[Labelled] = Labelled) -> Any:
    made = array.view(kind)
    made.device = device or getattr(array, "device", "cpu")
    return made


def make(data: bytes, dtype: str, shape: tuple[int, ...], device: str) -> Any:
    return label(np.frombuffer(bytearray(data), dtype).reshape(shape), device)


def moving(*, copies: bool, invents: bool = False, kind: type[Labelled] = Labelled) -> Operation:
    """Ingestion that copies between devices or not, and takes data from `void` or not."""

    def as_tensor(data: Any, dtype: Any = None, device: str | None = None) -> Any:
        source = getattr(data, "device", "cpu")
        target = device or source
        if source == "void" != target and not invents:
            raise ValueError("the device void holds no data")
        array = np.array(data, dtype, copy=True if copies and source != target else None)
        return label(array, target, kind)

    return as_tensor


def labelled(as_tensor: Operation) -> Backend:
    return derive(
        numpy_backend,
        name="labelled",
        operations={"as_tensor": as_tensor},
        authorities={"torch": ("as_tensor",), "safety": ("as_tensor",), "dlpack": ("as_tensor",)},
        accepts={"as_tensor": ("own", "ndarray", "scalar", "sequence")},
        tensor_type=np.ndarray,
        make=make,
        device=lambda t: getattr(t, "device", "cpu"),
        devices=(
            Device("cpu", ("cpu",)),
            Device("near", ("near",)),
            Device("void", ("void",), host=False, data=False),
        ),
    )


SOUND = labelled(moving(copies=True))


def labelled_fault(id: str, name: str, as_tensor: Operation, case: Case, *also: str) -> Fault:
    return Fault(id, name, labelled(as_tensor), (case,), SOUND, frozenset(also))


FAULTS = (
    reference_fault("device.explicit-device-wins", "tuples stay on the host",
                    {"asarray": ignore_device_for_tuples}, given((1.0, 2.0), device="sim:1#0")),
    reference_fault("device.carried-device-is-kept", "a default device moves tensors",
                    {"as_tensor": move_everything_to_default},
                    Case(own(), call("as_tensor"), IN_SIM)),
    reference_fault("device.host-data-goes-to-default", "arrays stay on the host",
                    {"as_tensor": leave_arrays_on_the_host},
                    Case(Block(), call("as_tensor"), ON_SIM)),
    reference_fault("device.host-data-goes-to-default", "single numbers stay on the host",
                    {"tensor": leave_single_numbers_on_the_host},
                    Case(given(1.0).source, call("tensor"), IN_SIM)),
    reference_fault("device.sharing-constructors-ignore-default", "imports are moved",
                    {"from_dlpack": import_to_default},
                    Case(Block("dlpack"), call("from_dlpack"), ON_SIM)),
    reference_fault("device.spellings-are-one-device", "an index makes a copy",
                    {"as_tensor": copy_where_there_is_an_index},
                    Case(Block(), call("as_tensor", device="cpu#1"))),
    reference_fault("device.unknown-device-raises", "an unknown device is the host",
                    {"asarray": fall_back_to_the_host},
                    Case(Block(), call("asarray", device="nope"))),
    reference_fault("device.no-copy-across-devices", "copy=False is forgotten on the way",
                    {"asarray": copy_across_in_silence},
                    Case(Block(), call("asarray", copy=False, device="sim:0#0"))),
    reference_fault("device.foreign-device-array", "what is no tensor comes to the host",
                    {"as_tensor": fetch_from_accelerators},
                    Case(Block("accelerated", "float32", (3,), alignment=0, device="sim:1"),
                         call("as_tensor"))),
    reference_fault("device.foreign-device-array", "imports come to the host",
                    {"from_dlpack": import_to_the_host},
                    Case(Block("accelerated", "int8", (2, 3), "F", alignment=0, device="sim:0"),
                         call("from_dlpack"))),
    reference_fault("device.reported-device-is-true", "two accelerators have one number",
                    {"as_tensor": forget_the_number},
                    Case(Block(), call("as_tensor", device="sim:1#0"))),
    labelled_fault("device.transfer-is-independent", "another label on the same memory",
                   moving(copies=False), Case(own(), call("as_tensor", device="near#0"))),
    labelled_fault("device.data-less-device", "zeros come out of nowhere",
                   moving(copies=True, invents=True),
                   Case(own("void"), call("as_tensor", device="cpu#0"))),
    labelled_fault("device.reported-device-is-true", "exports itself as a GPU's",
                   moving(copies=True, kind=Liar), Case(own(), call("as_tensor", device="near#0"))),
    labelled_fault("device.reported-device-is-true", "the host's memory has a number",
                   moving(copies=True, kind=Numbered),
                   Case(own(), call("as_tensor", device="near#0"))),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    broken = verdict(fault.faulty, fault.cases).broken
    assert fault.id in broken
    assert broken <= {fault.id} | fault.also


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


def test_devices_that_are_one_memory_may_share_under_the_standard() -> None:
    def asarray(data: Any, device: str | None = None, copy: bool | None = None) -> Any:
        return label(np.array(data, copy=copy), device)

    one_memory = derive(
        SOUND, operations={"asarray": asarray}, authorities={"std": ("asarray",)}, keywords={}
    )
    cases = [
        Case(own(), call("asarray", device="near#0")),
        Case(own(), call("asarray", device="near#0", copy=False)),
    ]
    assert not verdict(one_memory, cases).broken


def test_refusing_a_device_that_exists_breaks_nothing() -> None:
    def host_only(data: Any, **given: Any) -> Any:
        if given.get("device") == "sim:1":
            raise ValueError("busy")
        return reftensor.asarray(data, **given)

    refusing = derive(reference_backend, operations={"asarray": host_only})
    broken = verdict(refusing, [given(1.0, device="sim:1#0")]).broken
    assert not {name for name in broken if name.startswith("device.")}


def test_an_array_under_a_default_device_is_documented_in_two_ways() -> None:
    def stays(data: Any, **given: Any) -> Any:
        return reftensor.asarray(data, **{"device": "cpu", **given})

    staying = derive(reference_backend, operations={"asarray": stays})
    assert not verdict(staying, [Case(Block(), call("asarray"), ON_SIM)]).broken


def planned(claims: Claims, families: Iterable[str], limit: int) -> list[Case]:
    """The first cases of a plan, family by family."""
    return [
        case
        for name in families
        for case in islice(dict.fromkeys(plan.FAMILIES[name](claims, Random(name), limit)), limit)
    ]


PLACING = ("devices", "default devices", "defaults", "values on devices")


def test_devices_that_are_all_the_hosts_are_acquitted() -> None:
    cases = planned(claims_of(host_devices.backend), PLACING, 500)
    seen = verdict(host_devices.backend, cases)
    assert not seen.broken
    assert {"device.transfer-is-independent", "device.reported-device-is-true"} <= seen.kept


def test_host_devices_that_alias_each_other_are_condemned_for_that_alone() -> None:
    cases = planned(claims_of(host_devices.relabelling), PLACING, 500)
    assert verdict(host_devices.relabelling, cases).broken == {"device.transfer-is-independent"}


# --------------------------------------------------------------------------- dtypes of a device


def strict() -> Backend:
    pytest.importorskip("array_api_strict")
    return load("array-api-strict")


def on(device: str, data: object) -> Case:
    return given(data, device=f"{device}#0")


def test_a_device_has_defaults_of_its_own() -> None:
    cases = [on(name, data) for name in ("device2", "no_x64") for data in (1.5, [2], 1j, [])]
    seen = verdict(strict(), cases)
    assert not seen.broken
    assert "dtype.floats-infer-default-float" in seen.kept


def test_the_librarys_defaults_on_a_device_with_others_are_condemned() -> None:
    import array_api_strict as xp

    def asarray(data: Any, device: Any = None) -> Any:
        return xp.asarray(xp.asarray(data), device=device)

    careless = derive(strict(), operations={"asarray": asarray})
    broken = verdict(careless, [on("device2", 1.5), on("device1", 1.5)]).broken
    assert broken == {"dtype.floats-infer-default-float"}


def test_an_int_beyond_the_default_of_its_device_is_condemned_when_it_wraps() -> None:
    assert "value.int-overflow-raises" in verdict(strict(), [on("no_x64", 2**40)]).broken
    assert not verdict(strict(), [on("no_float64", 2**40)]).broken


def test_a_dtype_that_a_device_lacks_is_only_observed() -> None:
    cases = [
        Case(Block("ndarray", "float64"), call("asarray", device="no_float64#0")),
        given(1.5, device="no_float64#0", dtype="float64"),
    ]
    seen = verdict(strict(), cases)
    assert not seen.broken
    assert seen.notes == ("raises ValueError",) * 2


def test_no_tensor_is_planned_on_a_device_that_lacks_its_dtype() -> None:
    claims = claims_of(strict())
    assert not feasible(Block("own", "int64", alignment=0, device="no_x64"), claims)
    assert feasible(Block("own", "int32", alignment=0, device="no_x64"), claims)


# --------------------------------------------------------------------------- what is reached

REACHED = {
    "device.explicit-device-wins": ("argument", "source", "default"),
    "device.carried-device-is-kept": ("source", "default"),
    "device.host-data-goes-to-default": ("default",),
    "device.sharing-constructors-ignore-default": ("default",),
    "device.transfer-is-independent": ("argument", "source", "default"),
    "device.no-copy-across-devices": ("argument", "source", "default"),
    "device.reported-device-is-true": ("argument", "source", "default"),
    "sharing.own-tensor-is-returned": ("source", "default"),
    "sharing.copy-none-shares": ("source", "default"),
    "sharing.copy-false-never-copies": ("argument", "source", "default"),
    "sharing.copy-false-raises-value-error": ("argument", "source", "default"),
    "sharing.copy-false-accepts-zero-copy": ("source", "default"),
    "sharing.dlpack-is-zero-copy": ("source", "default"),
    "sharing.views-share-onward": ("argument", "source", "default"),
    "copying.tensor-always-copies": ("argument", "source", "default"),
    "copying.copy-true-always-copies": ("argument", "source", "default"),
    "copying.conversion-is-independent": ("argument", "source", "default"),
    "copying.source-is-untouched": ("argument", "source", "default"),
    "copying.result-is-writable": ("argument", "source", "default"),
}
"""What a device can be to the cases of a guarantee; the others speak of the host's memory."""


def test_every_device_and_spelling_is_swept_in_every_guarantee_that_it_matters_to() -> None:
    claims = claims_of(reference_backend)
    values = {
        "argument": {f"argument:device={spelling}" for spelling in calls.spellings(claims)},
        "source": {f"source device={name}" for name in claims.devices},
        "default": {f"default device={name} by {form}"
                    for name in claims.devices for form in ("setting", "context")},
    }  # fmt: skip
    cases = planned(claims, PLACING, plan.BUDGETS["standard"].sweep)
    for id, roles in REACHED.items():
        guarantee = TABLE[id]
        bound = set(guarantee.operations)
        tried = [c for c in cases if c.call.operation in bound and guarantee.applies(c, claims)]
        found = {axis for case in tried for axis in axes_of(case)}
        missing = {value for role in roles for value in values[role]} - found
        assert not missing, f"{id} never meets {sorted(missing)}"


def test_a_foreign_array_shrinks_on_its_accelerator() -> None:
    claims = claims_of(reference_backend)
    block = Block("accelerated", "int8", (2, 3), "F", alignment=0, device="sim:0")
    assert feasible(block, claims)
    assert not feasible(replace(block, device="cpu"), claims)
    smallest = shrink(Case(block, call("from_dlpack", copy=None)), lambda c: possible(c, claims))
    assert smallest.block is not None
    assert (smallest.block.device, smallest.block.layout) == ("sim:0", "C")
