"""Every quick run comes upon the inputs that it claims to reach; one that does not is noticed."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.plan import batches
from tensorpact.cases.reach import AXES, REACH, Reached, counted, unreached
from tensorpact.guarantees import TABLE, claimed
from tensorpact.guarantees.model import Level

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


LACKED = {
    "copying.immutable-is-isolated",
    "device.data-less-device",
    *(id for id in TABLE if id.startswith("grad.")),
    *(id for id in TABLE if "lazy" in id),
}
"""What speaks of abilities that the reference does not have."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quick_run_puts_every_guarantee_to_the_test(seed: int) -> None:
    claims = claims_of(load("reference"))
    chosen = claimed(tuple(TABLE.values()), claims)
    found = Counter(g.id for c in quick(seed) for g in chosen(c) if g.applies(c, claims))
    scored = {g.id for g in TABLE.values() if g.level is not Level.OBSERVE} - LACKED
    few = {id: found[id] for id in scored if found[id] < 10}
    assert few == {"lifetime.exit-is-orderly": 3}  # a process each
    assert not {*found} & LACKED


@pytest.mark.parametrize("each", REACH, ids=lambda each: each.what)
def test_a_run_without_an_input_is_noticed(each: Reached) -> None:
    left = [case for case in quick(0) if not each.found(case)]
    assert counted(left)[each.what] < each.least


def test_a_run_of_one_case_lacks_values_of_every_axis() -> None:
    assert {*unreached([Case(Block(), call("asarray"))])} == {axis.what for axis in AXES}
