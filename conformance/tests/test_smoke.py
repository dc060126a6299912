"""The smoke test passes every adapter that ships and condemns every kind of broken one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from reftensor.rules import Defaults
from tensorpact.backends.defaults import setting
from tensorpact.backends.find import load
from tensorpact.backends.numpy import backend as good
from tensorpact.backends.protocol import Backend, Device, derive
from tensorpact.backends.smoke import smoke, untried
from tensorpact.errors import AdapterFault

NAMES = ("reference", "torch", "numpy", "array-api-strict")


def ready(name: str) -> Backend:
    if name == "torch":
        pytest.importorskip("torch")
    return load(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_that_ships_passes(name: str) -> None:
    assert smoke(ready(name)) == ()


# --------------------------------------------------------------------------- wrong tensors


def always(value: Any) -> Callable[..., Any]:
    return lambda *_: value


def first(t: Any, *_: Any) -> Any:
    return t


def protected(t: Any) -> Any:
    t.flags.writeable = False
    return t


@dataclass
class Stale:
    """A read that gives what it gave the first time."""

    known: list[tuple[Any, bytes]] = field(default_factory=list)

    def __call__(self, t: Any) -> bytes:
        data = next((data for known, data in self.known if known is t), None)
        if data is None:
            data = t.tobytes()
            self.known.append((t, data))
        return data


assert good.make is not None
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"tensor_type": list}, "make gives a ndarray, which is no tensor_type"),
    ({"dtype": lambda t: t.dtype.name}, "dtype does not give the entry of dtypes"),
    ({"shape": lambda t: list(t.shape)}, "shape does not give the shape"),
    ({"device": always("gpu")}, "device gives neither a spelling nor the name"),
    ({"read": lambda t: t.tobytes()[::-1]}, "read does not give back what make was given"),
    ({"read": lambda t: bytearray(t.tobytes())}, "read gives bytearray where bytes are wanted"),
    ({"read": Stale()}, "read does not see what write wrote"),
    ({"write": always(None)}, "read does not see what write wrote"),
    ({"make": lru_cache(good.make)}, "write changes a tensor that make gave on another call"),
    ({"paths": {"lists": lambda t: t.T.tolist()}}, "paths['lists'] gives other elements"),
    ({"paths": {"stale": Stale()}}, "paths['stale'] gives other elements"),
    ({"address": always(64)}, "address and strides point to memory that is not there"),
    ({"address": lambda t: t[::-1].ctypes.data if t.ndim else t.ctypes.data}, "other bytes"),
    ({"strides": lambda t: tuple(s // t.itemsize for s in t.strides)}, "other bytes"),
    ({"strides": always(())}, "strides does not give one number for each dimension"),
    ({"view": first}, "view gives other elements"),
    ({"permute": first}, "permute gives other elements"),
    ({"expand": lambda t, shape: np.resize(t[::-1], shape)}, "expand gives other elements"),
    ({"resize": always(None)}, "resize leaves a tensor of 6 elements where 12 were asked for"),
    ({"resize": np.resize}, "resize leaves a tensor of 6 elements"),
    ({"protect": always(None)}, "protect gives a NoneType, which is no tensor_type"),
    ({"protect": np.zeros_like}, "protect gives other elements"),
    ({"protect": first}, "write changes what protect gives"),
    ({"protect": np.copy}, "write changes what protect gives"),
    ({"protect": lambda t: protected(t.copy())}, "protect gives a copy"),
]


@pytest.mark.parametrize(("changes", "complaint"), BROKEN)
def test_a_broken_function_is_told_in_a_sentence(changes: dict[str, Any], complaint: str) -> None:
    assert any(complaint in problem for problem in smoke(derive(good, **changes)))


def test_a_tensor_that_is_protected_in_place_passes() -> None:
    assert smoke(derive(good, protect=protected)) == ()


def test_a_library_that_exports_with_a_version_alone_passes() -> None:
    def export(t: Any, *, max_version: Any = None, **keywords: Any) -> Any:
        if max_version is None:
            raise BufferError("what must not be written has no legacy export")
        return t.__dlpack__(max_version=max_version, **keywords)

    assert smoke(derive(good, exports={"__dlpack__": export})) == ()


def test_a_library_that_resizes_nothing_is_to_leave_resize_out() -> None:
    with pytest.raises(AdapterFault, match=r"resize raised RuntimeError.* leave resize out"):
        smoke(derive(good, resize=fails))
    assert smoke(derive(good, resize=None)) == ()


def test_a_complaint_names_one_dtype_device_and_shape_and_counts_the_others() -> None:
    (problem,) = smoke(derive(good, expand=lambda t, _: t[np.newaxis]))
    assert problem.endswith(f"(bool on cpu, shape (3,), and {len(good.dtypes) - 1} more)")


# --------------------------------------------------------------------------- wrong claims

CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"dtypes": {}}, "it has no dtypes"),
    ({"dtypes": {**good.dtypes, "float33": float}}, "'float33' is no standard dtype"),
    ({"defaults": Defaults("int64", "bfloat16", "complex128")}, "default dtype 'bfloat16'"),
    ({"dtypes": {**good.dtypes, "int8": np.dtype("int16")}}, "int8, int16 are one and the same"),
    ({"authorities": {"std": ("asaray",)}}, "authorities['std'] names 'asaray'"),
    ({"accepts": {"asarray": ("list",)}}, "accepts['asarray'] names 'list'"),
    ({"keywords": {"array": ("dtype",)}}, "keywords names 'array'"),
    ({"devices": (Device("cpu", ("a",)), Device("cpu", ("b",)))}, "two devices are called 'cpu'"),
    ({"devices": (Device("a", ("x",)), Device("b", ("x",)))}, "'x' spells both 'a' and 'b'"),
    ({"devices": (Device("cpu", ()),)}, "the device 'cpu' has no spelling"),
    ({"devices": (Device("cpu", ("cpu", "gpu")),)}, "no operation takes the device 'gpu'"),
    ({"devices": (Device("cpu", ("cpu",), dtypes=("int4",)),)}, "'int4' of the device 'cpu'"),
    (
        {"devices": (Device("cpu", ("cpu",), dtypes=("bool", "int64", "float32")),)},
        "the device 'cpu' lacks its default dtype 'float64'",
    ),
    ({"keywords": {"asarray": ("dype",)}}, "keywords['asarray'] names 'dype'"),
    ({"default_device": {"globally": setting(str, str)}}, "default_device names 'globally'"),
    ({"share_alignment": 48}, "share_alignment is 48, no power of two"),
    ({"share_alignment": 0}, "share_alignment is 0"),
    ({"share_alignment": 2**70}, "no power of two from 1 to 2097152"),
    ({"exports": {"__array__": list}}, "exports['__array__'] gives list instead of ndarray"),
    ({"exports": {"buffer": bytes}}, "exports['buffer'] gives bytes instead of memoryview"),
    ({"grad": {"require": np.array}}, "grad lacks 'history'"),
    ({"lazy": {"late": np.array}}, "the pending transform 'late' is none of"),
]


@pytest.mark.parametrize(("changes", "complaint"), CLAIMS)
def test_a_claim_that_cannot_be_true_is_told(changes: dict[str, Any], complaint: str) -> None:
    assert any(complaint in problem for problem in smoke(derive(good, **changes)))


def test_an_adapter_without_operations_is_told_so() -> None:
    bare = Backend(name="x", version="1", operations={}, dtypes=good.dtypes, authorities={},
                   read=good.read, make=good.make)  # fmt: skip
    assert "there are no operations, so that nothing can be judged" in smoke(bare)


def test_an_unknown_dtype_of_a_device_is_told_once() -> None:
    (problem,) = smoke(derive(good, devices=(Device("cpu", ("cpu",), dtypes=("float99",)),)))
    assert problem == "the dtype 'float99' of the device 'cpu' is not among the dtypes"


def test_every_kind_keyword_and_export_that_exists_can_be_claimed() -> None:
    claimed = derive(
        good,
        accepts={"asarray": ("accelerated", "capsule", "bytes")},
        keywords={"asarray": ("dtype", "device", "copy", "requires_grad")},
        exports={"__array__": np.asarray, "buffer": memoryview},
        authorities={"safety": ("asarray", "__array__", "buffer")},
    )
    assert smoke(claimed) == ()


# --------------------------------------------------------------------------- wrong defaults


@dataclass
class Library:
    """A library with a default dtype, and contexts that do or do not put it back."""

    real: Any = "float64"

    def asarray(self, data: Any) -> Any:
        return np.asarray(data, self.real)

    @contextmanager
    def put_back(self, real: Any) -> Iterator[None]:
        previous, self.real = self.real, real
        try:
            yield
        finally:
            self.real = previous

    @contextmanager
    def put_back_on_success(self, real: Any) -> Iterator[None]:
        previous, self.real = self.real, real
        yield
        self.real = previous

    def backend(self, context: Callable[[Any], AbstractContextManager[None]]) -> Backend:
        changed = {"operations": {"asarray": self.asarray}, "keywords": {"asarray": ()}}
        return derive(good, default_real=context, **changed)  # type: ignore[arg-type] # by name


def test_a_default_that_is_put_back_passes() -> None:
    library = Library()
    assert smoke(library.backend(library.put_back)) == ()


def test_a_default_that_an_exception_leaves_behind_is_told() -> None:
    library = Library()
    problems = smoke(library.backend(library.put_back_on_success))
    assert any("default_real(float16) does not put back what it found" in p for p in problems)


def test_a_default_device_is_tried_in_every_form_and_spelling() -> None:
    tried: list[object] = []

    @contextmanager
    def recorded(spelling: object) -> Iterator[None]:
        tried.append(spelling)
        yield

    devices = (Device("cpu", ("cpu", "host")),)
    assert smoke(derive(good, devices=devices, default_device={"context": recorded})) == ()
    assert tried == ["cpu", "host"]


# --------------------------------------------------------------------------- autograd, transforms


@pytest.mark.parametrize(
    ("function", "broken"),
    [
        ("requires", always(True)),
        ("require", lambda t: t),
        ("has_history", always(False)),
        ("history", lambda t: t),
        ("flows", always(True)),
        ("flows", always(False)),
    ],
)
def test_broken_autograd_functions_are_told(function: str, broken: Callable[..., Any]) -> None:
    torch = ready("torch")
    problems = smoke(derive(torch, grad={**torch.grad, function: broken}))
    assert any("grad[" in problem for problem in problems)


@pytest.mark.parametrize("name", ["conjugate", "negative"])
def test_a_pending_transform_that_read_misses_is_told(name: str) -> None:
    torch = ready("torch")
    problems = smoke(derive(torch, lazy={name: lambda t: t}))
    assert any(f"read does not carry out the pending {name}" in problem for problem in problems)


# --------------------------------------------------------------------------- exceptions


def fails(*_: Any) -> Any:
    raise RuntimeError("no such luck")


@pytest.mark.parametrize(
    ("changes", "function"),
    [
        *(({name: fails}, name) for name in ("make", "read", "write", "dtype", "shape", "device")),
        *(({name: fails}, name) for name in ("address", "strides", "view", "permute", "expand")),
        ({"paths": {"lists": fails}}, "paths['lists']"),
        ({"default_real": fails}, "default_real"),
        ({"default_device": {"setting": fails}}, "default_device['setting']"),
        ({"exports": {"__dlpack__": fails}}, "exports['__dlpack__']"),
        ({"resize": fails}, "resize"),
        ({"protect": fails}, "protect"),
    ],
)
def test_an_exception_is_a_fault_of_the_function_that_raised_it(
    changes: dict[str, Any], function: str
) -> None:
    with pytest.raises(AdapterFault) as caught:
        smoke(derive(good, **changes))
    assert f"{function} raised RuntimeError: no such luck for " in str(caught.value)


def test_a_fault_names_the_dtype_and_the_device() -> None:
    def make(data: bytes, dtype: str, shape: tuple[int, ...], device: str) -> Any:
        assert good.make is not None
        return fails() if dtype == "float16" else good.make(data, dtype, shape, device)

    with pytest.raises(AdapterFault, match=r"make raised .* for float16 on cpu, shape"):
        smoke(derive(good, make=make))


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"dtype": always([])}, "unhashable"),
        ({"dtypes": {"bool": []}, "defaults": Defaults("bool", "bool", "bool")}, "unhashable"),
        ({"paths": {"text": str}}, "the result of paths['text']"),
        ({"authorities": {"hearsay": ()}}, "unknown authority 'hearsay'"),
        ({"limits": frozenset({"round"})}, "unknown layout limit 'round'"),
        ({"devices": ()}, "a backend has at least one device"),
        ({"exports": {"__cuda__": bytes}}, "unknown export '__cuda__'"),
    ],
)
def test_what_an_adapter_gives_that_cannot_be_used_is_its_fault(
    changes: dict[str, Any], subject: str
) -> None:
    with pytest.raises(AdapterFault) as caught:
        smoke(derive(good, **changes))
    assert subject in str(caught.value)


# --------------------------------------------------------------------------- what is left out


def test_an_adapter_without_optional_functions_passes_and_says_what_is_not_tried() -> None:
    left_out = ("make", "write", "address", "strides", "permute", "expand")
    bare = derive(good, paths={}, **dict.fromkeys(left_out))
    assert smoke(bare) == ()
    assert "without make, own tensors are never tried as input" in untried(bare)
    assert len(untried(bare)) == 7


def test_a_faulty_operation_is_not_the_adapters_fault() -> None:
    assert smoke(derive(good, operations={"asarray": fails})) == ()
