"""Whether the right elements came out: the checks that guarantees of several groups share."""

from __future__ import annotations

from dataclasses import replace

from reftensor.rules import Memory
from tensorpact.cases import dtypes
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement
from tensorpact.guarantees.predicates import dataless
from tensorpact.probes.reads import numbers, same
from tensorpact.trial import Result, Trial
from tensorpact.values import wanted_elements


def same_elements(trial: Trial) -> Judgement:
    """Every read path gives the elements of the source; what cannot be required is skipped."""
    result = trial.observed.result
    if result is None or result.dtype is None or not result.reads:
        return SKIP
    if result.shape != trial.expected.shape or not understood(trial):
        return SKIP
    wanted = wanted_elements(trial)
    return SKIP if wanted is None else reads_give(result, wanted, result.dtype)


def understood(trial: Trial) -> bool:
    """Whether the data was taken for what it is: of a documented kind, or with its own dtype.

    An exporter that the library does not know may be stored as an object, or lend its truth
    value to a bool.
    """
    block, result = trial.case.block, trial.observed.result
    if trial.claims.accepted(trial.case.call.operation, trial.expected.kind) or block is None:
        return True
    dtype = result.dtype if result is not None else None
    return trial.case.call.dtype is None and dtype == dtypes.standard(block.dtype)


def put_to_test(trial: Trial) -> bool:
    """Whether a value could be judged: documented data, a device with data, no copy=False."""
    expected = trial.expected
    return (
        expected.accepted
        and expected.memory is not Memory.REFUSE
        and expected.device is not None
        and not dataless(trial)
        and not trial.case.call.given("unknown")
        and not trial.observed.unbuilt
    )


def reads_give(result: Result, wanted: bytes, dtype: str) -> Judgement:
    """Every read path gives these elements, NaNs counting as equal whatever their bits."""
    for path, got in result.reads:
        if not same(wanted, got, dtype):
            demand = Demand("elements", (result.shape, tuple(numbers(wanted, dtype))))
            return replace(_difference(path, wanted, got, dtype), demand=demand)
    for path, raised in result.unread:
        if raised.is_a("NoSuchElement"):
            return Failure(f"elements of {dtype}", f"{path}: {raised.message}")
    return PASS


def _difference(path: str, wanted: bytes, got: bytes, dtype: str) -> Failure:
    """The first element that differs, counted in C order, by one read path."""
    size = dtypes.itemsize(dtype)
    for index in range(0, len(wanted), size):
        one, other = wanted[index : index + size], got[index : index + size]
        if len(other) == size and not same(one, other, dtype):
            return Failure(
                f"element {index // size} is {numbers(one, dtype)[0]!r}",
                f"{path} gives {numbers(other, dtype)[0]!r} ({dtype})",
            )
    return Failure(f"{len(wanted) // size} elements", f"{path} gives {len(got) // size}")
