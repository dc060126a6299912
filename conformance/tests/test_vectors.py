"""Golden vectors fit their schema, cover the rules, agree with them, and find what departs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import reftensor
from reftensor import rules
from tensorpact.authorities import AUTHORITIES
from tensorpact.backends.find import load
from tensorpact.backends.protocol import LAYOUT_LIMITS, Backend, Claims, claims_of, derive
from tensorpact.cases import dtypes
from tensorpact.cases.model import Case, Leaf, leaves
from tensorpact.cases.plan import batches
from tensorpact.errors import HarnessFault
from tensorpact.expectation import expect
from tensorpact.guarantees import TABLE, claimed, select
from tensorpact.guarantees.model import PASS, SKIP, Failure, Judgement, Level
from tensorpact.judge import Judge
from tensorpact.trial import Expected, Trial
from tensorpact.vectors import files
from tensorpact.vectors.arrays import encoded
from tensorpact.vectors.judged import dtype_of, judged
from tensorpact.vectors.model import Expect, Vector

FOLDER = resources("tensorpact_fixtures") / "vectors"
NAMES = tuple(files.vectors())
REFERENCE = load("reference")
CLAIMS = claims_of(REFERENCE)
LIMITED = replace(CLAIMS, limits=LAYOUT_LIMITS)
"""A library that can describe only what every library can."""

INSTALLED = ("reference", "numpy", "array-api-strict")

NOT_DATA = {
    # Defaults, or other devices than the host, are needed for it.
    *("dtype.default-float-setting-is-followed", "shape.validation-ignores-device"),
    *("device.host-data-goes-to-default", "device.sharing-constructors-ignore-default"),
    *("device.spellings-are-one-device", "device.transfer-is-independent"),
    *("device.no-copy-across-devices", "device.data-less-device", "device.foreign-device-array"),
    # The outcome is more than the result's dtype, shape, elements and memory: the bits of a NaN,
    # warnings, what became of the input, another call, a cost, a death, a gradient.
    *("value.same-dtype-is-bit-exact", "sharing.views-share-onward", "sharing.cost-is-constant"),
    *("copying.copies-once", "copying.source-is-untouched", "copying.immutable-is-isolated"),
    *("readonly.sharing-warns-or-protects", "readonly.warning-repeats", "readonly.flag-travels"),
    *("readonly.copying-is-silent", "readonly.import-respects-flag", "error.nothing-crashes"),
    *("error.warnings-can-be-exceptions", "cost.stacking", "cost.copy-memory"),
    *("cost.refusal-keeps-nothing", "grad.as-tensor-keeps-history", "grad.tensor-is-a-leaf"),
    *("grad.asarray-inherits", "grad.asarray-detaches-by-sharing"),
    "grad.foreign-data-needs-no-grad",
    # It speaks of how two calls agree.
    *("dtype.inference-ignores-order", "dtype.siblings-agree", "value.range-rule-is-uniform"),
    *("value.routes-agree", "error.dtype-does-not-widen-acceptance"),
    # The input is more than data: an export made by hand, a pending transform, an object with
    # methods of its own, an array interface that lies, data without end.
    *("value.lazy-bits-are-resolved", "copying.copied-flag-is-checked", "dlpack.handshake"),
    *("dlpack.null-strides-are-compact", "dlpack.byte-offset", "dlpack.empty-may-be-null"),
    *("dlpack.deleter-may-be-null", "dlpack.exporter-may-copy", "dlpack.newer-minor-is-accepted"),
    *("dlpack.version-rules", "dlpack.unsupported-is-refused", "dlpack.malformed-is-refused"),
    *("dlpack.unsupported-is-buffer-error", "dlpack.only-capsules-of-dlpack"),
    *("dlpack.exporter-errors-propagate", "error.exceptions-of-the-input-propagate"),
    *("error.non-sequences-are-refused", "error.buffer-ends-are-checked"),
    "error.exhausted-memory-raises",
    # The keyword is none that a function has; how deep nesting may be, no document says; of the
    # class of an exception it speaks only where there is one.
    *("error.unknown-keyword", "shape.deep-nesting-raises", "error.class-is-specific"),
}
"""The scored guarantees, of those about one call, of which no vector can speak, and why."""


def every() -> Iterator[Vector]:
    for group in files.vectors().values():
        yield from group


@cache
def reached(name: str) -> dict[str, list[tuple[Vector, Trial, Judgement]]]:
    """What a backend makes of the vectors of the guarantees that it claims, by id."""
    backend = load(name)
    claims = claims_of(backend)
    held_to = claimed(list(TABLE.values()), claims)
    found: dict[str, list[tuple[Vector, Trial, Judgement]]] = {}
    with Judge(backend, []) as judge:
        for vector in every():
            for case in files.cases_of(vector, claims):
                if TABLE[vector.guarantee] in held_to(case):
                    trial = judge.trial(case)
                    found.setdefault(vector.id, []).append((vector, trial, judged(vector, trial)))
    return found


# --------------------------------------------------------------------------- the files


@pytest.mark.parametrize("name", NAMES)
def test_a_file_fits_the_schema(name: str) -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(data)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_vectors_of_a_file_are_sorted_and_of_its_group(name: str) -> None:
    ids = [vector.id for vector in files.vectors()[name]]
    assert ids == sorted(set(ids))
    assert {id.partition(".")[0] for id in ids} == {name}


def test_there_are_enough_vectors_and_no_two_have_one_id() -> None:
    ids = [vector.id for vector in every()]
    assert len(ids) == len(set(ids)) >= 400


def test_a_vector_is_named_after_its_guarantee_and_an_authority_that_promises_it() -> None:
    for vector in every():
        guarantee = TABLE[vector.guarantee]
        assert vector.id.startswith(f"{vector.guarantee}/")
        assert vector.authority in AUTHORITIES
        assert vector.authority in {promise.authority for promise in guarantee.promised_by}
        assert set(vector.operations) <= set(guarantee.operations), vector.id
        assert guarantee.level is not Level.OBSERVE
        assert vector.why.endswith("."), vector.id


def test_expected_elements_are_exact_and_fill_the_shape() -> None:
    defaults = {
        "default integer": ("int32", "int64"),
        "default real": ("float32", "float64"),
        "default complex": ("complex64", "complex128"),
    }
    for vector in every():
        for outcome in vector.outcomes:
            for dtype in defaults.get(outcome.dtype or "", (outcome.dtype,)):
                if dtype is not None and outcome.elements is not None:
                    assert fills(outcome, dtype), f"{vector.id}: {dtype}"


def fills(outcome: Expect, dtype: str) -> bool:
    assert outcome.shape is not None
    assert outcome.elements is not None
    count = 1
    for length in outcome.shape:
        count *= length
    return len(encoded(outcome.elements, dtype)) == count * dtypes.itemsize(dtype)


# --------------------------------------------------------------------------- coverage


def test_every_scored_guarantee_that_data_can_express_has_a_vector() -> None:
    about_calls = ("memory", "values", "anything", "everything")
    scored = {
        g.id for g in TABLE.values() if g.level is not Level.OBSERVE and g.over in about_calls
    }
    assert scored - {vector.guarantee for vector in every()} == NOT_DATA


@cache
def expectations(claims: Claims) -> tuple[tuple[Case, Expected], ...]:
    cases = dict.fromkeys(c for vector in every() for c in files.cases_of(vector, claims))
    return tuple((case, expect(case, claims)) for case in cases)


def test_every_row_of_the_table_of_memory_is_touched() -> None:
    """But for other devices, which data does not have."""
    rows = {
        (found.data, need)
        for case, found in (*expectations(CLAIMS), *expectations(LIMITED))
        for need in found.needs or {rules.Need.NOTHING}
    }
    assert {row for row in rules.MEMORY if row[1] is not rules.Need.DEVICE} <= rows


def test_every_column_of_the_table_of_memory_is_touched() -> None:
    called = {(case.call.operation, case.call.copy) for case, _ in expectations(CLAIMS)}
    assert set(rules.COLUMNS) <= called


def test_every_row_of_the_table_of_inference_is_touched() -> None:
    named = {outcome.dtype for v in every() for outcome in v.outcomes if v.guarantee in _INFERENCE}
    assert named >= {"bool", "default integer", "default real", "default complex"}
    assert {v.guarantee for v in every()} >= _INFERENCE


_INFERENCE = {
    "dtype.bools-infer-bool",
    "dtype.ints-infer-default-int",
    "dtype.floats-infer-default-float",
    "dtype.complex-infers-default-complex",
    "dtype.empty-infers-default-float",
}


def test_every_row_of_the_table_of_conversion_is_touched() -> None:
    """Also for numbers that are dtyped: the reference converts them by the same table."""
    touched = set()
    for case, _ in expectations(CLAIMS):
        if case.root is not None and case.call.dtype is not None:
            kinds = {leaf.kind for leaf in leaves(case.root) if isinstance(leaf, Leaf)}
            touched |= {(kind, rules.kind_of(case.call.dtype)) for kind in kinds}
    assert set(rules.CONVERSION) <= touched


def test_every_row_of_the_table_of_placement_and_every_dtype_is_touched() -> None:
    calls = [case.call for case, _ in expectations(CLAIMS)]
    assert {call.operation for call in calls} == set(rules.PLACEMENT)
    placed = {call.operation for call in calls if call.device is not None}
    assert placed >= {name for name, row in rules.PLACEMENT.items() if rules.Place.EXPLICIT in row}
    assert {found.dtype for _, found in expectations(CLAIMS)} >= {*CLAIMS.dtypes}


def test_every_refusal_is_touched() -> None:
    """But for exports that cannot be described, keywords that do not exist, and depth, which has
    no limit in any document."""
    found = [e for _, e in expectations(CLAIMS)]
    refused = {e.refusal for e in found}
    refused |= {rules.Refusal.NEEDS_COPY for e in found if e.memory is rules.Memory.REFUSE}
    kinds = rules.Refusal
    left_out = {kinds.NOT_EXPORTABLE, kinds.UNKNOWN_KEYWORD, kinds.TOO_DEEP}
    assert set(kinds) - left_out <= refused


# --------------------------------------------------------------------------- agreement


def test_the_reference_gives_exactly_what_every_vector_says() -> None:
    departed = [
        f"{id}: {judgement}"
        for id, each in reached("reference").items()
        for _, _, judgement in each
        if judgement is not PASS
    ]
    assert departed == []


def test_every_vector_is_put_to_the_test_by_some_backend() -> None:
    tested = {
        id
        for name in INSTALLED
        for id, each in reached(name).items()
        if any(judgement is not SKIP for _, _, judgement in each)
    }
    # Of those at hand only torch has gradients, and it need not be installed.
    needing_torch = {v.id for v in every() if "requires_grad" in dict(v.arguments)}
    assert {vector.id for vector in every()} - tested <= needing_torch


def test_the_rules_expect_what_every_vector_says() -> None:
    trials = (each for found in reached("reference").values() for each in found)
    apart = [vector.id for vector, trial, _ in trials if not agrees(vector, trial)]
    assert apart == []


def agrees(vector: Vector, trial: Trial) -> bool:
    """Whether one of the outcomes is what the rules lead one to expect; all, if they leave it."""
    return any(_agrees(outcome, trial) for outcome in vector.outcomes)


def _agrees(outcome: Expect, trial: Trial) -> bool:
    expected = trial.expected
    refused = expected.refusal is not None or expected.memory is rules.Memory.REFUSE
    if outcome.raises is not None:
        named = {error.__name__ for error in rules.REFUSALS[_reason(expected)]}
        fits = not outcome.raises or named & {*outcome.raises}
        return bool((refused and fits) or not expected.accepted or expected.may_refuse)
    if refused or not expected.accepted:
        return False
    known = expected.dtype in (None, dtype_of(outcome, trial))
    return known and expected.shape in (None, outcome.shape) and _memory_agrees(outcome, expected)


def _reason(expected: Expected) -> rules.Refusal:
    return expected.refusal or rules.Refusal.NEEDS_COPY


def _memory_agrees(outcome: Expect, expected: Expected) -> bool:
    if outcome.memory is None:
        return True
    shared = expected.memory in (rules.Memory.SAME, rules.Memory.SHARE)
    return expected.memory is None or shared == (outcome.memory == "shared")


@pytest.mark.parametrize("name", ["numpy", "array-api-strict"])
def test_what_departs_in_a_real_library_is_condemned_by_its_guarantee_as_well(name: str) -> None:
    """A vector that is alone in its verdict may be unfair."""
    departed = [
        (vector, trial.case)
        for each in reached(name).values()
        for vector, trial, judgement in each
        if isinstance(judgement, Failure)
    ]
    alone = [v.id for v, case in departed if not condemned(load(name), v.guarantee, case)]
    assert alone == []


def condemned(backend: Backend, guarantee: str, case: Case) -> bool:
    """Whether the guarantee's own check condemns the case."""
    with Judge(backend, [TABLE[guarantee]], vectors={}) as judge:
        return any(isinstance(judgement, Failure) for _, judgement in judge.judge(case))


