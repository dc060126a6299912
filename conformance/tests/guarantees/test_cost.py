"""Each guarantee about cost finds its faults, and acquits backends that are merely different."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.cases.cost_families import MANY, SOME
from tensorpact.cases.live import TOUCHED, UNTOUCHED
from tensorpact.cases.model import Block, Case, Leaf, State, Values, call
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge
from verdicts import Array, Fault, numpy_fault, reference_fault, thing, verdict

LONG = thing("arrays_long")
ROWS = thing("rows_long")
RAISED = State(warnings="error")


def touched(operation: str = "asarray", state: State | None = None, **given: Any) -> Case:
    """A call on a quarter of a million elements that have been written before."""
    fields = {name: given.pop(name) for name in ("exporter", "readonly") if name in given}
    source = Block(dtype="float32", shape=SOME, content=TOUCHED, **fields)
    return Case(source, call(operation, **given), state or State())


# --------------------------------------------------------------------------- faults


def one_by_one(data: Any, **given: Any) -> Array:
    """np.asarray, but a list of arrays is read element by element."""
    if isinstance(data, list) and data and isinstance(data[0], np.ndarray):
        data = [[float(x) for x in array] for array in data]
    return np.asarray(data, **given)


def as_a_sequence(data: Any, **given: Any) -> Array:
    """np.asarray, but what has a length is read by it, whatever else it offers."""
    if not isinstance(data, Iterable) and hasattr(data, "__getitem__"):
        data = [[data[i][j] for j in range(len(data[i]))] for i in range(len(data))]
    return np.asarray(data, **given)


def by_way_of(make: Callable[[Array], object]) -> Callable[..., Array]:
    """np.asarray, but what is to be copied is made into something else on the way."""

    def asarray(data: Any, **given: Any) -> Array:
        if isinstance(data, np.ndarray) and (given.get("copy") or given.get("dtype")):
            between = make(data)
            made = np.asarray(data, **given)
            del between
            return made
        return np.asarray(data, **given)

    return asarray


hoard: list[object] = []


def keeping_what_was_refused(data: Any, **given: Any) -> Any:
    """reftensor.asarray, but the arguments of refused calls are copied and kept."""
    try:
        return reftensor.asarray(data, **given)
    except TypeError:
        hoard.append(reftensor.tensor(data))
        raise


def keeping_after_warnings(data: Any, **given: Any) -> Array:
    """np.asarray that warns of read-only memory, and loses a copy when that raises."""
    import warnings

    made = np.array(data)
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        hoard.append(made)
        warnings.warn("read-only memory", UserWarning, stacklevel=2)
        hoard.remove(made)
    return np.asarray(data, **given)


def copied_thrice(data: Array) -> list[Array]:
    return [data.copy() for _ in range(3)]


FAULTS = (
    numpy_fault("cost.stacking", "lists of arrays are read one by one", one_by_one, LONG),
    numpy_fault("cost.stacking", "arrays that are sequences too are walked", as_a_sequence, ROWS),
    numpy_fault("cost.copy-memory", "copies of the copy", by_way_of(copied_thrice),
                touched(copy=True)),
    numpy_fault("cost.copy-memory", "by way of a list", by_way_of(np.ndarray.tolist),
                touched(dtype="float64")),
    reference_fault("cost.refusal-keeps-nothing", "what was refused is kept",
                    {"asarray": keeping_what_was_refused}, touched(unknown=1)),
    numpy_fault("cost.refusal-keeps-nothing", "the warning was not expected to raise",
                keeping_after_warnings, touched(readonly=True, state=RAISED)),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    broken = verdict(fault.faulty, fault.cases).broken
    hoard.clear()
    assert fault.id in broken
    assert broken <= {fault.id} | fault.also


@pytest.mark.parametrize("fault", FAULTS[:5], ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    seen = verdict(fault.sound, fault.cases)
    assert fault.id in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


def test_an_exception_in_its_own_traceback_keeps_nothing_for_good() -> None:
    def asarray(data: Any, **given: Any) -> Array:
        scratch = np.array(data)
        try:
            return np.asarray(data, **given)
        except Exception as error:
            kept = error, scratch
        raise kept[0]

    backend = derive(numpy_backend, operations={"asarray": asarray}, name="cyclic-refusals")
    found = verdict(backend, [touched(dtype="float64", copy=False)])
    assert "cost.refusal-keeps-nothing" in found.kept


def test_a_warning_is_enough() -> None:
    import warnings

    def slow_and_says_so(data: Any, **given: Any) -> Array:
        warnings.warn("this is slow", UserWarning, stacklevel=2)
        return one_by_one(data, **given)

    warned = numpy_fault("cost.stacking", "", slow_and_says_so, LONG)
    assert "cost.stacking" in verdict(warned.faulty, warned.cases).kept


def test_a_copy_by_the_exporter_is_not_counted_against_the_library() -> None:
    case = touched(exporter="array_protocol_old", dtype="float64")
    assert "cost.copy-memory" not in verdict(numpy_backend, [case]).broken


def test_memory_that_was_freed_before_is_counted_when_it_is_taken_again() -> None:
    """Else a copy of a copy would cost nothing in a process that has copied before."""
    fault = FAULTS[2]
    for _ in range(3):
        assert fault.id in verdict(fault.faulty, fault.cases).broken


def test_sharing_ten_million_elements_costs_no_more_than_sharing_ten() -> None:
    many = Case(Block(shape=MANY, content=UNTOUCHED), call("asarray"))
    few = Case(Block(shape=(10,), content=UNTOUCHED), call("asarray"))
    with Judge(numpy_backend, ()) as judge:
        costs = [judge.trial(case).observed for case in (many, few)]
    pages, kept = ([getattr(cost, name) for cost in costs] for name in ("touched", "kept"))
    assert abs(pages[0] - pages[1]) < 8
    assert abs(kept[0] - kept[1]) < 4096


def test_short_and_long_arrays_differ_in_nothing_but_their_length() -> None:
    for name in ("arrays", "rows"):
        short, long = (Case(Values(Leaf("thing", f"{name}_{n}")), call("asarray"))
                       for n in ("short", "long"))  # fmt: skip
        with Judge(numpy_backend, tuple(TABLE.values())) as judge:
            found = [j for case in (short, long) for _, j in judge.judge(case)]
        assert not [j for j in found if isinstance(j, Failure)]
