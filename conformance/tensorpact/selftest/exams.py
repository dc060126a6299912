"""Which examinations a self-test makes, and what each of them is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from tensorpact.errors import TensorpactError
from tensorpact.guarantees import TABLE
from tensorpact.selftest.examination import Examination, examined
from tensorpact.selftest.member import Kind, Member, Zoo
from tensorpact.selftest.zoos import zoo


class Manner(StrEnum):
    """Who judges, and how long: everybody to the end, or the right guarantee until it condemns."""

    WHOLE = "whole"
    SOUGHT = "sought"


@dataclass(frozen=True, slots=True)
class Exam:
    """An examination that is to be made: of a member, or of the `sound` backend behind it."""

    member: str
    budget: str
    seed: int
    manner: Manner
    sound: bool = False


def exams(members: Zoo, budget: str, seeds: int, *, whole: bool) -> Iterator[Exam]:
    """Every member once a seed, the odd ones whole, and at the first seed every base.

    `whole`: at the first seed the faulty ones and the bases are judged by everybody. What has
    its cases in common stands together, for a process makes them once.
    """
    order = sorted(members.values(), key=lambda member: (member.needs, member.base))
    bases = {member.base: member for member in reversed(order) if member.kind is not Kind.ODD}
    for seed in range(seeds):
        for member in order:
            if not seed and bases.get(member.base) is member:
                manner = Manner.WHOLE if whole else Manner.SOUGHT
                yield Exam(member.name, budget, seed, manner, sound=True)
            yield Exam(member.name, budget, seed, _manner(member, seed, whole=whole))


def _manner(member: Member, seed: int, *, whole: bool) -> Manner:
    if member.kind is Kind.ODD or (whole and not seed):
        return Manner.WHOLE
    return Manner.SOUGHT


def once_more(member: Member, seed: int) -> Exam:
    """For a faulty member that `quick` let pass: what `standard` says of it."""
    return Exam(member.name, "standard", seed, Manner.SOUGHT)


def _broken_over(base: str) -> Collection[str]:
    """What the members break that are made out of this: all that their base must not break."""
    return {member.breaks for member in zoo().values() if member.base == base and member.breaks}


def missing(member: Member) -> bool:
    """Whether the library that the member needs is not installed."""
    return bool(member.needs) and find_spec(member.needs.replace("-", "_")) is None


def sit(exam: Exam) -> Examination:
    """The examination, made in this process and its children; its trouble where it failed."""
    member = zoo()[exam.member]
    sought = exam.manner is Manner.SOUGHT
    judges: Collection[str] = _broken_over(member.base) if exam.sound else (member.breaks,)
    until = member.breaks if sought and not exam.sound else None
    if not sought:
        judges = TABLE
    try:
        backend = member.sound() if exam.sound else member.make()
        return examined(backend, exam.budget, exam.seed, judges, until)
    except TensorpactError as error:
        return Examination((), 0, 0.0, str(error))
