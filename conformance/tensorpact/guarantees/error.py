"""error: what bad input gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reftensor.rules import Refusal
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import STORY, Block, Case, Leaf, leaves
from tensorpact.cases.things import THINGS
from tensorpact.cases.twists import Outcome, twist_of
from tensorpact.expectation import kind_of_data, layout_traits, reads_raw, shape_of
from tensorpact.guarantees import error_extremes, exports
from tensorpact.guarantees.elements import same_elements
from tensorpact.guarantees.model import (
    PASS,
    SKIP,
    Failure,
    Guarantee,
    Judgement,
    Level,
    Promise,
)
from tensorpact.guarantees.predicates import (
    EVERY,
    GIVE,
    INGEST,
    PYTHON_KINDS,
    SPECIFIC,
    dataless,
    is_telling,
    must_raise,
    ordinary_block,
    refusal_kept,
)
from tensorpact.guarantees.promises import safety, std, torch
from tensorpact.probes.reads import numbers
from tensorpact.trial import Trial

TITLE = "what bad input gets"

_PLAIN_SEQUENCES = ("overstated", "huge_len", "negative_len")
"""Sequences of the floats 1, 2, 3 that only lie about their length."""


# --------------------------------------------------------------------------- checks


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
    return Failure("a value or an ordinary exception", f"raised {raised}")


def refused(trial: Trial) -> Judgement:
    """On a device without data it is for shape.validation-ignores-device to judge."""
    if trial.observed.unbuilt or dataless(trial):
        return SKIP
    return must_raise(trial, "an exception: it is no data")


def refused_unread(trial: Trial) -> Judgement:
    """Refused, and nothing taken from an iterator."""
    if trial.observed.damage:
        return Failure("a refusal that leaves the input as it is", trial.observed.damage)
    return refused(trial)


def dtype_makes_no_difference(trial: Trial) -> Judgement:
    """What is refused without a dtype is refused with one."""
    if dataless(trial) or not trial.related or trial.related[0].observed.raised is None:
        return SKIP
    return must_raise(trial, f"an exception, as without dtype: {trial.related[0].observed.raised}")


def nothing_partial(trial: Trial) -> Judgement:
    """An exception; or, for a sequence that only lies about its length, all of its items.

    A library that stores the object itself, under a dtype of its own, has asked it nothing.
    """
    result = trial.observed.result
    if dataless(trial) or (result is not None and result.dtype is None):
        return SKIP
    thing = next(leaf.text for leaf in leaves(_root(trial)) if isinstance(leaf, Leaf))
    data = result.read() if result is not None else None
    whole = (
        result is not None
        and result.dtype is not None
        and data is not None
        and numbers(data, result.dtype) in ([1, 2, 3], [True] * 3)
    )
    if thing in _PLAIN_SEQUENCES and whole:
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
    """A specific class and a message; what the input itself raised passes through."""
    raised = trial.observed.raised
    if raised is None:
        return SKIP
    if not is_telling(raised):
        return Failure(f"one of {', '.join(SPECIFIC)}", f"{raised}")
    if raised.by_input or raised.message.strip():
        return PASS
    return Failure("a message that says what was wrong", f"{raised.name} without any text")


def _root(trial: Trial) -> Leaf:
    root = trial.case.root
    assert isinstance(root, Leaf)
    return root


def _negative_offset(case: Case) -> bool:
    offset = case.call.get("offset")
    return isinstance(offset, int) and offset < 0


# --------------------------------------------------------------------------- cases


def _always(case: Case, claims: Claims) -> bool:
    del case, claims
    return True


def _possible_input(case: Case, _: Claims) -> bool:
    """All but capsules whose fields contradict each other: no Python code makes those."""
    return case.block is None or twist_of(case.block).outcome is not Outcome.DOUBTED


def _holds(*kinds: str) -> Callable[[Case, Claims], bool]:
    """Data in which some leaf is of one of these kinds, and all the others are numbers."""

    def applies(case: Case, claims: Claims) -> bool:
        if case.root is None or case.call.copy is False or _lends_bytes(case, claims):
            return False
        found = [leaf.kind if isinstance(leaf, Leaf) else "" for leaf in leaves(case.root)]
        return any(k in kinds for k in found) and all(
            k in kinds or k in PYTHON_KINDS for k in found
        )

    return applies


def _lends_bytes(case: Case, claims: Claims) -> bool:
    """Bytes on their own, for an operation that takes buffers."""
    if not isinstance(case.root, Leaf) or case.root.kind != "bytes":
        return False
    operation = case.call.operation
    return claims.accepted(operation, "bytes") or claims.accepted(operation, "buffer")


def _things(case: Case) -> list[str]:
    """The things in written-out data; empty when there is anything else but numbers."""
    if case.root is None:
        return []
    found = [leaf for leaf in leaves(case.root) if isinstance(leaf, Leaf)]
    if any(leaf.kind != "thing" and leaf.kind not in PYTHON_KINDS for leaf in found):
        return []
    return [leaf.text for leaf in found if leaf.kind == "thing"]


def _no_sequence(case: Case, claims: Claims) -> bool:
    """Things that are no numbers either: a Fraction may pass for a scalar."""
    names = _things(case)
    return (
        bool(names)
        and case.call.copy is not False
        and not any(THINGS[n].hostile or THINGS[n].data or n == "fraction" for n in names)
    )


def _bad_with_dtype(case: Case, claims: Claims) -> bool:
    """Text, None, things and irregular nesting, to a dtype that the library has."""
    if case.root is None or case.call.dtype not in claims.dtypes or case.call.copy is False:
        return False
    if _lends_bytes(case, claims) or case.call.given("unknown"):
        return False
    if case.call.device is not None and case.call.device not in claims.devices:
        return False
    found = list(leaves(case.root))
    if any(isinstance(x, Leaf) and x.kind in ("str", "bytes", "none") for x in found):
        return True
    names = _things(case)
    ragged = shape_of(case.root) is None and not any(isinstance(x, Block) for x in found)
    return not any(THINGS[n].hostile or THINGS[n].data for n in names) and (bool(names) or ragged)


def _without_dtype(case: Case, claims: Claims) -> tuple[Case, ...]:
    return (replace(case, call=case.call.without("dtype")),)


def _lying(case: Case, claims: Claims) -> bool:
    """Alone: inside a sequence a library may take the object for a scalar."""
    root = case.root
    if not isinstance(root, Leaf) or root.kind != "thing" or case.call.copy is False:
        return False
    return THINGS[root.text].raises or root.text in _PLAIN_SEQUENCES


def _reads_bounds(case: Case, claims: Claims) -> bool:
    return case.block is not None and (case.call.given("offset") or case.call.given("count"))


def _not_an_array(case: Case, claims: Claims) -> bool:
    if _things(case) and any(THINGS[name].data for name in _things(case)):
        return False
    return kind_of_data(case) != "ndarray"


def _has_traits(*traits: str) -> Callable[[Case, Claims], bool]:
    wanted = frozenset(traits)

    def applies(case: Case, claims: Claims) -> bool:
        block = ordinary_block(case)
        if block is None or block.foreign_order or block.lazy or reads_raw(case, claims):
            return False
        known = case.call.dtype is None or case.call.dtype == block.dtype
        return known and bool(layout_traits(block) & wanted)

    return applies


def _unknown_keyword(case: Case, claims: Claims) -> bool:
    return case.call.given("unknown")


def _orderly(case: Case, claims: Claims) -> bool:
    """Neither hostile nor without end: what such an input leads to is its own fault."""
    if case.root is None:
        return not error_extremes.endless(case, claims)
    return not any(
        isinstance(x, Leaf) and x.kind == "thing" and THINGS[x.text].hostile
        for x in leaves(case.root)
    )


# --------------------------------------------------------------------------- the table

_TAKEN: tuple[Promise, ...] = (
    torch("as_tensor", "parameter data"),
    torch("tensor", "parameter data"),
    torch("asarray", "list of what obj can be"),
)

GUARANTEES = (
    Guarantee(
        id="error.nothing-crashes",
        level=Level.MUST,
        over="everything",
        sentence="No input that Python code can build ends, hangs or corrupts the process: the "
        "outcome is a value or an exception.",
        why="An abort takes the notebook, the server and the other users' requests with it, and "
        "leaves no traceback.",
        operations=(*EVERY, *GIVE, STORY),
        promised_by=(safety("no crash"),),
        applies=_possible_input,
        check=nothing_breaks,
        after_warning=True,
    ),
    Guarantee(
        id="error.result-is-a-tensor",
        level=Level.MUST,
        sentence="A call that returns gives a tensor of the library, never None or anything else.",
        why="A forgotten return is met as an AttributeError, far away from where it was caused.",
        operations=EVERY,
        promised_by=(
            *(std(name, "returns") for name in ("asarray", "from_dlpack")),
            *(torch(name, "signature") for name in EVERY),
            safety("what is returned is what was asked for"),
        ),
        applies=_always,
        check=gives_a_tensor,
    ),
    Guarantee(
        id="error.text-is-refused",
        level=Level.MUST,
        over="values",
        sentence="str and bytes are refused, alone or nested, with or without dtype; bytes may "
        "be read as a buffer by operations that take buffers.",
        why="A column that was read as text and becomes numbers by its character codes trains "
        "without an error.",
        operations=INGEST,
        promised_by=_TAKEN,
        applies=_holds("str", "bytes"),
        check=refused,
    ),
    Guarantee(
        id="error.none-is-refused",
        level=Level.MUST,
        over="values",
        sentence="None is refused, alone or nested.",
        why="A forgotten return value becomes NaN or zero far from the function that forgot it.",
        operations=INGEST,
        promised_by=_TAKEN,
        applies=_holds("none"),
        check=refused,
    ),
    Guarantee(
        id="error.non-sequences-are-refused",
        level=Level.MUST,
        over="values",
        sentence="Sets, dicts, generators and arbitrary objects are refused and not consumed.",
        why="A set has no order to be data in, a dict gives its keys, and a generator that was "
        "read by a failed call is empty at the next try.",
        operations=INGEST,
        promised_by=_TAKEN,
        applies=_no_sequence,
        check=refused_unread,
    ),
    Guarantee(
        id="error.dtype-does-not-widen-acceptance",
        level=Level.SHOULD,
        over="values",
        sentence="Naming a dtype does not turn refused input into accepted input.",
        why="Adding dtype= to a call is meant to make it stricter; here it switches off the "
        "check that would have found the mistake.",
        operations=INGEST,
        promised_by=(safety("whether data is data does not depend on the dtype"),),
        applies=_bad_with_dtype,
        check=dtype_makes_no_difference,
        related=_without_dtype,
    ),
    Guarantee(
        id="error.exceptions-of-the-input-propagate",
        level=Level.MUST,
        over="values",
        sentence="When the input's own methods raise, the call raises and returns nothing partial.",
        why="A lazy table whose connection breaks in the middle must not become a shorter one.",
        operations=INGEST,
        promised_by=(safety("no data is dropped in silence"),),
        applies=_lying,
        check=nothing_partial,
    ),
    Guarantee(
        id="error.frombuffer-bounds",
        level=Level.MUST,
        over="memory",
        sentence="An offset or count outside the buffer raises, for every integer.",
        why="Reading past a buffer hands out the memory of somebody else; writing there ends in "
        "a crash at another place.",
        operations=("frombuffer",),
        promised_by=(
            torch("frombuffer", "the two conditions on count and offset"),
            safety("no memory is read that was not lent"),
        ),
        applies=_reads_bounds,
        check=outside_is_refused,
    ),
    Guarantee(
        id="error.from-numpy-wants-an-array",
        level=Level.MUST,
        sentence="Anything but an ndarray raises TypeError.",
        why="The function is chosen where sharing is wanted: for a list it could only copy.",
        operations=("from_numpy",),
        promised_by=(torch("from_numpy", "summary and first paragraph"),),
        applies=_not_an_array,
        check=type_error,
    ),
    Guarantee(
        id="error.negative-strides",
        level=Level.MUST,
        over="memory",
        sentence="A layout that the backend may be unable to describe is read correctly, copied "
        "where a copy is allowed, or refused; it is never misread.",
        why="A mirrored image or a field of records that is read with the wrong steps shows "
        "memory that does not belong to it.",
        operations=EVERY,
        promised_by=(
            std("asarray", "returns: the data from obj"),
            std("from_dlpack", "returns: the data in x"),
            safety("no memory is read that was not lent"),
        ),
        applies=_has_traits("negative", "unaligned_stride"),
        check=not_misread,
    ),
    Guarantee(
        id="error.misaligned",
        level=Level.MUST,
        over="memory",
        sentence="Memory that is not aligned for its dtype is copied, refused, or shared and "
        "read correctly.",
        why="Packed records and network frames put numbers at odd addresses; a vector load "
        "there faults on some processors only.",
        operations=EVERY,
        promised_by=(safety("no wrong number, no crash"),),
        applies=_has_traits("misaligned"),
        check=not_misread,
    ),
    Guarantee(
        id="error.unknown-keyword",
        level=Level.MUST,
        sentence="An unknown keyword raises TypeError.",
        why="A misspelt copy=True that is ignored shares the memory that was to be kept apart.",
        operations=EVERY,
        promised_by=(safety("what every Python function does"),),
        applies=_unknown_keyword,
        check=type_error,
    ),
    Guarantee(
        id="error.class-is-specific",
        level=Level.SHOULD,
        sentence="Refusals use TypeError, ValueError, OverflowError or BufferError, or another "
        "class that says what happened, not a bare RuntimeError; and they come with a message.",
        why="Code that falls back to a copy catches the refusal; catching RuntimeError hides "
        "every other failure too.",
        operations=EVERY,
        promised_by=(safety("an exception says what was wrong"),),
        applies=_orderly,
        check=class_is_telling,
    ),
    *exports.ERROR,
    *error_extremes.GUARANTEES,
)
