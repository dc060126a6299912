"""grad: autograd."""

from __future__ import annotations

from reftensor.rules import kind_of
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Block, Case, leaves
from tensorpact.guarantees.model import (
    PASS,
    SKIP,
    Demand,
    Failure,
    Guarantee,
    Judgement,
    Level,
    Note,
)
from tensorpact.guarantees.predicates import INGEST, SHARE, must_raise
from tensorpact.guarantees.promises import torch, torch_topic
from tensorpact.guarantees.relations import in_first_spelling, is_shared
from tensorpact.trial import Result, Trial

TITLE = "autograd"

_LEAF = "a leaf that needs no gradient"


# --------------------------------------------------------------------------- checks

TRACKED = "a result that needs a gradient, as its source does"


def keeps_history(trial: Trial) -> Judgement:
    """The result needs a gradient, and it flows back into the source."""
    result, block = trial.observed.result, trial.case.block
    if result is None or block is None or not _can_have_gradient(result):
        return SKIP
    if not result.requires_grad:
        return Failure(TRACKED, "it needs none", Demand("requires_grad", True))
    if block.grad == "history" and not result.has_history:
        return Failure("a result with the history of its source", "a leaf")
    if result.gradient_flows is False:
        return Failure("a gradient that reaches the source", "none reaches it")
    return PASS


def is_leaf_as_asked(trial: Trial) -> Judgement:
    """A leaf, whose need of a gradient is exactly what was asked for."""
    result = trial.observed.result
    if result is None or result.requires_grad is None:
        return SKIP
    if result.has_history:
        return Failure("a leaf", "a result with a history")
    asked = trial.case.call.get("requires_grad") is True
    if asked and not _can_have_gradient(result):
        return SKIP
    if result.requires_grad is asked:
        return PASS
    seen = f"requires_grad={result.requires_grad}"
    return Failure(f"requires_grad={asked}", seen, Demand("requires_grad", asked))


def inherits(trial: Trial) -> Judgement:
    """A tensor's need of a gradient and its history are kept; other input needs none."""
    result, block = trial.observed.result, trial.case.block
    if result is None or result.requires_grad is None:
        return SKIP
    if block is None or not block.grad:
        return needs_no_gradient(trial)
    if not _can_have_gradient(result):
        return SKIP
    if block.grad == "history":
        return keeps_history(trial)
    if result.requires_grad:
        return PASS
    return Failure(TRACKED, "it needs none", Demand("requires_grad", True))


def detaches(trial: Trial) -> Judgement:
    """No gradient, no history, and still the source's memory."""
    result = trial.observed.result
    if result is None or result.requires_grad is None or trial.expected.needs:
        return SKIP
    if result.requires_grad or result.has_history:
        return Failure(_LEAF, "a result that autograd tracks", Demand("requires_grad", False))
    return is_shared(result)


def needs_no_gradient(trial: Trial) -> Judgement:
    """A leaf, for which no gradient is computed."""
    result = trial.observed.result
    if result is None or result.requires_grad is None:
        return SKIP
    if not result.requires_grad and not result.has_history:
        return PASS
    seen = f"requires_grad={result.requires_grad}"
    return Failure(_LEAF, seen, Demand("requires_grad", False))


def refuses_gradient(trial: Trial) -> Judgement:
    """An exception where the result's dtype is neither real nor complex floating."""
    dtype = trial.expected.dtype
    if dtype is None or trial.observed.unbuilt or _continuous(dtype, trial.claims):
        return SKIP
    return must_raise(trial, f"an exception: {dtype} has no gradient")


def observed_history(trial: Trial) -> Judgement:
    """Whether the result has a history, or what was raised instead."""
    result, raised = trial.observed.result, trial.observed.raised
    if result is None:
        return Note(raised.name) if raised is not None else SKIP
    return Note("keeps history" if result.has_history else "a leaf")


def _can_have_gradient(result: Result) -> bool:
    if result.requires_grad is None or result.dtype is None:
        return False
    return kind_of(result.dtype) in ("float", "complex")


def _continuous(dtype: str, claims: Claims) -> bool:
    return dtype not in claims.dtypes or kind_of(dtype) in ("float", "complex")


# --------------------------------------------------------------------------- cases


def _tracked(case: Case, claims: Claims) -> bool:
    return "grad" in claims.abilities and case.block is not None and bool(case.block.grad)


def _any(_: Case, claims: Claims) -> bool:
    return "grad" in claims.abilities


