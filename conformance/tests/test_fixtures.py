"""Every faulty backend of the zoo is caught by the guarantee that it breaks."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import tensorpact
from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases import story_search
from tensorpact.cases.model import Case
from tensorpact.cases.plan import batches, cases_of
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge
from tensorpact_fixtures.zoo import MEMBERS, backend

DEADLY = "negative-strides-abort"


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
