"""Every member of the zoo is judged as it must be on its witness; so is what it is made out of."""

from __future__ import annotations

import pytest

from tensorpact.backends.find import load
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Level
from tensorpact.selftest.examination import condemned
from tensorpact.selftest.exams import missing
from tensorpact.selftest.member import Kind, Member, Zoo
from tensorpact_fixtures.zoo import members
from tensorpact_fixtures.zoo.mutant import edited

ZOO = members()
GUILTY = {name: member for name, member in ZOO.items() if member.kind is not Kind.ODD}
SCORED = [g.id for g in TABLE.values() if g.level is not Level.OBSERVE]


def each(zoo: Zoo) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("member", zoo.values(), ids=zoo)


def present(member: Member) -> Member:
    """The member; the test is skipped where its library is not installed."""
    if missing(member):
        pytest.skip(f"{member.needs} is not installed")
    return member


@each(GUILTY)
def test_a_faulty_backend_is_condemned_by_what_it_breaks_and_by_nothing_unrelated(
    member: Member,
) -> None:
    broken, _ = condemned(present(member).make(), member.witness)
    assert member.breaks in broken
    assert broken <= {member.breaks, *member.also}


@each(GUILTY)
def test_what_it_is_made_out_of_keeps_what_it_breaks(member: Member) -> None:
    broken, kept = condemned(present(member).sound(), member.witness)
    assert not broken
    assert member.breaks in kept


@each({name: member for name, member in ZOO.items() if member.kind is Kind.ODD})
def test_an_odd_backend_is_acquitted(member: Member) -> None:
    broken, kept = condemned(present(member).make(), member.witness)
    assert not broken
    assert kept


@pytest.mark.parametrize("id", SCORED)
def test_every_guarantee_is_broken_in_the_open_and_in_a_corner(id: str) -> None:
    breaking = [member for member in GUILTY.values() if member.breaks == id]
    assert len(breaking) >= 2
    assert any(member.corner for member in breaking)


@each(ZOO)
def test_every_member_says_what_it_is_and_names_guarantees_that_there_are(member: Member) -> None:
    assert member.sentence.endswith(".")
    assert {member.breaks, *member.also} - {""} <= {*TABLE}
    assert not member.breaks or member.breaks in SCORED
    assert member.breaks not in member.also
    assert member.kind is Kind.FAULTY or member.address.startswith("https://")


def test_the_zoo_suggests_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="copy-true-shares"):
        load("zoo:copy-true-share")


@pytest.mark.parametrize("text", ["nowhere", "there and there"])
def test_an_edit_that_does_not_fit_exactly_once_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not once"):
        edited(text, {"there": "here"})


def test_a_mutant_has_no_class_in_common_with_the_reference() -> None:
    assert load("zoo:owners-leak").tensor_type is not load("reference").tensor_type