def _unsaid(case: Case, claims: Claims) -> bool:
    if "grad" not in claims.abilities or case.call.get("requires_grad") is not None:
        return False
    return case.block is None or case.block.exporter == "own"


def _detached(case: Case, claims: Claims) -> bool:
    asked = case.call.get("requires_grad") is False and case.call.copy is not True
    return asked and in_first_spelling(case) and _tracked(case, claims)


def _foreign(case: Case, claims: Claims) -> bool:
    block = case.block
    if "grad" not in claims.abilities or block is None or block.exporter == "own":
        return False
    return case.call.get("requires_grad") is None


def _asked(case: Case, claims: Claims) -> bool:
    return "grad" in claims.abilities and case.call.get("requires_grad") is True


def _of_tensors(case: Case, claims: Claims) -> bool:
    if case.root is None or "grad" not in claims.abilities:
        return False
    return any(isinstance(leaf, Block) and leaf.grad for leaf in leaves(case.root))


# --------------------------------------------------------------------------- the table

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="grad.as-tensor-keeps-history",
        level=Level.MUST,
        over="memory",
        sentence="as_tensor keeps history: gradients flow back through it and its conversions.",
        why="Training runs and learns nothing: the graph was cut while data was normalised.",
        operations=("as_tensor",),
        promised_by=(torch("as_tensor", "preserving autograd history"),),
        applies=_tracked,
        check=keeps_history,
    ),
    Guarantee(
        id="grad.tensor-is-a-leaf",
        level=Level.MUST,
        sentence="tensor() gives a leaf without history, which needs a gradient if asked for.",
        why="An optimiser refuses a parameter that is no leaf, or holds on to a whole graph.",
        operations=("tensor",),
        promised_by=(
            torch("tensor", "description"),
            torch("tensor", "parameter requires_grad"),
        ),
        applies=_any,
        check=is_leaf_as_asked,
    ),
    Guarantee(
        id="grad.asarray-inherits",
        level=Level.MUST,
        sentence=(
            "Without requires_grad, asarray keeps a tensor's need of a gradient and its history, "
            "through copies and conversions too; other input needs none."
        ),
        why="Library code that calls asarray on its arguments cuts the graph of its callers.",
        operations=("asarray",),
        promised_by=(torch("asarray", "parameter requires_grad"),),
        applies=_unsaid,
        check=inherits,
    ),
    Guarantee(
        id="grad.asarray-detaches-by-sharing",
        level=Level.MUST,
        over="memory",
        sentence="asarray with requires_grad=False detaches a tracked tensor and still shares.",
        why="The cheap way to look at a tracked tensor's numbers copies them, or tracks on.",
        operations=("asarray",),
        promised_by=(
            torch("asarray", "parameter requires_grad"),
            torch("asarray", "example of requires_grad=False"),
        ),
        applies=_detached,
        check=detaches,
    ),
    Guarantee(
        id="grad.foreign-data-needs-no-grad",
        level=Level.MUST,
        over="memory",
        sentence="Arrays and buffers of others give leaves that need no gradient.",
        why="Every batch of data would be tracked, and its graph kept in memory.",
        operations=SHARE,
        promised_by=(
            torch("asarray", "requires_grad of other input"),
            torch("frombuffer", "parameter requires_grad"),
            torch("as_tensor", "NumPy arrays"),
            torch_topic("notes/autograd", "setting requires_grad", "from_numpy", "from_dlpack"),
        ),
        applies=_foreign,
        check=needs_no_gradient,
    ),
    Guarantee(
        id="grad.integers-refuse-grad",
        level=Level.MUST,
        sentence="requires_grad=True on a dtype that has no gradient raises.",
        why="A flag that does nothing hides that a parameter will never be trained.",
        operations=("tensor", "asarray", "frombuffer"),
        promised_by=(
            torch_topic("autograd", "supported dtypes", "tensor", "asarray", "frombuffer"),
        ),
        applies=_asked,
        check=refuses_gradient,
    ),
    Guarantee(
        id="grad.sequence-of-tensors",
        level=Level.OBSERVE,
        over="values",
        sentence="Whether a sequence of tracked tensors keeps their history.",
        why="Stacking by a constructor, instead of by stack, may cut the graph.",
        operations=INGEST,
        promised_by=(torch_topic("notes/autograd", "how autograd encodes history"),),
        applies=_of_tensors,
        check=observed_history,
    ),
)
