"""More cases for every guarantee: those that show it traits, and pairs of them, not shown so far.

Most cases test the same two dozen guarantees. One that speaks of a single flag, or of NaN on its
way to an int, is tested by the few that happen to have it, and seldom in every layout or dtype.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases.draw import in_turn
from tensorpact.cases.model import Aspect, Case, State
from tensorpact.cases.spread import greedy
from tensorpact.cases.traits import Traits, outline
from tensorpact.guarantees.model import Guarantee

_KNOWN = 150
"""So many cases of those that are tried anyway are asked for their traits."""

_WIDER = 4
"""Out of how many times as many those are chosen that are taken."""

Subject = tuple[str, Aspect]
"""What a guarantee speaks of: an operation, and what is observed of it."""


def scarce(
    guarantees: Sequence[Guarantee],
    claims: Claims,
    tried: Iterable[Case],
    left: Iterable[Case],
    quota: int,
    seed: int,
) -> tuple[Case, ...]:
    """Of the cases that are left, up to `quota` for each guarantee: those with most that is new.

    Each once, though it may serve several guarantees.
    """
    random, traits = Random(f"{seed}:scarce"), Traits()
    known = _testing(guarantees, claims, in_turn(tried, random, outline), _KNOWN)
    offered = _testing(guarantees, claims, in_turn(left, random, outline), quota * _WIDER)
    chosen: dict[Case, None] = {}
    for id, found in offered.items():
        seen = set(chain.from_iterable(map(traits.pairs, known[id])))
        plain = [case for case in found if _is_plain(case)]
        others = [case for case in found if not _is_plain(case)]
        for cases, limit in ((plain, quota // 2), (others, quota - quota // 2)):
            for turn in greedy([*map(traits.pairs, cases)], limit, seen):
                chosen[cases[turn]] = None
                seen |= traits.pairs(cases[turn])
    return tuple(chosen)


def _testing(
    guarantees: Sequence[Guarantee], claims: Claims, cases: Iterable[Case], most: int
) -> Mapping[str, list[Case]]:
    """The first cases that put each guarantee to the test on this backend, by its id.

    Case by case, for what one guarantee asks of a case the next one asks again.
    """
    found: dict[str, list[Case]] = {guarantee.id: [] for guarantee in guarantees}
    asking: dict[Subject, list[Guarantee]] = {}
    for case in cases:
        subject = _subject(case)
        if subject not in asking:
            asking[subject] = [g for g in guarantees if _speaks_of(g, subject, claims)]
        served = [g for g in asking[subject] if g.applies(case, claims)]
        for guarantee in served:
            found[guarantee.id].append(case)
        if any(len(found[guarantee.id]) >= most for guarantee in served):
            asking[subject] = [g for g in asking[subject] if len(found[g.id]) < most]
    return found


def _is_plain(case: Case) -> bool:
    return not case.call.arguments and case.state == State()


def _subject(case: Case) -> Subject:
    return case.call.operation, case.aspect


def _speaks_of(guarantee: Guarantee, subject: Subject, claims: Claims) -> bool:
    operation, aspect = subject
    return guarantee.speaks_of(aspect) and bool(guarantee.promises_for(claims, operation))
