"""What judges is judged: each helper of the checks condemns what it must, and nothing else."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of, derive
from tensorpact.cases.model import Block, Case, State, call
from tensorpact.expectation import expect
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.elements import same_elements
from tensorpact.guarantees.model import PASS, SKIP, Check, Failure, Guarantee, Judgement, Note
from tensorpact.guarantees.predicates import (
    is_telling,
    must_raise,
    must_return,
    refusal_kept,
    refused_wrongly,
)
from tensorpact.guarantees.relations import is_independent, is_shared, shares
from tensorpact.judge import Judge
from tensorpact.probes.reads import NoSuchElement, encoded, same
from tensorpact.seen.raised import Raised
from tensorpact.trial import Observed, Provided, Relation, Result, Seen, Trial, Writes
from tensorpact.vectors.judged import judged
from tensorpact.vectors.model import Expect, Vector

REFERENCE = load("reference")
CLAIMS = claims_of(REFERENCE)
CASE = Case(Block(dtype="int32", shape=(3,)), call("asarray"))
ELEMENTS = struct.pack("=3i", 1, 2, 3)
OTHERS = struct.pack("=3i", 1, 2, 4)
SHARED = Writes(Seen.EVERYWHERE, Seen.EVERYWHERE, Seen.EVERYWHERE)
APART = Writes(Seen.NOWHERE, Seen.NOWHERE, Seen.NOWHERE)
FAILS = "a failure"


def result(**fields: Any) -> Result:
    """What is right in every respect, but for these."""
    whole = Result(
        "Tensor", True, False, "int32", "int32", (3,), "cpu", (4,), 4096,
        (("read", ELEMENTS), ("memory", ELEMENTS)), writes=SHARED,
    )  # fmt: skip
    return replace(whole, **fields)


def trial(case: Case = CASE, **observed: Any) -> Trial:
    provided = Provided(4096, (4,), (4096, 4108), False, ELEMENTS)
    return Trial(case, CLAIMS, expect(case, CLAIMS), Observed(provided=provided, **observed))


def raised(*classes: str, message: str = "no", **fields: bool) -> Trial:
    return trial(raised=Raised((*classes, "Exception"), message, **fields))


def unlike(found: Trial, **expected: Any) -> Trial:
    return replace(found, expected=replace(found.expected, **expected))


def unread(name: str) -> tuple[tuple[str, Raised], ...]:
    """A read path that raised."""
    return (("item", Raised((name,), "")),)


def kind(judgement: Judgement) -> object:
    return FAILS if isinstance(judgement, Failure) else judgement


RETURNED, REFUSED, NOTHING = trial(result=result()), raised("ValueError"), trial()
LATE = Writes(Seen.EVERYWHERE, Seen.EVERYWHERE, Seen.NOWHERE)
ODD = Writes(Seen.PARTLY, Seen.EVERYWHERE)


def with_writes(writes: Writes, **fields: Any) -> Trial:
    return trial(result=result(writes=writes, **fields))


COPY = Case(CASE.source, call("asarray", copy=True))

JUDGED: list[tuple[Check, Trial, object]] = [
    (same_elements, RETURNED, PASS),
    (same_elements, trial(result=result(reads=(("read", OTHERS),))), FAILS),
    (same_elements, trial(result=result(reads=(("read", ELEMENTS), ("item", OTHERS)))), FAILS),
    (same_elements, trial(result=result(reads=(("read", ELEMENTS[:8]),))), FAILS),
    (same_elements, trial(result=result(unread=unread("NoSuchElement"))), FAILS),
    (same_elements, trial(result=result(unread=unread("TypeError"))), PASS),
    (same_elements, trial(result=result(shape=(1, 3))), SKIP),
    (same_elements, trial(result=result(dtype=None)), SKIP),
    (same_elements, trial(result=result(reads=())), SKIP),
    (same_elements, REFUSED, SKIP),
    (refusal_kept, REFUSED, PASS),
    (refusal_kept, unlike(REFUSED, accepted=False), SKIP),
    (lambda t: refused_wrongly(t, "a result"), REFUSED, FAILS),
    (lambda t: refused_wrongly(t, "a result"), unlike(REFUSED, may_refuse=True), SKIP),
    (lambda t: refused_wrongly(t, "a result"), unlike(REFUSED, accepted=False), SKIP),
    (lambda t: refused_wrongly(t, "a result"), RETURNED, SKIP),
    (lambda t: must_raise(t, "an exception"), REFUSED, PASS),
    (lambda t: must_raise(t, "TypeError", ("TypeError",)), REFUSED, FAILS),
    (lambda t: must_raise(t, "ValueError", ("TypeError", "ValueError")), REFUSED, PASS),
    (lambda t: must_raise(t, "an exception"), RETURNED, FAILS),
    (lambda t: must_raise(t, "an exception"), NOTHING, SKIP),
    (shares, RETURNED, PASS),
    (shares, with_writes(APART), FAILS),
    (shares, with_writes(LATE), FAILS),
    (shares, with_writes(ODD), FAILS),
    (shares, with_writes(Writes()), SKIP),
    (shares, with_writes(APART, device="sim:0"), SKIP),
    (shares, REFUSED, FAILS),
    (shares, unlike(REFUSED, may_refuse=True), SKIP),
    (shares, trial(COPY, result=result(writes=APART)), SKIP),
    (shares, trial(unbuilt="no such source"), SKIP),
    (is_independent, with_writes(APART, address=8192), PASS),
    (is_independent, with_writes(APART), FAILS),  # its elements lie in the source's memory
    (is_independent, with_writes(SHARED, address=8192), FAILS),
    (is_independent, with_writes(LATE, address=8192), FAILS),
    (is_independent, with_writes(ODD, address=8192), FAILS),
    (is_independent, with_writes(APART, address=8192, same_object=True), FAILS),
    (is_independent, with_writes(Writes(), address=8192), SKIP),
    (is_independent, with_writes(APART, address=8192, is_tensor=False), SKIP),
    (is_independent, REFUSED, SKIP),
]  # fmt: skip


@pytest.mark.parametrize(("check", "seen", "wanted"), JUDGED)
def test_a_helper_says_what_the_trial_shows(check: Check, seen: Trial, wanted: object) -> None:
    assert kind(check(seen)) == wanted


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (result(), PASS),
        (result(writes=APART), FAILS),
        (result(writes=replace(SHARED, stray=True)), FAILS),
        (result(writes=Writes()), SKIP),
        (result(is_tensor=False), SKIP),
        (result(reads=(("read", b""),)), SKIP),
    ],
)
def test_one_memory_is_what_writes_show_in_both_directions(found: Result, wanted: object) -> None:
    assert kind(is_shared(found)) == wanted


SEEN = (Seen.EVERYWHERE, Seen.NOWHERE, Seen.PARTLY, Seen.UNKNOWN)


@given(st.sampled_from(SEEN), st.sampled_from(SEEN), st.sampled_from(SEEN), st.booleans())
def test_memory_is_shared_or_apart_only_if_every_write_says_so(
    inward: Seen, outward: Seen, again: Seen, stray: bool
) -> None:
    if inward is Seen.UNKNOWN:  # what could not be written once is not written again
        again = Seen.UNKNOWN
    relation = Writes(inward, outward, again, stray).relation
    tried = {seen for seen in (inward, outward) if seen is not Seen.UNKNOWN}
    lasting = tried | ({again} - {Seen.UNKNOWN})
    assert (relation is Relation.UNKNOWN) == (not tried)
    for said, seen in ((Relation.SHARED, Seen.EVERYWHERE), (Relation.INDEPENDENT, Seen.NOWHERE)):
        assert (relation is said) == (bool(tried) and lasting == {seen} and not stray)


@pytest.mark.parametrize(
    ("refusal", "telling"),
    [
        (raised("TypeError"), True),
        (raised("Odd", "BufferError"), True),
        (raised("RecursionError", "RuntimeError"), True),
        (raised("RuntimeError"), False),
        (raised("KeyError", "LookupError"), False),
        (raised("RuntimeError", from_input=True), True),
    ],
)
def test_a_telling_exception_has_a_class_of_its_own(refusal: Trial, telling: bool) -> None:
    assert refusal.raised is not None
    assert is_telling(refusal.raised) is telling


@pytest.mark.parametrize("changed", [{"accepted": False}, {"may_refuse": True}, {"refusal": "no"}])
def test_a_result_is_owed_only_where_nothing_speaks_for_a_refusal(changed: dict[str, Any]) -> None:
    assert must_return(RETURNED)
    assert not must_return(unlike(RETURNED, **changed))
    assert not must_return(trial(Case(CASE.source, call("asarray", copy=False, dtype="int8"))))


# ------------------------------------------------------------------- elements

FLOATS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4)


def _is_nan(bits: int) -> bool:
    return bits & 0x7FFF_FFFF > 0x7F80_0000


@given(FLOATS, FLOATS)
def test_reads_agree_bit_for_bit_but_for_the_payload_of_nan(a: list[int], b: list[int]) -> None:
    alike = len(a) == len(b) and all(
        x == y or (_is_nan(x) and _is_nan(y)) for x, y in zip(a, b, strict=False)
    )
    one, other = (struct.pack(f"={len(bits)}I", *bits) for bits in (a, b))
    assert same(one, other, "float32") is alike
    assert same(one, other, "uint32") is (a == b)


def test_the_zeros_are_two() -> None:
    assert not same(struct.pack("=f", 0.0), struct.pack("=f", -0.0), "float32")
    assert not same(struct.pack("=2d", 1.0, 0.0), struct.pack("=2d", 1.0, -0.0), "complex128")


@pytest.mark.parametrize(("number", "dtype"), [(300, "uint8"), (2**40, "int32"), (1j, "float32")])
def test_a_number_that_the_dtype_lacks_is_a_lie_of_the_path(number: object, dtype: str) -> None:
    with pytest.raises(NoSuchElement):
        encoded([number], dtype)


# ------------------------------------------------------------------- the judge


def always(judgement: Judgement, **fields: Any) -> Guarantee:
    """A guarantee that every case puts to the test, and that always says the same."""
    one = TABLE["error.result-is-a-tensor"]
    return replace(one, applies=lambda *_: True, check=lambda _: judgement, **fields)


BAD = Failure("this", "that")


@pytest.mark.parametrize("judgement", [PASS, BAD, Note("seen")])
def test_the_judge_passes_on_what_a_check_says(judgement: Judgement) -> None:
    guarantee = always(judgement)
    with Judge(REFERENCE, [guarantee], vectors={}) as judge:
        assert [*judge.judge(CASE)] == [(guarantee, judgement)]


@pytest.mark.parametrize(
    "guarantee", [always(SKIP), replace(always(BAD), applies=lambda *_: False)]
)
def test_what_was_not_tested_is_no_judgement(guarantee: Guarantee) -> None:
    with Judge(REFERENCE, [guarantee], vectors={}) as judge:
        assert not judge.judge(CASE)


def test_who_does_not_claim_a_promise_is_not_held_to_it() -> None:
    with Judge(REFERENCE, [always(BAD, promised_by=())], vectors={}) as judge:
        assert not judge.judge(CASE)


def test_a_call_that_a_warning_ended_is_judged_by_those_who_can_tell() -> None:
    backend = derive(REFERENCE, operations={"asarray": _refuses})
    case = replace(CASE, state=State(warnings="error"))
    blind, seeing = always(BAD), always(BAD, after_warning=True)
    with Judge(backend, [blind, seeing], vectors={}) as judge:
        assert [*judge.judge(case)] == [(seeing, BAD)]


def _refuses(*_: object, **__: object) -> None:
    raise UserWarning("not writable")


# ------------------------------------------------------------------- golden vectors

WRONG = (("read", OTHERS),)
RIGHT = Expect(dtype="int32", shape=(3,), elements=("1", "2", "3"), memory="shared")
REFUSAL = Expect(raises=("ValueError",))


def vector(*outcomes: Expect, guarantee: str = "sharing.array-is-shared") -> Vector:
    return Vector("x", guarantee, "std", "", "", Block(), ("asarray",), (), outcomes)


@pytest.mark.parametrize(
    ("wanted", "seen", "judgement"),
    [
        (vector(RIGHT), RETURNED, PASS),
        (vector(RIGHT), with_writes(APART), FAILS),
        (vector(RIGHT), with_writes(Writes()), SKIP),
        (vector(RIGHT), REFUSED, FAILS),
        (vector(RIGHT), unlike(REFUSED, may_refuse=True), SKIP),
        (vector(RIGHT), NOTHING, SKIP),
        (vector(REFUSAL), REFUSED, PASS),
        (vector(REFUSAL), raised("TypeError"), FAILS),
        (vector(REFUSAL), RETURNED, FAILS),
        (vector(REFUSAL, RIGHT), REFUSED, PASS),
        (vector(REFUSAL, RIGHT), RETURNED, PASS),
        (vector(REFUSAL, RIGHT), with_writes(APART), FAILS),
        (vector(RIGHT), trial(result=result(shape=(1, 3))), SKIP),  # of shapes it does not speak
        (vector(RIGHT, guarantee="shape.x"), with_writes(APART), SKIP),
        (vector(RIGHT, guarantee="shape.x"), trial(result=result(shape=(1, 3))), FAILS),
        (vector(RIGHT, guarantee="shape.x"), RETURNED, PASS),
        (vector(RIGHT, guarantee="value.x"), RETURNED, PASS),
        (vector(RIGHT, guarantee="value.x"), trial(result=result(reads=WRONG)), FAILS),
        (vector(RIGHT, guarantee="dtype.x"), trial(result=result(dtype="int64")), FAILS),
        (vector(RIGHT, guarantee="value.x"), trial(result=result(dtype="int64")), SKIP),
    ],
)  # fmt: skip
def test_a_vector_blames_its_guarantee_for_what_that_speaks_of(
    wanted: Vector, seen: Trial, judgement: object
) -> None:
    assert kind(judged(wanted, seen)) == judgement
