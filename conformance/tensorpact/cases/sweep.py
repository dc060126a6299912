"""What is taken out of a family of cases: all of a small one, the most different of a large one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases.draw import sampled
from tensorpact.cases.families import FAMILIES
from tensorpact.cases.feasible import asks_for_what_there_is
from tensorpact.cases.model import Case, Leaf, leaves
from tensorpact.cases.spread import spread

_SPREAD = 400
"""So many cases are chosen so that they differ; what is taken beyond them is drawn."""

_WIDER = 4
"""Out of how many times as many those are chosen."""

_NARROWER = 2
"""How much more is made where only some guarantees are asked for, before what they do not speak
of is left out."""

_OFFER = 360
"""So many more cases of a family are made than are taken, where it can make as many as it likes."""

_POOL = 1_500
"""So many cases of a family are kept that were not taken, lest large ones fill the memory."""


@lru_cache(maxsize=128)
def _pool(
    family: str, claims: Claims, limit: int, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    """What a family offers, and what is taken out of."""
    random = Random(f"{seed}:{family}")
    wider = limit + _OFFER
    made = FAMILIES[family](claims, random, wider if ids is None else wider * _NARROWER)
    fitting = tested(dict.fromkeys(made), claims, ids)
    return tuple(sampled(fitting, limit + _POOL, random))


@lru_cache(maxsize=256)
def sweep(
    family: str, claims: Claims, limit: int, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    """The whole family where it is small, else a sample of it that the seed decides.

    A case of every kind comes first, however many kinds there are. Half of the rest are calls
    without arguments, as far as there are so many: what most people call is tried before what
    few do.
    """
    random = Random(f"{seed}:{family}:sweep")
    fitting = _pool(family, claims, limit, seed, ids)
    if len(fitting) <= limit:
        return fitting
    first = _one_of_each(fitting, random)
    known = {*first}
    rest = [case for case in fitting if case not in known]
    plain = [case for case in rest if not case.call.arguments]
    others = [case for case in rest if case.call.arguments]
    left = max(limit - len(first), 0)
    most = max(left // 2, left - len(others))
    chosen = _spread(plain, most, random)
    return (*first, *chosen, *_spread(others, left - len(chosen), random))


def left_out(
    family: str, claims: Claims, limit: int, seed: int, ids: tuple[str, ...] | None
) -> list[Case]:
    """What a family offers beyond what is taken."""
    taken = {*sweep(family, claims, limit, seed, ids)}
    return [case for case in _pool(family, claims, limit, seed, ids) if case not in taken]


def _spread(cases: Sequence[Case], limit: int, random: Random) -> list[Case]:
    """At most so many, the first of them as different as can be."""
    apart = min(limit, _SPREAD)
    chosen = spread(sampled(cases, apart * _WIDER, random), apart, random)
    known = {*chosen}
    rest = [case for case in cases if case not in known] if limit > apart else []
    return chosen + sampled(rest, limit - len(chosen), random)


def _one_of_each(cases: Sequence[Case], random: Random) -> list[Case]:
    """A case of every kind, without arguments where there is such a one."""
    kinds: dict[object, list[Case]] = {}
    for case in cases:
        kinds.setdefault(_kind(case), []).append(case)
    plain = ([c for c in alike if not c.call.arguments] or alike for alike in kinds.values())
    return [random.choice(alike) for alike in plain]


def _kind(case: Case) -> object:
    """What is special about a case, where it has a name: things, a twist, a schedule."""
    if case.block is not None:
        special = case.block.twist or case.block.grad or case.block.lazy
        return (special, case.call.operation) if special else case.schedule
    named = leaves(case.root) if case.root is not None else ()
    return tuple([leaf.text for leaf in named if isinstance(leaf, Leaf) and leaf.kind == "thing"])


def tested(made: Iterable[Case], claims: Claims, ids: tuple[str, ...] | None) -> tuple[Case, ...]:
    """The cases that put one of the guarantees to the test; all of them where none is named.

    Blocks are feasible as the families make them, but their dtype need not be the backend's,
    and some calls ask for the dtype of what they get.
    """
    cases = (case for case in made if asks_for_what_there_is(case, claims))
    if ids is None:
        return tuple(cases)
    from tensorpact.guarantees import TABLE, claimed

    chosen = claimed([TABLE[name] for name in ids], claims)
    return tuple(case for case in cases if any(g.applies(case, claims) for g in chosen(case)))
