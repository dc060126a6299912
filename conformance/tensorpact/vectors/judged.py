"""Whether a trial came to what a vector says: `judged(vector, trial)`.

A guarantee is not blamed for what another one promises: where a result departs from the vector
in what the vector's guarantee does not speak of, nothing was tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reftensor.rules import DefaultDtype, Need
from tensorpact.expectation import defaults_of
from tensorpact.guarantees.elements import reads_give
from tensorpact.guarantees.model import PASS, SKIP, Demand, DemandKind, Failure, Judgement
from tensorpact.guarantees.predicates import described, must_return
from tensorpact.guarantees.relations import is_independent, is_shared, may_be_copied, reads_part
from tensorpact.guarantees.sharing_checks import shares_buffer
from tensorpact.trial import Result, Trial
from tensorpact.vectors.arrays import encoded
from tensorpact.vectors.model import Expect, Vector

_ALL = frozenset(
    {"dtype", "shape", "elements", "device", "same_object", "memory", "strides", "writable"}
)
SPEAKS_OF: Mapping[str, frozenset[str]] = {
    "dtype": frozenset({"dtype"}),
    "dtype.foreign-byte-order": frozenset({"elements"}),
    "dtype.round-trip": frozenset({"dtype", "elements"}),
    "value": frozenset({"elements"}),
    "shape": frozenset({"shape", "strides"}),
    "device": frozenset({"device", "memory", "same_object"}),
    "device.explicit-device-wins": frozenset({"device"}),
    "device.reported-device-is-true": frozenset({"device"}),
    "sharing": frozenset({"memory", "same_object", "strides"}),
    "copying": frozenset({"memory", "same_object"}),
    "copying.result-is-writable": frozenset({"writable"}),
    "readonly": frozenset({"writable"}),
    "error": frozenset({"elements"}),
}
"""The parts of a result that the guarantees of a group speak of, or one of them; the others
speak of all."""

OF_ACCEPTANCE = frozenset(
    {"copying.copy-true-refuses-nothing", "sharing.copy-false-accepts-zero-copy"}
)
"""Guarantees that something is taken, and speak of no part of the result."""

OF_RESULTS = frozenset({"error.result-is-a-tensor"})
"""Guarantees that speak of calls which return, and blame no refusal."""

_DEFAULTS = {
    "default integer": DefaultDtype.INTEGER,
    "default real": DefaultDtype.REAL,
    "default complex": DefaultDtype.COMPLEX,
}


def judged(vector: Vector, trial: Trial) -> Judgement:
    """PASS if the trial ended in one of the outcomes; SKIP if that could not be seen."""
    if trial.unbuilt or trial.cut_short:
        return SKIP
    if trial.observed.raised is not None and vector.guarantee in OF_RESULTS:
        return SKIP
    speaks_of = _speaks_of(vector.guarantee)
    judgements = [_judged(outcome, trial, speaks_of) for outcome in vector.outcomes]
    failures = [each for each in judgements if isinstance(each, Failure)]
    if PASS in judgements or len(failures) < len(judgements):
        return PASS if PASS in judgements else SKIP
    required = " or ".join(dict.fromkeys(failure.required for failure in failures))
    if len(failures) == 1:
        return replace(failures[0], required=required)
    return Failure(required, _seen(trial))


def _speaks_of(guarantee: str) -> frozenset[str]:
    if guarantee in OF_ACCEPTANCE:
        return frozenset()
    group = guarantee.partition(".")[0]
    return SPEAKS_OF.get(guarantee) or SPEAKS_OF.get(group, _ALL)


def _judged(expect: Expect, trial: Trial, speaks_of: frozenset[str]) -> Judgement:
    if expect.raises is not None:
        return _refused(expect.raises, trial)
    observed, wanted = trial.observed, dtype_of(expect, trial)
    if wanted not in trial.claims.dtypes_on(trial.expected.device):
        return SKIP
    if observed.raised is not None:
        owed = f"a result of {wanted} with the shape {expect.shape}"
        return Failure(owed, _seen(trial)) if must_return(trial) else SKIP
    if observed.result is None or not observed.result.is_tensor:
        return SKIP
    return _departure(expect, trial, observed.result, speaks_of) if speaks_of else PASS


def _refused(classes: tuple[str, ...], trial: Trial) -> Judgement:
    observed, required = trial.observed, " or ".join(classes) or "an exception"
    demand = Demand("refusal", classes)
    if observed.raised is not None:
        fits = not classes or observed.raised.is_a(*classes)
        return PASS if fits else Failure(required, _seen(trial), demand)
    return SKIP if observed.result is None else Failure(required, _seen(trial), demand)


def _seen(trial: Trial) -> str:
    if trial.observed.raised is not None:
        return f"raised {trial.observed.raised}"
    return f"returned {described(trial)}"


def _departure(
    expect: Expect, trial: Trial, result: Result, speaks_of: frozenset[str]
) -> Judgement:
    """The first part of the result that is another; parts build on those before them."""
    passed = False
    for name, part in _PARTS.items():
        if getattr(expect, name) is None:
            continue
        judgement = part(expect, trial, result)
        if isinstance(judgement, Failure):
            return judgement if name in speaks_of else SKIP
        passed |= judgement is PASS and name in speaks_of
    return PASS if passed else SKIP


# --------------------------------------------------------------------------- parts


def dtype_of(expect: Expect, trial: Trial) -> str:
    """The dtype that is expected of this backend, by standard name."""
    assert expect.dtype is not None
    default = _DEFAULTS.get(expect.dtype)
    return expect.dtype if default is None else defaults_of(trial.case, trial.claims)[default]


def _equal(what: DemandKind, wanted: object, seen: object) -> Judgement:
    demand = Demand(what, wanted)
    return PASS if wanted == seen else Failure(f"{what} {wanted}", f"{what} {seen}", demand)


def _dtype(expect: Expect, trial: Trial, result: Result) -> Judgement:
    return _equal("dtype", dtype_of(expect, trial), result.dtype or result.native_dtype)


def _shape(expect: Expect, _: Trial, result: Result) -> Judgement:
    return _equal("shape", expect.shape, result.shape)


def _elements(expect: Expect, trial: Trial, result: Result) -> Judgement:
    if expect.elements is None or not result.reads:
        return SKIP
    dtype = dtype_of(expect, trial)
    return reads_give(result, encoded(expect.elements, dtype), dtype)


def _device(_: Expect, trial: Trial, result: Result) -> Judgement:
    return _equal("device", trial.claims.host, result.device)


def _same_object(expect: Expect, _: Trial, result: Result) -> Judgement:
    if result.same_object == expect.same_object:
        return PASS
    words = {True: "the input itself", False: "another object"}
    demand = Demand("itself", bool(expect.same_object))
    return Failure(words[bool(expect.same_object)], words[result.same_object], demand)


def _memory(expect: Expect, trial: Trial, result: Result) -> Judgement:
    if expect.memory == "independent":
        return is_independent(trial) if trial.case.block is not None else _fresh(result)
    if result.same_object:
        return PASS
    if trial.case.call.copy is not False and _may_be_copied(trial):
        return SKIP
    return shares_buffer(trial) if reads_part(trial.case) else is_shared(result)


def _may_be_copied(trial: Trial) -> bool:
    return may_be_copied(trial.case, trial.claims) or Need.LAYOUT in trial.expected.needs


def _fresh(result: Result) -> Judgement:
    """Numbers have no memory: what comes of them shares none with what came of them before."""
    if result.fresh is None:
        return SKIP
    words = "memory of its own", "the memory of an earlier result"
    return PASS if result.fresh else Failure(*words, Demand("fresh"))


def _strides(expect: Expect, trial: Trial, result: Result) -> Judgement:
    """Where a dimension is longer than one; of a result that had to be shared and was not, none."""
    if expect.strides is None or result.strides is None or 0 in result.shape:
        return SKIP
    if expect.memory == "shared" and _memory(expect, trial, result) is not PASS:
        return SKIP
    used = [axis for axis, length in enumerate(result.shape) if length > 1]
    wanted, seen = (
        [strides[axis] for axis in used] for strides in (expect.strides, result.strides)
    )
    if wanted == seen:
        return PASS
    axes = "strides of dimensions longer than one"
    return Failure(f"{axes} {wanted}", f"{axes} {seen}", Demand("strides", expect.strides))


def _writable(expect: Expect, trial: Trial, result: Result) -> Judgement:
    if result.writable is None or not trial.claims.mutable:
        return SKIP
    words = {True: "a result that can be written", False: "a result that cannot be written"}
    if result.writable == expect.writable:
        return PASS
    demand = Demand("writable", bool(expect.writable))
    return Failure(words[bool(expect.writable)], words[result.writable], demand)


_PARTS: Mapping[str, Callable[[Expect, Trial, Result], Judgement]] = {
    "dtype": _dtype,
    "shape": _shape,
    "elements": _elements,
    "device": _device,
    "same_object": _same_object,
    "memory": _memory,
    "strides": _strides,
    "writable": _writable,
}
