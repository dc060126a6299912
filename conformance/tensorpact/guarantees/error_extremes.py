"""The guarantees of the group error about memory that is not there, and warnings as errors."""

from __future__ import annotations

from dataclasses import replace

from tensorpact.backends.protocol import Claims
from tensorpact.cases.live import ENDLESS
from tensorpact.cases.model import Case, Leaf
from tensorpact.cases.things import THINGS
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.predicates import (
    EVERY,
    INGEST,
    described,
    refusal_kept,
)
from tensorpact.guarantees.promises import safety
from tensorpact.trial import Trial

# --------------------------------------------------------------------------- checks


def memory_error(trial: Trial) -> Judgement:
    """An ordinary exception, unless the result takes no more memory than the one element did.

    What class it is of is left open: Python says MemoryError, torch documents no class.
    """
    raised, result = trial.observed.raised, trial.observed.result
    if raised is not None:
        return refusal_kept(trial) if raised.is_a("Exception") else SKIP
    if result is None or result.strides is None or result.device in trial.claims.dataless:
        return SKIP
    if all(stride == 0 for stride in result.strides):
        return PASS
    seen = f"returned {described(trial)}"
    return Failure("an exception: no memory holds so much", seen, Demand("refusal", ()))


def beyond_is_refused(trial: Trial) -> Judgement:
    """An exception; a library that stores the object itself has not looked at its memory."""
    result = trial.observed.result
    if trial.unbuilt or (result is not None and result.dtype is None):
        return SKIP
    if result is None:
        return PASS
    # What it holds is not said: it is another thing each time.
    seen = f"returned {result.dtype} {result.shape} of what lies there"
    required = "an exception: it reaches out of the buffer that it gives along"
    return Failure(required, seen, Demand("refusal", ()))


def warning_is_raised(trial: Trial) -> Judgement:
    """Where the same call would warn, it raises, and returns nothing."""
    if not trial.related or trial.related[0].observed.raised is not None:
        return SKIP
    told = trial.related[0].observed.first_warnings
    if not told or trial.unbuilt:
        return SKIP
    if trial.observed.raised is not None:
        return PASS
    required = f"the warning as an exception: {told[0][:100]}"
    return Failure(required, f"returned {described(trial)}", Demand("refusal", ()))


# --------------------------------------------------------------------------- cases


def endless(case: Case, _: Claims) -> bool:
    """Elements for which there is no memory, and which have none of their own."""
    return case.block is not None and case.block.content == ENDLESS


def _reaches_beyond(case: Case, _: Claims) -> bool:
    root = case.root
    return isinstance(root, Leaf) and root.kind == "thing" and THINGS[root.text].beyond


def _under_errors(case: Case, _: Claims) -> bool:
    return case.state.warnings == "error"


def _where_warnings_are_told(case: Case, _: Claims) -> tuple[Case, ...]:
    return (replace(case, state=replace(case.state, warnings="")),)


# --------------------------------------------------------------------------- the table

GUARANTEES = (
    Guarantee(
        id="error.exhausted-memory-raises",
        level=Level.MUST,
        over="memory",
        sentence="Data that takes more memory to write out than there is, such as one number "
        "repeated without end, is shared, or the call raises.",
        why="A process that the system ends for want of memory does not say in which line.",
        operations=EVERY,
        promised_by=(safety("no crash"),),
        applies=endless,
        check=memory_error,
    ),
    Guarantee(
        id="error.buffer-ends-are-checked",
        level=Level.SHOULD,
        over="values",
        sentence="An array interface that describes memory outside of the buffer which it gives "
        "along is refused.",
        why="The header of a damaged file makes a program read, or write, what lies next to it.",
        operations=INGEST,
        promised_by=(safety("no memory is read that was not lent"),),
        applies=_reaches_beyond,
        check=beyond_is_refused,
    ),
    Guarantee(
        id="error.warnings-can-be-exceptions",
        level=Level.SHOULD,
        sentence="Where warnings are errors, a call that would warn raises, and returns nothing.",
        why="A test suite that runs with warnings as errors, to be told of every one, is not told.",
        operations=EVERY,
        promised_by=(safety("the filter of warnings is the user's"),),
        applies=_under_errors,
        check=warning_is_raised,
        related=_where_warnings_are_told,
        after_warning=True,
    ),
)
