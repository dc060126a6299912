"""Each guarantee about errors finds its faults, obvious and hidden, and acquits sound backends."""

from __future__ import annotations

import contextlib
import ctypes
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.numpy import address
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.cost_families import BEYOND
from tensorpact.cases.live import ENDLESS
from tensorpact.cases.model import Block, Case, Leaf, Nest, State, Values, call, py
from tensorpact.cases.things import THINGS
from tensorpact.seen.raised import Raised
from verdicts import Array, Fault, given, node, numpy_fault, reference_fault, thing, verdict


def block(operation: str = "asarray", *, copy: bool | None = None, **fields: Any) -> Case:
    """A call on an array."""
    return Case(Block(**fields), call(operation, **({"copy": copy} if copy else {})))


def buffer(**arguments: Any) -> Case:
    """frombuffer over 24 bytes."""
    source = Block("bytearray", "uint8", (24,), alignment=0)
    return Case(source, call("frombuffer", **arguments))


# --------------------------------------------------------------------------- faults


class NoException(BaseException):
    """What `except Exception` lets through."""


def panic(error: BaseException) -> Callable[..., Array]:
    """np.asarray, but it panics at float16."""

    def asarray(data: Any, **given: Any) -> Array:
        if isinstance(data, np.ndarray) and data.dtype == np.float16:
            raise error
        return np.asarray(data, **given)

    return asarray


def with_numbers_for(kind: type, number: Callable[[Any], Any]) -> Callable[..., Any]:
    """reftensor.tensor, but things of a kind stand for numbers, alone and in lists."""

    def tensor(data: Any, **given: Any) -> Any:
        if isinstance(data, list):
            data = [number(item) if isinstance(item, kind) else item for item in data]
        return reftensor.tensor(number(data) if isinstance(data, kind) else data, **given)

    return tensor


def sets_are_lists(data: Any, **given: Any) -> Any:
    return reftensor.tensor(list(data) if isinstance(data, set) else data, **given)


def iterators_are_tried(data: Any, **given: Any) -> Any:
    if hasattr(data, "__next__"):
        next(data)
    return reftensor.tensor(data, **given)


def fractions_with_a_dtype(data: Any, **given: Any) -> Any:
    if isinstance(data, Fraction) and given.get("dtype") is not None:
        data = float(data)
    return reftensor.tensor(data, **given)


def what_could_be_read(data: Any, **given: Any) -> Array:
    items = []
    if not isinstance(data, np.ndarray) and hasattr(data, "__getitem__"):
        try:
            items = [data[index] for index in range(len(data))]
        except Exception:
            items = items or [1.0]
        data = items
    return np.asarray(data, **given)


def padded_to_its_length(data: Any, **given: Any) -> Array:
    try:
        length = len(data)
    except (TypeError, ValueError):
        return np.asarray(data, **given)
    if not isinstance(data, np.ndarray) and length < 100:
        data = [*data, *[0.0] * (length - len([*data]))]
    return np.asarray(data, **given)


def offsets_are_clamped(data: Any, *, offset: int = 0, **given: Any) -> Any:
    return reftensor.frombuffer(data, offset=max(0, min(offset, 16)), **given)


def counts_wrap(data: Any, *, count: int = -1, **given: Any) -> Any:
    if count >= 2**61:
        count = 1
    return reftensor.frombuffer(data, count=count, **given)


def anything_from_numpy(data: Any) -> Any:
    return reftensor.from_numpy(np.asarray(data))


def a_value_error_for_buffers(data: Any) -> Any:
    if isinstance(data, memoryview):
        raise ValueError("not an array")
    return reftensor.from_numpy(data)


