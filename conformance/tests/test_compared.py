"""Beside what was seen stands what the reference does with the same input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, State, Values, call, py
from tensorpact.reports.model import Finding, Verdict
from tensorpact.runner.compared import compared
from tensorpact.runner.limits import Limits

REFERENCE = claims_of(load("reference"))
NUMPY = claims_of(load("numpy"))


def beside(case: Case, guarantee: str, claims: Any = REFERENCE) -> str:
    return compared(Finding(guarantee, Verdict.FAIL, case, "", "", ""), claims, Limits())


@pytest.mark.parametrize(
    ("case", "guarantee", "words"),
    [
        (Case(Values(py(-1)), call("tensor", dtype="uint8")), "value.int-overflow-raises",
         "raises OverflowError"),
        (Case(Block(), call("asarray")), "sharing.array-is-shared",
         "over the source's memory"),
        (Case(Values(py([1, 2])), call("tensor")), "dtype.ints-infer-default-int",
         "returns int64 (2,) on cpu holding [1, 2]"),
        (Case(Block(), call("asarray"), schedule="repeated"), "lifetime.owner-is-released",
         "keeps the promise"),
        (Case(Values(py(True)), call("tensor", dtype="uint8")), "value.routes-agree",
         "keeps the promise; returns uint8 ()"),
    ],
)  # fmt: skip
def test_it_says_what_the_reference_does(case: Case, guarantee: str, words: str) -> None:
    assert words in beside(case, guarantee)


def test_the_reference_infers_what_the_backend_should() -> None:
    floats = Case(Values(py([1.5])), call("asarray"))
    assert "float32" in beside(floats, "dtype.floats-infer-default-float")
    assert "float64" in beside(floats, "dtype.floats-infer-default-float", NUMPY)


def test_what_the_reference_cannot_have_is_left_out() -> None:
    tracked = Case(Block("own", alignment=0, grad="leaf"), call("tensor"))
    assert beside(tracked, "grad.tensor-is-a-leaf") == ""


@pytest.mark.parametrize(
    "case",
    [
        Case(Values(py(1.5)), call("tensor"), State(default_device="meta")),
        Case(Values(py(1.5)), call("tensor", device="meta#0")),
    ],
)
def test_a_device_that_the_reference_does_not_have_is_left_out(case: Case) -> None:
    there = replace(REFERENCE, devices=(*REFERENCE.devices, "meta"))
    assert beside(case, "device.host-data-goes-to-default", there) == ""


def test_a_device_is_named_as_the_reference_names_it() -> None:
    case = Case(Values(py(1.5)), call("tensor", device=f"{REFERENCE.devices[1]}#9"))
    assert "returns" in beside(case, "device.explicit-device-wins")
