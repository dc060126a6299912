"""Which cases are taken out of many: as different as can be, and some for every guarantee."""

from __future__ import annotations

from itertools import combinations, product
from random import Random

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.scarce import scarce
from tensorpact.cases.spread import spread
from tensorpact.guarantees import TABLE

DTYPES = ("int8", "int16", "float32", "float64")
SHAPES = ((2,), (3,), (2, 2))
LAYOUTS = ("C", "F", "gaps")
CASES = [
    Case(Block(dtype=dtype, shape=shape, layout=layout), call("asarray"))
    for dtype, shape, layout in product(DTYPES, SHAPES, LAYOUTS)
]
CLAIMS = claims_of(load("reference"))
READ_ONLY = Block("dlpack", twist="plain", readonly=True)


def pairs(cases: list[Case]) -> set[tuple[object, ...]]:
    blocks = [case.block for case in cases if case.block is not None]
    return {p for b in blocks for p in combinations((b.dtype, b.shape, b.layout), 2)}


@pytest.mark.parametrize("seed", range(5))
def test_twelve_cases_of_36_hold_every_pair_of_features(seed: int) -> None:
    assert pairs(spread(CASES, len(DTYPES) * len(SHAPES), Random(seed))) == pairs(CASES)


@pytest.mark.parametrize("limit", [0, 1, 20, 36, 50])
def test_a_sample_has_so_many_different_cases_and_no_others(limit: int) -> None:
    found = spread(CASES, limit, Random(0))
    assert len(found) == len({*found}) == min(limit, len(CASES))
    assert {*found} <= {*CASES}
    assert found == spread(CASES, limit, Random(0))


def test_what_is_special_leaves_half_of_the_room_to_the_rest() -> None:
    special = [Case(Block("dlpack", dtype, twist="plain"), call("asarray")) for dtype in DTYPES]
    found = spread([*CASES, *special], 8, Random(0))
    assert 4 <= sum(case in CASES for case in found) < 8


def test_a_guarantee_that_few_cases_test_gets_more_of_them() -> None:
    left = [Case(READ_ONLY, call("from_dlpack")), *CASES]
    rare = TABLE["readonly.import-respects-flag"]
    assert scarce([rare], CLAIMS, CASES, left, 3, 0) == (left[0],)


def test_a_guarantee_that_many_cases_test_gets_none() -> None:
    common = TABLE["dtype.carried-dtype-is-kept"]
    assert scarce([common], CLAIMS, CASES[:18], CASES[18:], 18, 0) == ()
    assert len(scarce([common], CLAIMS, CASES[:16], CASES[18:], 18, 0)) == 2
