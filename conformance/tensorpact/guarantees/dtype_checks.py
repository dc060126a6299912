"""The checks of the dtype guarantees: plain functions of a trial."""

from __future__ import annotations

from tensorpact.cases.model import Leaf, Nest, leaves
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement, Note
from tensorpact.guarantees.predicates import described, must_return, refusal_kept, refused_wrongly
from tensorpact.probes.reads import numbers, same
from tensorpact.trial import Trial
from tensorpact.values import wanted_elements


def comes_out(trial: Trial) -> Judgement:
    """The dtype of the result is the expected one; what is refused has no dtype."""
    wanted, result = trial.expected.dtype, trial.observed.result
    if wanted is None or result is None:
        return SKIP
    if trial.expected.refusal is not None or not trial.expected.accepted or not result.is_tensor:
        return SKIP
    if result.dtype == wanted:
        return PASS
    seen = result.dtype or result.native_dtype
    return Failure(f"dtype {wanted}", f"dtype {seen}", Demand("dtype", wanted))


def comes_out_as_set(trial: Trial) -> Judgement:
    """The same, unless the dtype departs where nothing is set, too: then the setting is no cause.

    The related trial is the same call where nothing is set.
    """
    judgement = comes_out(trial)
    if isinstance(judgement, Failure) and isinstance(comes_out(trial.related[0]), Failure):
        return SKIP
    return judgement


def is_accepted(trial: Trial) -> Judgement:
    """The call returns, and with the expected dtype."""
    refused = refused_wrongly(trial, f"a result of dtype {trial.expected.dtype}")
    return comes_out(trial) if refused is SKIP else refused


def same_as_related(trial: Trial) -> Judgement:
    """The related calls, where both return, infer the dtype that this one does."""
    result = trial.observed.result
    others = [o.observed.result for o in trial.related]
    if result is None or not any(others):
        return SKIP
    for number, other in enumerate(others):
        if other is not None and other.native_dtype != result.native_dtype:
            required = f"one dtype for every order, {result.native_dtype}"
            return Failure(required, other.native_dtype, Demand("agreement", number))
    return PASS


def unsupported_is_refused(trial: Trial) -> Judgement:
    """The call raises TypeError."""
    observed = trial.observed
    demand = Demand("refusal", ("TypeError",))
    required = "TypeError: the library has no such dtype"
    if observed.unbuilt:
        return SKIP
    if observed.raised is not None:
        good = observed.raised.is_a("TypeError")
        return PASS if good else Failure(required, f"raised {observed.raised}", demand)
    return Failure(required, f"returned {described(trial)}", demand)


def foreign_order_is_not_misread(trial: Trial) -> Judgement:
    """A result holds the numbers of the source; a refusal is as good."""
    observed, result = trial.observed, trial.observed.result
    if observed.raised is not None:
        return refusal_kept(trial)
    if result is None or result.dtype is None:
        return SKIP
    wanted = wanted_elements(trial)
    if wanted is None:
        return SKIP
    if same(result.read() or b"", wanted, result.dtype):
        return PASS
    return Failure(
        "the numbers of the source, or a refusal",
        f"returned {described(trial)}",
        Demand("elements", (result.shape, tuple(numbers(wanted, result.dtype)))),
    )


def promotes(trial: Trial) -> Judgement:
    """Scalars of two dtypes that the library promotes make a sequence of the common dtype."""
    assert isinstance(trial.case.root, Nest)
    names = sorted(
        {leaf.kind.partition(":")[2] for leaf in leaves(trial.case.root) if isinstance(leaf, Leaf)}
    )
    common = next((c for a, b, c in trial.claims.promotions if [a, b] == names), None)
    if common is None or not must_return(trial):
        return SKIP
    result = trial.observed.result
    if result is None:
        return Failure(f"dtype {common}", f"raised {trial.observed.raised}")
    if result.dtype == common:
        return PASS
    return Failure(f"dtype {common}", described(trial), Demand("dtype", common))


def siblings(trial: Trial) -> Judgement:
    """The other ingestion functions take the same input with the same dtype and numbers."""
    if trial.observed.unbuilt or not trial.related:
        return SKIP
    mine = _outcome(trial)
    for number, other in enumerate(trial.related):
        if _outcome(other) != mine:
            return Failure(
                f"what {trial.case.call.operation} gives: {described(trial)}",
                f"{other.case.call.operation} gives {described(other)}",
                Demand("agreement", number),
            )
    return PASS


def _outcome(trial: Trial) -> object:
    result = trial.observed.result
    if result is None:
        return "refused"
    return result.native_dtype, result.shape, result.read()


def observed_dtype(trial: Trial) -> Judgement:
    """Notes the dtype that came out, or the exception."""
    result, raised = trial.observed.result, trial.observed.raised
    if result is not None:
        return Note(result.dtype or result.native_dtype or result.type_name)
    return Note(raised.name) if raised is not None else SKIP
