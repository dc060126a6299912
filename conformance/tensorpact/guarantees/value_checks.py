"""The checks of the guarantees in `value`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from reftensor.rules import Refusal, kind_of
from tensorpact.cases import dtypes
from tensorpact.cases.model import Leaf
from tensorpact.cases.spell import spell
from tensorpact.guarantees.elements import put_to_test, same_elements
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement, Note
from tensorpact.guarantees.numbers import (
    INTEGERS,
    Number,
    beyond,
    cannot_hold,
    component,
    exactly_held,
    floating,
    leaves_of,
    nearest,
    parts,
    parts_of,
    scalar_dtype,
    subnormal,
)
from tensorpact.guarantees.predicates import described, must_raise, refusal_kept
from tensorpact.probes.reads import numbers, same
from tensorpact.trial import Result, Trial
from tensorpact.values import wanted_elements


def exact_numbers_come_out(trial: Trial) -> Judgement:
    """Numbers that the result's dtype holds come out as they are, by every read path."""
    dtype = _dtype(trial)
    if dtype is None or not all(exactly_held(leaf, dtype) for leaf in leaves_of(trial.case)):
        return SKIP
    return same_elements(trial)


def specials_come_out(trial: Trial) -> Judgement:
    """As `exact_numbers_come_out`; a subnormal is required only where nothing is converted."""
    dtype = _dtype(trial)
    if dtype is None or any(_may_be_flushed(leaf, dtype) for leaf in leaves_of(trial.case)):
        return SKIP
    return exact_numbers_come_out(trial)


def _may_be_flushed(leaf: Leaf, dtype: str) -> bool:
    """A subnormal that was converted on its way: hardware may flush it to zero."""
    own = scalar_dtype(leaf) or "float64"
    if not floating(dtype) or component(own) == component(dtype):
        return False
    return any(value and subnormal(value, dtype) for value in parts_of(leaf))


def every_bit_comes_out(trial: Trial) -> Judgement:
    """The bytes of the result are those of the source; wrong numbers are judged elsewhere."""
    result, given = trial.observed.result, trial.observed.provided.elements
    block = trial.case.block
    if result is None or given is None or block is None or result.dtype != block.dtype:
        return SKIP
    seen = result.read()
    if seen is None or not same(seen, given, block.dtype):
        return SKIP
    return PASS if seen == given else Failure("the bits of the source's NaNs", "other bits")


def overflow_raises(trial: Trial) -> Judgement:
    """An int out of range raises; a wider integer dtype that holds it keeps this promise too."""
    if trial.expected.refusal is not Refusal.OUT_OF_RANGE or not put_to_test(trial):
        return SKIP
    if trial.observed.raised is not None:
        return PASS
    dtype = _dtype(trial)
    if dtype is None or kind_of(dtype) not in INTEGERS:
        return SKIP
    if any(cannot_hold(leaf, dtype) for leaf in leaves_of(trial.case)):
        return Failure(
            "an exception: the dtype cannot hold it",
            f"returned {described(trial)}",
            Demand("refusal", ()),
        )
    return same_elements(trial)


def raises(trial: Trial) -> Judgement:
    """Any exception; its class is for error.class-is-specific to judge."""
    return must_raise(trial, "an exception") if put_to_test(trial) else SKIP


def treated_alike(trial: Trial) -> Judgement:
    """The related calls raise when this one raises, and return when it returns."""
    if not put_to_test(trial) or not trial.related:
        return SKIP
    raised = trial.observed.raised is not None
    for number, other in enumerate(trial.related):
        if (other.observed.raised is not None) is not raised:
            return Failure(
                f"one rule for all; this {'raises' if raised else 'returns'}: {described(trial)}",
                f"{_typed(other)} gives {described(other)}",
                Demand("agreement", number),
            )
    return PASS


def imaginary_part_is_not_dropped(trial: Trial) -> Judgement:
    """Python complex numbers raise; arrays and array scalars raise or warn."""
    if not put_to_test(trial) or trial.expected.refusal not in (None, Refusal.COMPLEX_TO_REAL):
        return SKIP
    observed = trial.observed
    if any(leaf.kind == "complex" for leaf in leaves_of(trial.case)):
        return must_raise(trial, "an exception: a complex number is no real one")
    if observed.raised is not None:
        return PASS
    if observed.result is None or 0 in observed.result.shape:
        return SKIP
    if any("complex" in text.lower() or "imag" in text.lower() for text in observed.first_warnings):
        return PASS
    return Failure(
        "a refusal, or a warning about the imaginary part",
        described(trial),
        Demand("refusal or warning"),
    )


def beyond_is_infinite(trial: Trial) -> Judgement:
    """An element whose number lies beyond the range is the infinity of its sign."""
    tested = False
    for index, (put, got, dtype) in enumerate(_pairs(trial)):
        if not math.isnan(put) and beyond(put, dtype):
            tested = True
            if math.isfinite(got) or (got < 0) is not (put < 0):
                infinity = math.copysign(math.inf, put)
                return Failure(
                    f"infinity, or an exception, for {_short(put)}",
                    f"{got!r}",
                    Demand("part", (index, infinity)),
                )
    return PASS if tested else SKIP


def rounded_once(trial: Trial) -> Judgement:
    """Numbers that do not fit come out as the nearest that does, ties to the even one.

    A number that rounds to a subnormal may be flushed to zero.
    """
    dtype, tested = _dtype(trial), False
    rounded = list(_nearest(trial, dtype)) if dtype is not None else []
    for index, ((put, got, name), wanted) in enumerate(zip(_pairs(trial), rounded, strict=False)):
        if wanted is None or put == wanted or put != put or beyond(put, name):  # or NaN
            continue
        tested = True
        if got != wanted and not (got == 0 and subnormal(wanted, name)):
            demand = Demand("part", (index, wanted))
            return Failure(f"{_short(put)} as {wanted!r}", f"{got!r} ({name})", demand)
    return PASS if tested else SKIP