# --------------------------------------------------------------------------- judging


def failures(backend: Backend, id: str) -> list[Failure]:
    """What the judge says by the vector alone."""
    (vector,) = [vector for vector in every() if vector.id == id]
    (case, *_) = files.cases_of(vector, claims_of(backend))
    with Judge(backend, []) as judge:
        judgement = judged(vector, judge.trial(case))
    return [judgement] if isinstance(judgement, Failure) else []


def departing(**operations: Any) -> Backend:
    return derive(REFERENCE, operations=operations, name="departing")


FAULTS = {
    "dtype.ints-infer-default-int/seven": lambda d: reftensor.tensor(d, dtype="float64"),
    "value.int-overflow-raises/above-uint8": lambda _, **k: reftensor.tensor(0, **k),
    "shape.nesting-is-shape/lists-2x3": lambda d: reftensor.tensor(d[0] + d[1]),
    "sharing.own-tensor-is-returned/as-tensor-float32": lambda d, **k: reftensor.tensor(d, **k),
    "error.none-is-refused/after-a-number": lambda d, **k: reftensor.tensor(d[0], **k),
}
"""Vectors, and an `as_tensor` that departs from each."""


@pytest.mark.parametrize("id", FAULTS)
def test_a_backend_that_departs_from_a_vector_is_condemned_and_a_sound_one_is_not(id: str) -> None:
    assert failures(departing(as_tensor=FAULTS[id]), id)
    assert not failures(REFERENCE, id)


