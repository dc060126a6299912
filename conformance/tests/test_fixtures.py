"""The golden cases hold of the rules and of the reference; every faulty backend is caught."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import reftensor
import tensorpact
import tensorpact_fixtures
from reftensor import rules
from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases import story_search
from tensorpact.cases.as_json import from_json
from tensorpact.cases.model import Case
from tensorpact.cases.plan import batches, cases_of
from tensorpact.errors import UsageError
from tensorpact.expectation import expect
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge
from tensorpact.trial import Trial
from tensorpact_fixtures.zoo import MEMBERS, backend

VECTORS = Path(tensorpact_fixtures.__file__).parent / "vectors"
INGESTION = json.loads((VECTORS / "ingestion.json").read_text(encoding="utf-8"))
NARROWING = json.loads((VECTORS / "narrowing.json").read_text(encoding="utf-8"))
DEADLY = "negative-strides-abort"
CODES = {"same object": "shared", "share": "shared", "copy": "independent"}


def golden(vector: dict[str, Any]) -> Trial:
    reference = load("reference")
    with Judge(reference, []) as judge:
        return judge.trial(from_json(vector))


@pytest.mark.parametrize("vector", INGESTION["cases"], ids=lambda vector: vector["id"])
def test_the_rules_expect_what_the_golden_case_says(vector: dict[str, Any]) -> None:
    expected = expect(from_json(vector), claims_of(load("reference")))
    if "raises" in vector:
        errors = {error.__name__ for error in rules.REFUSALS[refusal_of(expected)]}
        assert errors & set(vector["raises"])
    else:
        found = (expected.dtype, list(expected.shape or ()), expected.memory)
        assert found == tuple(vector["result"][name] for name in ("dtype", "shape", "memory"))


def refusal_of(expected: Any) -> rules.Refusal:
    if expected.refusal is not None:
        return rules.Refusal(expected.refusal)
    assert expected.memory is rules.Memory.REFUSE
    return rules.Refusal.NEEDS_COPY if expected.accepted else rules.Refusal.WRONG_TYPE


@pytest.mark.parametrize("vector", INGESTION["cases"], ids=lambda vector: vector["id"])
def test_the_reference_does_what_the_golden_case_says(vector: dict[str, Any]) -> None:
    observed = golden(vector).observed
    if "raises" in vector:
        assert observed.raised is not None
        assert observed.raised.is_a(*vector["raises"])
    else:
        result, wanted = observed.result, vector["result"]
        assert result is not None, observed.raised
        assert (result.dtype, list(result.shape)) == (wanted["dtype"], wanted["shape"])
        assert result.relation in (CODES[wanted["memory"]], "unknown")
        assert result.same_object == (wanted["memory"] == "same object")


@pytest.mark.parametrize("vector", NARROWING["numbers"], ids=lambda v: f"{v['dtype']}: {v['why']}")
def test_the_reference_narrows_as_the_golden_numbers_do(vector: dict[str, Any]) -> None:
    number = float.fromhex(vector["number"])
    data = load("reference").read(reftensor.tensor(number, dtype=vector["dtype"]))
    (bits,) = struct.unpack({2: "=H", 4: "=I"}[len(data)], data)
    assert f"{bits:0{2 * len(data)}x}" == vector["bits"]


@cache
def quick_cases() -> tuple[Case, ...]:
    claims, guarantees = claims_of(load("reference")), list(TABLE.values())
    planned = batches(claims, "quick", 0, guarantees)
    return tuple(case for batch in planned for case in cases_of(batch, claims, guarantees))


@cache
def stories() -> tuple[Case, ...]:
    """More than a quick run tells: few of its stories resize what two tensors share."""
    return story_search.examples("stories", claims_of(load("reference")), 300, 0)


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != DEADLY])
def test_every_faulty_backend_is_condemned_by_the_guarantee_that_it_breaks(name: str) -> None:
    guarantee = TABLE[MEMBERS[name].breaks]
    cases = stories() if guarantee.over == "story" else quick_cases()
    with Judge(backend(name), [guarantee]) as judge:
        judgements = (judgement for case in cases for _, judgement in judge.judge(case))
        assert any(isinstance(judgement, Failure) for judgement in judgements)


def test_the_faulty_backend_that_ends_its_process_is_condemned_too() -> None:
    breaks = MEMBERS[DEADLY].breaks
    report = tensorpact.run(backend(DEADLY), only=[breaks], budget="quick", jobs=1)
    assert report[breaks].verdict is tensorpact.Verdict.CRASH


def test_the_zoo_suggests_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="copy-true-shares"):
        load("zoo:copy-true-share")


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS)
def test_every_faulty_backend_says_what_is_wrong_with_it(member: Any) -> None:
    assert member.sentence.endswith(".")
