"""The guarantees about cost acquit backends that are merely different."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.cases.cost_families import MANY, SOME
from tensorpact.cases.live import TOUCHED, UNTOUCHED
from tensorpact.cases.model import Block, Case, Leaf, Values, call
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge
from tensorpact_fixtures.zoo import members
from verdicts import Array, thing, verdict

LONG = thing("arrays_long")


def touched(exporter: str = "ndarray", **given: Any) -> Case:
    """A call on a quarter of a million elements that have been written before."""
    return Case(Block(exporter, shape=SOME, content=TOUCHED), call("asarray", **given))


def one_by_one(data: Any, **given: Any) -> Array:
    """np.asarray, but a list of arrays is read element by element."""
    if isinstance(data, list) and data and isinstance(data[0], np.ndarray):
        data = [[float(x) for x in array] for array in data]
    return np.asarray(data, **given)


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

    warned = derive(numpy_backend, operations={"asarray": slow_and_says_so})
    assert "cost.stacking" in verdict(warned, [LONG]).kept


def test_a_copy_by_the_exporter_is_not_counted_against_the_library() -> None:
    case = touched(exporter="array_protocol_old", dtype="float64")
    assert "cost.copy-memory" not in verdict(numpy_backend, [case]).broken


def test_memory_that_was_freed_before_is_counted_when_it_is_taken_again() -> None:
    """Else a copy of a copy would cost nothing in a process that has copied before."""
    member = members()["copies-are-copied"]
    for _ in range(3):
        assert member.breaks in verdict(member.make(), member.witness).broken


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
