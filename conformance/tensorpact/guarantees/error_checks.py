"""The checks of the guarantees of the group error."""

from __future__ import annotations

from reftensor.rules import Refusal
from tensorpact.cases.model import Case, Leaf, leaves
from tensorpact.cases.things import THINGS
from tensorpact.guarantees.elements import same_elements
from tensorpact.guarantees.error_cases import PLAIN_SEQUENCES
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement
from tensorpact.guarantees.predicates import (
    SPECIFIC,
    TELLING,
    dataless,
    is_telling,
    must_raise,
    refusal_kept,
)
from tensorpact.probes.reads import numbers
from tensorpact.trial import Trial


def gives_a_tensor(trial: Trial) -> Judgement:
    """Whatever comes back for data that the operation takes is a tensor."""
    result = trial.observed.result
    if result is None or not trial.expected.accepted or trial.expected.refusal is not None:
        return SKIP
    return PASS if result.is_tensor else Failure("a tensor of the library", f"a {result.type_name}")


def nothing_breaks(trial: Trial) -> Judgement:
    """A value or an ordinary exception; that the process lives is seen by who runs it."""
    raised = trial.raised
    if raised is None:
        return SKIP if trial.unbuilt else PASS
    if raised.is_a("Exception") and not raised.is_a("SystemError"):
        return PASS
    return Failure("a value or an ordinary exception", f"raised {raised}", Demand("ordinary"))


def refused(trial: Trial) -> Judgement:
    """On a device without data it is for shape.validation-ignores-device to judge."""
    if trial.observed.unbuilt or dataless(trial):
        return SKIP
    return must_raise(trial, "an exception: it is no data")


def refused_unread(trial: Trial) -> Judgement:
    """Refused, and nothing taken from an iterator."""
    if trial.observed.damage:
        required = "a refusal that leaves the input as it is"
        return Failure(required, trial.observed.damage, Demand("untouched"))
    return refused(trial)


def dtype_makes_no_difference(trial: Trial) -> Judgement:
    """What is refused without a dtype is refused with one."""
    if dataless(trial) or not trial.related or trial.related[0].observed.raised is None:
        return SKIP
    return must_raise(trial, f"an exception, as without dtype: {trial.related[0].observed.raised}")


def nothing_partial(trial: Trial) -> Judgement:
    """An exception; or, for a sequence that only lies about its length, all of its items.

    A library that stores the object itself, under a dtype of its own, has asked it nothing; nor
    has one that found what it needed without the method that raises.
    """
    result = trial.observed.result
    if dataless(trial) or (result is not None and result.dtype is None):
        return SKIP
    thing = next(leaf.text for leaf in leaves(_root(trial)) if isinstance(leaf, Leaf))
    if result is not None and THINGS[thing].raises and not trial.observed.input_raised:
        return SKIP
    data = result.read() if result is not None else None
    whole = (
        result is not None
        and result.dtype is not None
        and data is not None
        and numbers(data, result.dtype) in ([1, 2, 3], [True] * 3)
    )
    if thing in PLAIN_SEQUENCES and whole:
        return PASS
    return must_raise(trial, "an exception: the input's own methods raise")


def outside_is_refused(trial: Trial) -> Judgement:
    """An exception, unless nothing was read: an empty result touches no memory."""
    if trial.expected.refusal is not Refusal.BUFFER_BOUNDS or not trial.expected.accepted:
        return SKIP
    result = trial.observed.result
    if result is not None and 0 in result.shape and not _negative_offset(trial.case):
        return SKIP
    return must_raise(trial, "an exception: it lies outside the buffer")


def type_error(trial: Trial) -> Judgement:
    """Refused with TypeError."""
    return SKIP if trial.observed.unbuilt else must_raise(trial, "TypeError", ("TypeError",))


def not_misread(trial: Trial) -> Judgement:
    """The elements of the source, or a refusal."""
    return refusal_kept(trial) if trial.observed.raised is not None else same_elements(trial)


def class_is_telling(trial: Trial) -> Judgement:
    """A specific class and a message; what the input itself raised passes through.

    The classes for unusual DLPack exports are judged by the group dlpack.
    """
    raised = trial.observed.raised
    if raised is None or (trial.case.block is not None and trial.case.block.twist):
        return SKIP
    if not is_telling(raised):
        demand = Demand("class", (*SPECIFIC, *TELLING))
        return Failure(f"one of {', '.join(SPECIFIC)}", f"{raised}", demand)
    if raised.by_input or raised.message.strip():
        return PASS
    seen = f"{raised.name} without any text"
    return Failure("a message that says what was wrong", seen, Demand("message"))


def _root(trial: Trial) -> Leaf:
    root = trial.case.root
    assert isinstance(root, Leaf)
    return root


def _negative_offset(case: Case) -> bool:
    offset = case.call.get("offset")
    return isinstance(offset, int) and offset < 0
