"""What mutants of the probes are examined by: the law of the zoo, told in this process.

Members that end their process are left to the tests that judge them in one of their own.
"""

from __future__ import annotations

import pytest

from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge
from tensorpact.selftest.exams import missing
from tensorpact.selftest.member import Kind, Member
from tensorpact_fixtures.zoo import members

ZOO = {
    name: member
    for name, member in members().items()
    if member.breaks != "error.nothing-crashes" and not missing(member)
}


def verdict(member: Member, *, sound: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The guarantees that were broken on the witness, and those that were kept."""
    backend = member.sound() if sound else member.make()
    with Judge(backend, tuple(TABLE.values())) as judge:
        found = [each for case in member.witness for each in judge.judge(case)]
    broken = frozenset(g.id for g, judgement in found if isinstance(judgement, Failure))
    return broken, frozenset(g.id for g, _ in found) - broken


@pytest.mark.parametrize("member", ZOO.values(), ids=ZOO)
def test_the_guilty_are_condemned_and_the_sound_acquitted(member: Member) -> None:
    if member.kind is not Kind.ODD:
        broken, _ = verdict(member, sound=False)
        assert member.breaks in broken
        assert broken <= {member.breaks, *member.also}
    broken, kept = verdict(member, sound=True)
    assert not broken
    assert member.kind is Kind.ODD or member.breaks in kept
