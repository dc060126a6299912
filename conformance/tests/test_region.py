"""Regions of the axes: the smallest one around what fails."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tensorpact.cases.region import (
    ABSENT,
    Chart,
    Condition,
    Point,
    Region,
    around,
    either,
    explained,
)

SHAPES, COPIES, DTYPES = ("0-d", "rank 1", "empty"), ("", "False", "True"), ("int8", "float32")


def point(shape: str, copy: str, dtype: str) -> Point:
    argument = (f"argument:copy={copy}",) if copy else ()
    return ("operation=asarray", *argument, f"dtype={dtype}", f"shape={shape}")


GRID = [point(*values) for values in product(SHAPES, COPIES, DTYPES)]


def split(fails: Region) -> tuple[Sequence[Point], Chart]:
    return [p for p in GRID if fails.has(p)], Chart([p for p in GRID if not fails.has(p)])


def test_one_cause_is_named_by_its_axes_alone() -> None:
    cause = Region((Condition("argument:copy", ("False",)), Condition("shape", ("0-d",))))
    assert around(*split(cause)) == cause


def test_an_argument_that_is_not_given_is_a_value_too() -> None:
    cause = Region((Condition("argument:copy", (ABSENT,)),))
    assert around(*split(cause)) == cause


def test_what_fails_everywhere_has_no_conditions() -> None:
    assert around(GRID, Chart([])) == Region()


def test_one_of_several_flags_is_enough() -> None:
    flagged = ("flag=lazy", "flag=read-only")
    assert around([flagged, ("flag=read-only",)], Chart([("flag=lazy",), ()])) == Region(
        (Condition("flag", ("read-only",)),)
    )


@given(st.lists(st.booleans(), min_size=len(GRID), max_size=len(GRID)).filter(any))
def test_a_region_has_all_that_is_inside_and_nothing_can_be_left_out(fails: list[bool]) -> None:
    inside = [p for p, failed in zip(GRID, fails, strict=True) if failed]
    outside = [p for p, failed in zip(GRID, fails, strict=True) if not failed]
    found = around(inside, Chart(outside))
    assert all(map(found.has, inside))
    caught = sum(map(found.has, outside))
    assert caught == Chart(outside).inside(found)
    for left_out in found.conditions:
        wider = Region(tuple(c for c in found.conditions if c != left_out))
        assert sum(map(wider.has, outside)) > caught


_LENGTH = len(GRID)
SUBSETS = st.lists(st.booleans(), min_size=_LENGTH, max_size=_LENGTH).filter(any)


@given(SUBSETS, SUBSETS)
def test_a_region_of_two_has_what_each_has(here: list[bool], there: list[bool]) -> None:
    one, other = (
        around([p for p, chosen in zip(GRID, part, strict=True) if chosen], Chart(GRID))
        for part in (here, there)
    )
    both = either(one, other)
    assert both is not None
    assert all(both.has(p) for p in GRID if one.has(p) or other.has(p))
    assert either(one, None) is None


def test_two_causes_are_told_apart() -> None:
    causes = [Region((Condition("shape", ("0-d",)),)), Region((Condition("dtype", ("int8",)),))]
    failing = [p for p in GRID if any(cause.has(p) for cause in causes)]
    kept = Chart([p for p in GRID if p not in failing])
    assert set(explained(failing, kept)) == {*causes}


def test_values_that_fail_alike_are_one_cause() -> None:
    cause = Region((Condition("argument:copy", ("False", "True")),))
    assert explained(*split(cause)) == [cause]


@given(st.lists(st.booleans(), min_size=len(GRID), max_size=len(GRID)).filter(any))
def test_every_failing_point_is_explained(fails: list[bool]) -> None:
    failing = [p for p, failed in zip(GRID, fails, strict=True) if failed]
    kept = Chart([p for p, failed in zip(GRID, fails, strict=True) if not failed])
    found = explained(failing, kept)
    assert all(any(region.has(p) for region in found) for p in failing)
    assert len(found) < 9
