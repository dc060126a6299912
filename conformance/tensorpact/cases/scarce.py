"""More cases for the guarantees that few cases put to the test.

Most cases test the same two dozen guarantees. One that speaks of a single flag, or of NaN on its
way to an int, is tested by the few that happen to have it: those are looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Aspect, Case
from tensorpact.cases.spread import spread
from tensorpact.guarantees.model import Guarantee

_WIDER = 4
"""Out of how many times as many those are chosen that are taken."""


Subject = tuple[str, Aspect]
"""What a guarantee speaks of: an operation, and what is observed of it."""


def scarce(
    guarantees: Sequence[Guarantee],
    claims: Claims,
    tried: Sequence[Case],
    left: Sequence[Case],
    quota: int,
    seed: int,
) -> tuple[Case, ...]:
    """Of the cases that are left, so many that `quota` of all apply to each guarantee.

    Fewer where there are no more; each once, though it may serve several guarantees.
    """
    random = Random(f"{seed}:scarce")
    known, offered = _by_subject(tried, random), _by_subject(left, random)
    chosen: dict[Case, None] = {}
    for guarantee in guarantees:
        missing = quota - len([*islice(_testing(guarantee, claims, known), quota)])
        if missing:
            found = [*islice(_testing(guarantee, claims, offered), missing * _WIDER)]
            chosen |= dict.fromkeys(spread(found, missing, random))
    return tuple(chosen)


def _by_subject(cases: Sequence[Case], random: Random) -> Mapping[Subject, list[Case]]:
    """The cases of every subject, in an order of their own."""
    found: dict[Subject, list[Case]] = {}
    for case in random.sample(cases, len(cases)):
        found.setdefault((case.call.operation, case.aspect), []).append(case)
    return found


def _testing(
    guarantee: Guarantee, claims: Claims, cases: Mapping[Subject, list[Case]]
) -> Iterator[Case]:
    """The cases that put the guarantee to the test on this backend, of all subjects in turn."""
    groups = [
        group
        for (operation, aspect), group in cases.items()
        if guarantee.speaks_of(aspect) and guarantee.promises_for(claims, operation)
    ]
    in_turn = (case for turn in zip_longest(*groups) for case in turn if case is not None)
    return (case for case in in_turn if guarantee.applies(case, claims))
