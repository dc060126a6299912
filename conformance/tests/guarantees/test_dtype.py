"""Each guarantee about dtypes finds its faults, obvious and hidden, and acquits sound backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reftensor
from reftensor.rules import Defaults
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference
from tensorpact.cases.model import Block, Case, State, call, py, scalar
from verdicts import Array, Fault, Operation, given, node, numpy_fault, reference_fault, verdict


def block(operation: str = "asarray", state: State | None = None, **fields: Any) -> Case:
    """A call on an array, without arguments."""
    return Case(Block(**fields), call(operation), state or State())


FLOAT64 = State(default_real="float64")


# --------------------------------------------------------------------------- faults


def leaves(data: Any) -> list[Any]:
    return [x for i in data for x in leaves(i)] if isinstance(data, list | tuple) else [data]


def to(dtype: str, *, when: Operation) -> Operation:
    """np.asarray that gives another dtype for some plain values, when none is asked for."""

    def asarray(data: Any, **given: Any) -> Array:
        plain = not isinstance(data, np.ndarray) and given.get("dtype") is None
        made = np.asarray(data, **given)
        return made.astype(dtype) if plain and when(leaves(data), made) else made

    return asarray


def only(*kinds: type) -> Operation:
    return lambda found, _: bool(found) and all(type(x) in kinds for x in found)


def first_decides(data: Any, **given: Any) -> Array:
    """Infers from the first element."""
    made = np.asarray(data, **given)
    if isinstance(data, np.ndarray) or given.get("dtype") is not None or not made.size:
        return made
    with np.errstate(all="ignore"):
        return made.real.astype(np.asarray(leaves(data)[0]).dtype)


def narrow_scalars(data: Any, **given: Any) -> Array:
    """numpy.float64 is taken for the Python float that it is by inheritance."""
    made = np.asarray(data, **given)
    found = isinstance(data, np.float64) and given.get("dtype") is None
    return made.astype("float32") if found else made


def ignores_dtype(data: Any, **given: Any) -> Array:
    return np.asarray(data, **{**given, "dtype": None})


def ignores_dtype_of_empty(data: Any, **given: Any) -> Array:
    return np.asarray(data, **given) if len(leaves(data)) else np.asarray(data)


def widens_large_halves(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    large = isinstance(data, np.ndarray) and made.dtype == "float16" and made.size > 100
    return made.astype("float32") if large and not given else made


def knows_no_longlong(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and data.dtype.char == "q":
        raise TypeError("no such dtype")
    return np.asarray(data, **given)


def reads_big_endian_as_native(data: Any, **given: Any) -> Array:
    made = np.asarray(data, **given)
    return made.view(made.dtype.newbyteorder("=")) if not made.dtype.isnative else made


def refuses_mixed_widths(data: Any, **given: Any) -> Array:
    kinds = {type(x) for x in leaves(data)} if isinstance(data, list) else set()
    if len(kinds) > 1 and np.float16 in kinds:
        raise TypeError("float16 does not mix")
    return np.asarray(data, **given)


def reads_doubles_as_bytes(data: Any, **given: Any) -> Array:
    if isinstance(data, memoryview) and data.format == "d" and data.contiguous and not given:
        return np.frombuffer(data, np.uint8)
    return np.asarray(data, **given)


def follows_no_default(data: Any, **given: Any) -> Any:
    with reftensor.default_dtype("float32"):
        return reftensor.asarray(data, **given)


def default_reaches_arrays(data: Any, **given: Any) -> Any:
    made = reftensor.asarray(data, **given)
    other = reftensor.get_default_dtype() == reftensor.float64
    return made.astype("float64") if other and isinstance(data, np.ndarray) and not given else made


def longdouble_is_float64(data: Any, **given: Any) -> Any:
    guess = isinstance(data, np.ndarray) and data.dtype == np.longdouble
    return reftensor.asarray(np.asarray(data, "float64") if guess else data, **given)


def float16_imports_as_float32(data: Any, **given: Any) -> Array:
    made = np.from_dlpack(data, **given)
    return made.astype("float32") if made.dtype == "float16" else made


BOTH = [given([1, 2.5]), given([2.5, 1])]
WIDE = Block(dtype="code:q", shape=(3,))

FAULTS = [
    numpy_fault("dtype.bools-infer-bool", "always ints", to("int64", when=only(bool)), given(True)),
    numpy_fault(
        "dtype.bools-infer-bool",
        "nested ones only",
        to("int64", when=lambda found, made: only(bool)(found, made) and made.ndim > 1),
        given([[True], [False]]),
    ),
    numpy_fault("dtype.ints-infer-default-int", "floats", to("float64", when=only(int)), given(1)),
    numpy_fault(
        "dtype.ints-infer-default-int",
        "bools among them",
        to("float64", when=lambda f, _: {type(x) for x in f} == {bool, int}),
        given([True, 2]),
    ),
    numpy_fault(
        "dtype.floats-infer-default-float", "halved", to("float32", when=only(float)), given([1.5])
    ),
    numpy_fault(
        "dtype.complex-infers-default-complex",
        "in first place only",
        to("float64", when=lambda f, _: type(f[0]) is not complex and complex in map(type, f)),
        given([1.5, 2j]),
        also=("dtype.inference-ignores-order",),
    ),
    numpy_fault(
        "dtype.array-scalar-is-not-a-python-scalar",
        "float64 is a float",
        narrow_scalars,
        node(scalar("float64", 1.5)),
    ),
    numpy_fault("dtype.explicit-dtype-wins", "ignored", ignores_dtype, given([1], dtype="float32")),
    numpy_fault(
        "dtype.explicit-dtype-wins",
        "ignored where nothing is",
        ignores_dtype_of_empty,
        given([], dtype="int8"),
    ),
    numpy_fault(
        "dtype.carried-dtype-is-kept",
        "large float16 arrays",
        widens_large_halves,
        block(dtype="float16", shape=(1000,)),
        also=("dtype.supported-set-is-total",),
    ),
    numpy_fault(
        "dtype.supported-set-is-total", "long long", knows_no_longlong, Case(WIDE, call("asarray"))
    ),
    numpy_fault(
        "dtype.foreign-byte-order",
        "read as native",
        reads_big_endian_as_native,
        block(foreign_order=True),
    ),
    numpy_fault(
        "dtype.inference-ignores-order",
        "the first decides",
        first_decides,
        *BOTH,
        also=("dtype.floats-infer-default-float",),
    ),
    numpy_fault(
        "dtype.mixed-scalars-promote",
        "float16 stays alone",
        refuses_mixed_widths,
        node(py([scalar("float16", 1), scalar("float32", 1)])),
    ),
    numpy_fault(
        "dtype.buffer-format-is-read",
        "doubles are bytes",
        reads_doubles_as_bytes,
        block(exporter="memoryview", dtype="float64", shape=(3,)),
    ),
    Fault(
        "dtype.siblings-agree",
        "tensor halves",
        derive(numpy_backend, operations={"tensor": to("float32", when=only(float))}),
        (given([1.5]),),
        numpy_backend,
    ),
    Fault(
        "dtype.round-trip",
        "float16 goes out, float32 comes in",
        derive(numpy_backend, operations={"from_dlpack": float16_imports_as_float32}),
        (block("from_dlpack", dtype="float16"),),
        numpy_backend,
        frozenset({"dtype.carried-dtype-is-kept"}),
    ),
    reference_fault(
        "dtype.empty-infers-default-float",
        "ints",
        {"asarray": lambda data, **g: reftensor.asarray(data, **({"dtype": "int64"} | g))
         if data == [] else reftensor.asarray(data, **g)},
        given([]),
        also=("dtype.siblings-agree",),
    ),
    reference_fault(
        "dtype.default-float-setting-is-followed",
        "not at all",
        {"asarray": follows_no_default},
        Case(given([1.5]).source, call("asarray"), FLOAT64),
        also=("dtype.floats-infer-default-float", "dtype.siblings-agree"),
    ),
    reference_fault(
        "dtype.default-float-setting-is-followed",
        "too far",
        {"asarray": default_reaches_arrays},
        block(state=FLOAT64),
        also=("dtype.carried-dtype-is-kept",),
    ),
    reference_fault(
        "dtype.unsupported-is-refused",
        "longdouble is guessed",
        {"asarray": longdouble_is_float64},
        block(dtype="longdouble"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee(fault: Fault) -> None:
    found = verdict(fault.faulty, fault.cases).broken
    assert fault.id in found
    assert {id for id in found if id.startswith("dtype.")} <= {fault.id} | fault.also


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_sound_backend_keeps_the_same_guarantee_on_the_same_cases(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


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
    cases = [given([1], dtype="float32"), block(foreign_order=True)]
    assert not {id for id in verdict(refusing, cases).broken if id.startswith("dtype.")}


def test_an_int_too_large_for_the_default_is_not_judged_by_its_dtype() -> None:
    """np.asarray(2**63) is uint64: the standard leaves it open."""
    assert "dtype.ints-infer-default-int" not in verdict(numpy_backend, [given(2**63)]).kept


def test_what_other_things_do_as_dtype_is_noted() -> None:
    assert verdict(numpy_backend, [given([1], dtype="python:float")]).notes == ("float64",)
    assert verdict(reference, [given([1], dtype="python:float")]).notes == ("TypeError",)