def strides_without_sign(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and min(data.strides, default=0) < 0:
        low = data[tuple(slice(None, None, -1 if s < 0 else 1) for s in data.strides)]
        return low.copy()
    return np.asarray(data, **given)


def steps_in_whole_elements(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and any(s % data.itemsize for s in data.strides):
        steps = tuple(s // data.itemsize * data.itemsize for s in data.strides)
        return np.lib.stride_tricks.as_strided(data, data.shape, steps).copy()
    return np.asarray(data, **given)


def addresses_rounded_down(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and address(data) % 4 and data.itemsize == 4:
        back = np.lib.stride_tricks.as_strided(data.view(np.uint8), (1,), (1,))
        below = back.__array_interface__["data"][0] // 4 * 4
        lent = ctypes.string_at(below, data.nbytes)
        return np.frombuffer(bytearray(lent), data.dtype).reshape(data.shape)
    return np.asarray(data, **given)


def keywords_are_ignored(data: Any, *, unknown: object = None, **given: Any) -> Array:
    del unknown
    return np.asarray(data, **given)


def raising(error: Exception) -> Callable[..., Array]:
    """np.asarray with all of its own exceptions replaced by one."""

    def asarray(data: Any, **given: Any) -> Array:
        try:
            return np.asarray(data, **given)
        except ValueError:
            raise error from None

    return asarray


def as_if_without_end(data: Any, **given: Any) -> Array:
    """np.asarray, but a copy for which there is no memory is one element in disguise."""
    try:
        return np.asarray(data, **given)
    except MemoryError:
        one = np.ones(1, data.dtype)
        return np.lib.stride_tricks.as_strided(one, data.shape, one.strides)


def ends_are_trusted(data: Any, **given: Any) -> Any:
    """reftensor.tensor, but an array interface over a buffer is not compared with its length."""
    interface = getattr(type(data), "__array_interface__", None)
    if interface is not None:
        data = [1.0] * 2
    return reftensor.tensor(data, **given)


def swallowed(data: Any, **given: Any) -> Array:
    """np.asarray that warns of read-only memory, and never mind what becomes of it."""
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        with contextlib.suppress(UserWarning):
            warnings.warn("not writable", UserWarning, stacklevel=2)
    return np.asarray(data, **given)


def shouting(data: Any, **given: Any) -> Array:
    """np.asarray that warns of read-only memory."""
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        warnings.warn("not writable", UserWarning, stacklevel=2)
    return np.asarray(data, **given)


ENDLESS_BLOCK = block(shape=BEYOND, layout="broadcast", content=ENDLESS, copy=True)
LOCKED = Case(Block(readonly=True), call("asarray"), State(warnings="error"))
DIGITS = with_numbers_for(str, lambda text: float(text or "0"))
CODES = with_numbers_for(bytes, lambda text: text[0] if text else 0)
NANS = with_numbers_for(type(None), lambda _: float("nan"))
UNKNOWN = Case(Values(py([1.0])), call("asarray", unknown=1))
RAGGED = given([[1.0], [2.0, 3.0]])

FAULTS = (
    numpy_fault("error.result-is-a-tensor", "the return is forgotten for bools",
                lambda data, **given: None if data is True else np.asarray(data, **given),
                given(True)),
    numpy_fault("error.nothing-crashes", "a panic passes every handler",
                panic(NoException("panicked")), block(dtype="float16"),
                also=("error.class-is-specific", "sharing.array-is-shared",
                      "sharing.copy-none-shares", "dtype.supported-set-is-total",
                      "dtype.carried-dtype-is-kept")),
    numpy_fault("error.nothing-crashes", "an error without its exception",
                panic(SystemError("returned NULL without setting an exception")),
                block(dtype="float16"),
                also=("error.class-is-specific", "sharing.array-is-shared",
                      "sharing.copy-none-shares", "dtype.supported-set-is-total",
                      "dtype.carried-dtype-is-kept")),
    reference_fault("error.text-is-refused", "digits are numbers", {"tensor": DIGITS},
                    given("1", "tensor")),
    reference_fault("error.text-is-refused", "bytes in lists are codes", {"tensor": CODES},
                    given([1.0, b"ab"], "tensor")),
    reference_fault("error.none-is-refused", "None is NaN", {"tensor": NANS},
                    given([1.0, None], "tensor")),
    reference_fault("error.non-sequences-are-refused", "sets are lists",
                    {"tensor": sets_are_lists}, thing("set", "tensor")),
    reference_fault("error.non-sequences-are-refused", "iterators lose an item",
                    {"tensor": iterators_are_tried}, thing("generator", "tensor"),
                    also=("copying.source-is-untouched",)),
    reference_fault("error.dtype-does-not-widen-acceptance", "fractions with a dtype",
                    {"tensor": fractions_with_a_dtype},
                    thing("fraction", "tensor", dtype="float32")),
    numpy_fault("error.exceptions-of-the-input-propagate", "what could be read is returned",
                what_could_be_read, thing("raising_item")),
    numpy_fault("error.exceptions-of-the-input-propagate", "padded to its length",
                padded_to_its_length, thing("overstated")),
    reference_fault("error.frombuffer-bounds", "offsets are clamped",
                    {"frombuffer": offsets_are_clamped}, buffer(dtype="int32", offset=-8)),
    reference_fault("error.frombuffer-bounds", "huge counts wrap", {"frombuffer": counts_wrap},
                    buffer(dtype="int32", count=2**62)),
    reference_fault("error.from-numpy-wants-an-array", "lists are arrays",
                    {"from_numpy": anything_from_numpy}, given([1.0], "from_numpy")),
    reference_fault("error.from-numpy-wants-an-array", "a ValueError for memoryviews",
                    {"from_numpy": a_value_error_for_buffers},
                    block("from_numpy", exporter="memoryview")),
    numpy_fault("error.negative-strides", "the sign is lost", strides_without_sign,
                block(layout="negative", copy=True)),
    numpy_fault("error.negative-strides", "steps are whole elements", steps_in_whole_elements,
                block(layout="record", shape=(3,), copy=True)),
    numpy_fault("error.misaligned", "addresses are rounded down", addresses_rounded_down,
                block(alignment=1, shape=(3,), copy=True)),
    numpy_fault("error.exhausted-memory-raises", "a copy that is no copy", as_if_without_end,
                ENDLESS_BLOCK),
    reference_fault("error.buffer-ends-are-checked", "the ends are trusted",
                    {"tensor": ends_are_trusted},
                    thing("interface_shape_beyond_its_buffer", "tensor")),
    numpy_fault("error.unknown-keyword", "keywords are ignored", keywords_are_ignored, UNKNOWN),
    numpy_fault("error.class-is-specific", "a bare RuntimeError",
                raising(RuntimeError("ragged")), RAGGED),
    numpy_fault("error.class-is-specific", "no message", raising(ValueError()), RAGGED),
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


def test_a_warning_that_is_swallowed_is_missed_where_warnings_are_errors() -> None:
    lax, strict = (derive(numpy_backend, operations={"asarray": f}) for f in (swallowed, shouting))
    assert "error.warnings-can-be-exceptions" in verdict(lax, [LOCKED]).broken
    assert "error.warnings-can-be-exceptions" in verdict(strict, [LOCKED]).kept


# --------------------------------------------------------------------------- fairness


def test_a_call_that_a_warning_ended_is_not_taken_for_a_refusal() -> None:
    strict = derive(numpy_backend, operations={"asarray": shouting})
    seen = verdict(strict, [LOCKED])
    assert not seen.broken
    assert "sharing.array-is-shared" not in seen.kept


def test_nothing_is_judged_of_a_source_that_is_too_large_but_what_it_is_for() -> None:
    shared = block(shape=BEYOND, layout="broadcast", content=ENDLESS)
    assert not verdict(numpy_backend, [shared, ENDLESS_BLOCK]).broken
    assert not verdict(reference_backend, [shared, ENDLESS_BLOCK]).broken


@pytest.mark.parametrize("name", [n for n, t in THINGS.items() if t.hostile])
def test_the_reference_survives_whatever_is_hostile(name: str) -> None:
    cases = [thing(name, "tensor"), node(Nest("list", (Leaf("thing", name),)), "tensor")]
    cases += [thing(name, "asarray", dtype=dtype) for dtype in ("float32", "int64", "complex64")]
    assert not verdict(reference_backend, cases).broken


def test_bytes_may_be_read_as_a_buffer() -> None:
    def from_bytes(data: Any) -> Any:
        return reftensor.frombuffer(data, dtype="uint8")

    taking = derive(reference_backend, operations={"asarray": from_bytes})
    assert "error.text-is-refused" not in verdict(taking, [given(b"abcd")]).broken


def test_a_library_that_stores_objects_has_asked_them_nothing() -> None:
    seen = verdict(numpy_backend, [thing("raising_len"), thing("raising_float")])
    assert "error.exceptions-of-the-input-propagate" not in seen.broken


def test_an_empty_result_at_the_end_of_the_buffer_is_allowed() -> None:
    """Nothing outside the buffer is read."""
    assert (
        "error.frombuffer-bounds"
        not in verdict(numpy_backend, [buffer(dtype="uint8", offset=24)]).broken
    )


def test_refusing_hard_layouts_is_allowed() -> None:
    def tidy(data: Any, **given: Any) -> Array:
        if not data.flags.aligned or min(data.strides) < 0:
            raise ValueError("give me something tidy")
        return np.asarray(data, **given)

    refusing = derive(
        numpy_backend,
        operations={"asarray": tidy},
        limits=frozenset({"negative", "misaligned", "unaligned_stride"}),
    )
    seen = verdict(refusing, [block(layout="negative"), block(alignment=1)])
    assert {"error.negative-strides", "error.misaligned"} <= seen.kept
    assert not seen.broken


@pytest.mark.parametrize("name", ["NotImplementedError", "AttributeError", "RecursionError"])
def test_classes_that_say_what_happened_are_specific(name: str) -> None:
    from tensorpact.guarantees.predicates import is_telling

    assert is_telling(Raised((name, "Exception", "BaseException"), "why"))
    assert not is_telling(Raised(("RuntimeError", "Exception", "BaseException"), "why"))


def test_the_exceptions_of_hostile_input_are_its_own_affair() -> None:
    assert "error.class-is-specific" not in verdict(numpy_backend, [thing("raising_item")]).kept


def test_what_passes_for_no_data_is_judged_in_every_place() -> None:
    cases = [node(py([[1.0], [None]]), "tensor"), node(py((None, 1.0)), "tensor")]
    assert "error.none-is-refused" in verdict(reference_backend, cases).kept
