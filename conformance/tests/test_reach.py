"""Every quick run comes upon the inputs that it claims to reach; one that does not is noticed."""

from __future__ import annotations

from functools import cache

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.plan import batches
from tensorpact.cases.reach import AXES, REACH, Reached, counted, unreached
from tensorpact.guarantees import TABLE

SEEDS = range(5)


@cache
def quick(seed: int) -> tuple[Case, ...]:
    planned = batches(claims_of(load("reference")), "quick", seed, tuple(TABLE.values()))
    return tuple(case for batch in planned for case in batch.cases)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quick_run_has_every_input_as_often_as_it_claims(seed: int) -> None:
    found = counted(quick(seed))
    assert not {each.what: found[each.what] for each in REACH if found[each.what] < each.least}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quick_run_has_every_value_of_the_axes(seed: int) -> None:
    assert not unreached(quick(seed))


@pytest.mark.parametrize("each", REACH, ids=lambda each: each.what)
def test_a_run_without_an_input_is_noticed(each: Reached) -> None:
    left = [case for case in quick(0) if not each.found(case)]
    assert counted(left)[each.what] < each.least


def test_a_run_of_one_case_lacks_values_of_every_axis() -> None:
    assert {*unreached([Case(Block(), call("asarray"))])} == {axis.what for axis in AXES}
