"""The guarantees about devices acquit what is merely unusual, and meet every device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.find import load
from tensorpact.backends.protocol import Backend, Claims, claims_of, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases import calls, plan
from tensorpact.cases.axes import axes_of
from tensorpact.cases.families import FAMILIES
from tensorpact.cases.feasible import feasible, possible
from tensorpact.cases.model import Block, Case, State, call
from tensorpact.cases.shrink import shrink
from tensorpact.guarantees import TABLE
from tensorpact_fixtures.zoo.faulty.labelled_devices import label, labelled
from tensorpact_fixtures.zoo.odd.placed_tensors import placed
from verdicts import given, verdict

NAMES = tuple(f"cpu:{number}" for number in range(10))
TEN = placed(NAMES)
RELABELLED = placed(NAMES, move=lambda t: t[...])
ON_SIM = State(default_device="sim:0")


# --------------------------------------------------------------------------- fairness


def test_devices_that_are_one_memory_may_share_under_the_standard() -> None:
    def asarray(data: Any, device: str | None = None, copy: bool | None = None) -> Any:
        return label(np.array(data, copy=copy), device)

    one_memory = derive(
        labelled(), operations={"asarray": asarray}, authorities={"std": ("asarray",)}, keywords={}
    )
    own = Block("own", shape=(3,), alignment=0)
    cases = [
        Case(own, call("asarray", device="near#0")),
        Case(own, call("asarray", device="near#0", copy=False)),
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
        for case in islice(dict.fromkeys(FAMILIES[name](claims, Random(name), limit)), limit)
    ]


PLACING = ("devices", "default devices", "defaults", "values on devices")


def test_devices_that_are_all_the_hosts_are_acquitted() -> None:
    cases = planned(claims_of(TEN), PLACING, 500)
    seen = verdict(TEN, cases)
    assert not seen.broken
    assert {"device.transfer-is-independent", "device.reported-device-is-true"} <= seen.kept


def test_host_devices_that_alias_each_other_are_condemned_for_that_alone() -> None:
    cases = planned(claims_of(RELABELLED), PLACING, 500)
    assert verdict(RELABELLED, cases).broken == {"device.transfer-is-independent"}


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
