"""The guarantees about dtypes are fair to backends that do otherwise where they may."""

from __future__ import annotations

from typing import Any

import numpy as np

import reftensor
from reftensor.rules import Defaults
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference
from tensorpact.cases.model import Block, Case, State, Values, call, py
from verdicts import Array, given, verdict


def test_other_defaults_are_held_to_once_they_are_declared() -> None:
    def narrow(data: Any, **given: Any) -> Array:
        made = np.asarray(data, **given)
        plain = not isinstance(data, np.ndarray) and given.get("dtype") is None
        return (
            made.astype({"i": "int32", "f": "float32"}.get(made.dtype.kind, made.dtype))
            if (plain)
            else made
        )

    cases = [given([1, 2]), given([1.5]), given(True)]
    declared = derive(
        numpy_backend,
        operations={"asarray": narrow, "tensor": narrow},
        defaults=Defaults("int32", "float32", "complex64"),
    )
    assert not verdict(declared, cases).broken
    undeclared = derive(declared, defaults=numpy_backend.defaults)
    assert "dtype.ints-infer-default-int" in verdict(undeclared, cases).broken


def test_refusing_is_no_wrong_dtype() -> None:
    def strict(data: Any, **given: Any) -> Array:
        if given.get("dtype") is not None:
            raise ValueError("no conversions here")
        return np.asarray(data, **given)

    refusing = derive(numpy_backend, operations={"asarray": strict, "tensor": strict})
    cases = [given([1], dtype="float32"), Case(Block(foreign_order=True), call("asarray"))]
    assert not {id for id in verdict(refusing, cases).broken if id.startswith("dtype.")}


def test_an_int_too_large_for_the_default_is_not_judged_by_its_dtype() -> None:
    """np.asarray(2**63) is uint64: the standard leaves it open."""
    assert "dtype.ints-infer-default-int" not in verdict(numpy_backend, [given(2**63)]).kept


def test_what_other_things_do_as_dtype_is_noted() -> None:
    assert verdict(numpy_backend, [given([1], dtype="python:float")]).notes == ("float64",)
    assert verdict(reference, [given([1], dtype="python:float")]).notes == ("TypeError",)


def test_a_setting_is_not_blamed_for_what_it_does_not_cause() -> None:
    id, under_another = "dtype.default-float-setting-is-followed", State(default_real="float64")
    case = Case(Values(py([1.5, 2.5])), call("tensor"), under_another)

    def halved(data: Any, **given: Any) -> Any:
        made = reference.operations["tensor"](data, **given)
        return made if given else reference.operations["tensor"](made, dtype=reftensor.float16)

    def deaf(data: Any, **given: Any) -> Any:
        given = given or {"dtype": reftensor.float32}
        return reference.operations["tensor"](data, **given)

    always, unset = (derive(reference, operations={"tensor": tensor}) for tensor in (halved, deaf))
    assert id not in verdict(always, [case]).broken
    assert id in verdict(unset, [case]).broken