def routes_agree(trial: Trial) -> Judgement:
    """The related routes return or raise as this one does, with the same numbers."""
    if not put_to_test(trial) or not trial.related:
        return SKIP
    for number, other in enumerate(trial.related):
        if put_to_test(other) and not _alike(trial.observed.result, other.observed.result):
            return Failure(
                f"what the plain number gives: {described(trial)}",
                f"{_typed(other)} gives {described(other)}",
                Demand("agreement", number),
            )
    return PASS


def what_a_cast_does(trial: Trial) -> Judgement:
    """Wraps, raises, or something else, for an array's out-of-range elements."""
    observed, block, target = trial.observed, trial.case.block, trial.case.call.dtype
    if observed.raised is not None:
        return Note(f"raises {observed.raised.name}")
    given = observed.provided.elements
    seen = observed.result.read() if observed.result is not None else None
    if seen is None or given is None or block is None or target is None:
        return SKIP
    if _dtype(trial) != target or len(seen) != math.prod(block.shape) * dtypes.itemsize(target):
        return SKIP
    return _cast_note(given, dtypes.standard(block.dtype), numbers(seen, target), target)


def lazy_values_come_out(trial: Trial) -> Judgement:
    """The logical values, or a refusal; the memory may hold the values before the transform."""
    if trial.observed.raised is not None:
        return refusal_kept(trial)
    result, wanted = trial.observed.result, wanted_elements(trial)
    seen = result.read() if result is not None else None
    if result is None or result.dtype is None or seen is None or wanted is None:
        return SKIP
    if same(seen, wanted, result.dtype):
        return PASS
    return Failure(
        f"{numbers(wanted, result.dtype)[:6]}",
        f"{numbers(seen, result.dtype)[:6]}",
        Demand("elements", (result.shape, tuple(numbers(wanted, result.dtype)))),
    )


def what_becomes_of_the_mask(trial: Trial) -> Judgement:
    """Raises, or gives the numbers under the mask with or without a warning."""
    observed = trial.observed
    if observed.raised is not None:
        return Note(f"raises {observed.raised.name}")
    if observed.result is None or not observed.result.is_tensor:
        return SKIP
    return Note("the mask is dropped" + (", with a warning" if observed.warnings else ""))


# --------------------------------------------------------------------------- of a trial


def _dtype(trial: Trial) -> str | None:
    return trial.observed.result.dtype if trial.observed.result is not None else None


def _pairs(trial: Trial) -> Iterator[tuple[float, float, str]]:
    """Each part of each number that was put in, with the one that came out and its dtype.

    None when the dtype has no fractions, cannot hold some number at all, or holds more or
    fewer of them.
    """
    dtype, put = _dtype(trial), leaves_of(trial.case)
    data = trial.observed.result.read() if trial.observed.result is not None else None
    if dtype is None or data is None or not floating(dtype):
        return
    got = numbers(data, dtype)
    if len(got) != len(put) or any(cannot_hold(leaf, dtype) for leaf in put):
        return
    for leaf, seen in zip(put, got, strict=True):
        for one, other in zip(parts_of(leaf), parts(seen), strict=True):
            yield one, other, dtype


def _nearest(trial: Trial, dtype: str) -> Iterator[float | None]:
    """What each part must be rounded to; None where it is exact, or was before it came in."""
    if any(cannot_hold(leaf, dtype) for leaf in leaves_of(trial.case)):
        return
    for leaf in leaves_of(trial.case):
        own = scalar_dtype(leaf)
        if exactly_held(leaf, dtype) or (own and not exactly_held(leaf, own)):
            yield from (None, None)
        else:
            yield from parts(nearest(leaf, dtype))


def _alike(one: Result | None, other: Result | None) -> bool:
    """Both refused, or the same numbers; another dtype is for the group `dtype` to judge."""
    if one is None or other is None:
        return one is other
    if one.dtype is None or one.dtype != other.dtype:
        return True
    return same(one.read() or b"", other.read() or b"", one.dtype)


def _short(value: float) -> str:
    if isinstance(value, int) and abs(value) > 10**40:
        return f"an int of {value.bit_length()} bits"
    return repr(value)


def _typed(trial: Trial) -> str:
    """The call as a person would type it, in one line."""
    return "; ".join(spell(trial.case, trial.claims).splitlines())


# --------------------------------------------------------------------------- of a cast


def _cast_note(given: bytes, source: str, seen: list[Number], target: str) -> Note:
    """What became of each number outside the target's range, once each."""
    info = np.iinfo(target)
    span = int(info.max) - int(info.min) + 1
    fates: set[str] = set()
    for value, got in zip(numbers(given, source), seen, strict=True):
        if isinstance(value, float) and not math.isfinite(value):
            fates.add(f"{value} becomes {_place(got, info)}")
        elif not info.min <= math.trunc(value) <= info.max:
            wrapped = (math.trunc(value) - int(info.min)) % span + int(info.min)
            fates.add("wraps" if got == wrapped else f"becomes {_place(got, info)}")
    return Note(f"{kind_of(source)} to {kind_of(target)}: {', '.join(sorted(fates)) or 'fits'}")


def _place(value: Number, info: np.iinfo) -> str:
    """Where in the range a number lies that stands for one outside it."""
    ends = {int(info.max), int(info.min)} - {0}
    return "zero" if value == 0 else "an end of the range" if value in ends else "another number"
