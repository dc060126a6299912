"""A sample of many cases in which as many pairs of traits as possible stand together.

A sample at random finds a given pair by luck; this one takes the pairs that are left first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence, Set
from itertools import chain
from random import Random

from tensorpact.cases.model import Case
from tensorpact.cases.traits import Traits


def spread(cases: Sequence[Case], limit: int, random: Random) -> list[Case]:
    """At most `limit` of the cases, each of which adds the most pairs to those before it.

    In half of them at the most it is pairs that something special has a part in that count.
    Ties are for `random` to decide.
    """
    if len(cases) <= limit:
        return list(cases)
    order, traits = random.sample(cases, len(cases)), Traits()
    first = greedy([*map(traits.special_pairs, order)], limit // 2)
    taken = {*first}
    left = [case for turn, case in enumerate(order) if turn not in taken]
    chosen = [order[turn] for turn in first]
    seen = chain.from_iterable(map(traits.pairs, chosen))
    rest = greedy([*map(traits.pairs, left)], limit - len(first), seen, enough=0)
    return [*chosen, *(left[turn] for turn in rest)]


def greedy(
    kinds: Sequence[Set[int]], limit: int, seen: Iterable[int] = (), enough: int = 1
) -> list[int]:
    """Which to take, by their places: the one that adds most to what was `seen`, again and again.

    It ends where none adds `enough`. Not the smallest choice that there is.
    """
    known = set(seen)
    left = [(-len(own), turn) for turn, own in enumerate(kinds)]
    heapq.heapify(left)
    chosen: list[int] = []
    while left and len(chosen) < limit:
        most, turn = left[0]
        gain = len(kinds[turn] - known)
        if gain != -most:
            heapq.heapreplace(left, (-gain, turn))
        elif gain < enough:
            break
        else:
            heapq.heappop(left)
            known |= kinds[turn]
            chosen.append(turn)
    return chosen
