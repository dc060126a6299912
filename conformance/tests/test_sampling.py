"""Which cases are taken out of many: as different as can be, and some for every guarantee."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from random import Random

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.draw import evenly, in_turn
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.scarce import scarce
from tensorpact.cases.spread import spread
from tensorpact.guarantees import TABLE

DTYPES = ("int8", "int16", "float32", "float64")
SHAPES = ((1,), (3,), (2, 2))
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


ROWS = ["a"] * 2 + ["b"] * 50 + ["c"] * 7


@pytest.mark.parametrize("limit", range(0, 70, 7))
def test_every_kind_has_its_turn_until_there_are_no_more_of_it(limit: int) -> None:
    found = Counter(evenly(ROWS, limit, Random(0), kind=str))
    assert found.total() == min(limit, len(ROWS))
    assert all(
        max(found.values()) - found[row] <= 1 for row in found if found[row] < ROWS.count(row)
    )


def test_in_turn_nothing_is_lost_and_nothing_comes_twice() -> None:
    assert sorted(in_turn(range(100), Random(0), kind=lambda row: row % 7)) == [*range(100)]


def test_a_guarantee_gets_more_of_the_cases_that_test_it() -> None:
    left = [Case(READ_ONLY, call("from_dlpack")), *CASES]
    rare = TABLE["readonly.import-respects-flag"]
    assert scarce([rare], CLAIMS, CASES, left, 3, 0) == (left[0],)


COMMON = TABLE["dtype.carried-dtype-is-kept"]


def test_a_guarantee_that_has_seen_every_pair_gets_none() -> None:
    known = spread(CASES, len(DTYPES) * len(SHAPES), Random(0))
    left = [case for case in CASES if case not in known]
    assert scarce([COMMON], CLAIMS, known, left, 18, 0) == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_guarantee_gets_the_trait_that_it_has_not_seen(seed: int) -> None:
    known, new = CASES[:9], CASES[-9:]
    found = scarce([COMMON], CLAIMS, known, [*known, *new], 18, seed)
    assert found
    assert {*found} <= {*new}


@pytest.mark.parametrize("seed", range(5))
def test_half_of_what_a_guarantee_gets_are_plain_calls(seed: int) -> None:
    cluttered = [Case(case.source, call("asarray", copy=True)) for case in CASES]
    found = scarce([COMMON], CLAIMS, [], [*CASES, *cluttered], 8, seed)
    assert len(found) == 8
    assert sum(case in CASES for case in found) == 4