def test_a_finding_by_a_vector_alone_is_one_of_its_guarantee() -> None:
    """The guarantee's own check is content with a default that the library claims."""
    (vector,) = [v for v in every() if v.id == "dtype.ints-infer-default-int/seven"]
    wrong = replace(vector, outcomes=(Expect(dtype="int8", shape=()),))
    (case, *_) = files.cases_of(vector, CLAIMS)
    guarantee = TABLE[vector.guarantee]
    with Judge(REFERENCE, [guarantee], vectors={case: (wrong,)}) as judge:
        assert judge.judge(case) == [(guarantee, Failure("dtype int8", "dtype int64"))]
    with Judge(REFERENCE, [guarantee], vectors={}) as judge:
        assert judge.judge(case) == [(guarantee, PASS)]


def test_a_departure_that_another_guarantee_speaks_of_is_left_to_that_one() -> None:
    as_floats = departing(as_tensor=lambda d, **_: reftensor.tensor(d, dtype="float64"))
    assert not failures(as_floats, "shape.nesting-is-shape/lists-2x3")


# --------------------------------------------------------------------------- in a run


def test_vectors_are_the_first_phase_of_a_run() -> None:
    phases = [batch.phase for batch in batches(CLAIMS, "quick", 0, select(["dtype", "grad"]))]
    count = phases.count("vectors")
    assert phases[:count] == ["vectors"] * count
    assert count
    assert "sweep" in phases


def test_only_vectors_that_the_chosen_guarantees_speak_of_are_judged() -> None:
    chosen = select(["error.none-is-refused"])
    cases = [
        c for b in batches(CLAIMS, "quick", 0, chosen) if b.phase == "vectors" for c in b.cases
    ]
    assert cases
    assert all("none" in str(case) for case in cases)


def test_without_the_fixtures_there_are_no_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PACKAGE", "no_such_package_of_fixtures")
    assert files._files() == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "bad.json cannot be read"),
        ('{"about": ""}', "bad.json cannot be read"),
        ('{"vectors": [{"id": "a.b/c"}]}', "bad.json, vector 'a.b/c': it has no key 'guarantee'"),
        ('{"vectors": [7]}', "bad.json, vector 0: "),
        ('{"vectors": [{"id": "a", "guarantee": "dtype.round-tip"}]}', "did you mean"),
    ],
)
def test_a_malformed_file_is_told_of_in_one_sentence(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(HarnessFault) as caught:
        files.read(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
