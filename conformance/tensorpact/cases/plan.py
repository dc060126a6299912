"""The plan of a run: which cases, in which batches; the same in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import (
    cost_families,
    device_families,
    dlpack_families,
    export_families,
    life_families,
    memory_families,
    rare_families,
    value_families,
)
from tensorpact.cases.feasible import asks_for_what_there_is
from tensorpact.cases.model import Case, Leaf, leaves
from tensorpact.cases.scarce import scarce
from tensorpact.cases.spread import spread
from tensorpact.guarantees.model import Guarantee, Level

Family = Callable[[Claims, Random, int], Iterator[Case]]
"""What a family is given: the claims, its own randomness, and about how many cases to make."""
FAMILIES: Mapping[str, Family] = {
    **memory_families.FAMILIES,
    **device_families.FAMILIES,
    **value_families.FAMILIES,
    **rare_families.FAMILIES,
    **cost_families.FAMILIES,
    **dlpack_families.FAMILIES,
    **export_families.FAMILIES,
    **life_families.FAMILIES,
}


COVERED = frozenset(
    (
        "outliers", "scalars", "array scalars", "inference", "mixtures", "nesting", "ragged",
        "stacks", "texts", "values on devices", "typed buffers",
    )
)  # fmt: skip
"""Sweep families on whose ground the golden vectors stand, which every run tries before."""


_PAIRS = 1_000


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is tried: cases of a sweep family at the most, examples of a search, stories.

    `again`: as many as that of a family whose ground the golden vectors cover. `each`: cases of
    the sweep that put a guarantee to the test, where there are so many.
    """

    sweep: int
    again: int
    each: int
    search: int
    stories: int

    def most(self, family: str) -> int:
        """How many cases of a sweep family there are at the most.

        The pairs are all there or are no pairs.
        """
        if family == "pairs":
            return max(self.sweep, _PAIRS)
        return self.again if family in COVERED else self.sweep


BUDGETS: Mapping[str, Budget] = {
    "quick": Budget(sweep=160, again=60, each=60, search=30, stories=80),
    "standard": Budget(sweep=3_600, again=3_600, each=200, search=400, stories=600),
    "deep": Budget(sweep=10**9, again=10**9, each=0, search=5_000, stories=8_000),
}

BATCH = 1_500


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases that one process judges in turn: the `index`-th part of the cases of a phase."""

    phase: str
    index: int
    cases: tuple[Case, ...] = field(repr=False)


def batches(
    claims: Claims, budget: str, seed: int, guarantees: Sequence[Guarantee]
) -> Iterator[Batch]:
    """Every batch of a run, vectors, sweep, search and stories, as soon as its cases are made.

    Raises KeyError for an unknown budget, HarnessFault for a file of vectors that is malformed.
    """
    claims = claims.nameless
    stories = {g.over == "story" for g in guarantees}
    told = any(g.speaks_of("story") for g in guarantees)
    phases = {
        "vectors": _vector_groups() if False in stories else (),
        "sweep": tuple(FAMILIES) if False in stories else (),
        "scarce": ("scarce",) if False in stories else (),
        "search": _search_families() if False in stories else (),
        "stateful": _story_families() if told else (),
    }
    for phase, families in phases.items():
        made = (_cases(phase, name, claims, budget, seed, _ids(guarantees)) for name in families)
        for index, cases in enumerate(_parts(chain.from_iterable(made))):
            yield Batch(phase, index, cases)


def _parts(cases: Iterable[Case]) -> Iterator[tuple[Case, ...]]:
    """No more cases at a time than a batch has; what is left over comes last."""
    cases = iter(cases)
    while part := tuple(islice(cases, BATCH)):
        yield part


def _ids(guarantees: Sequence[Guarantee]) -> tuple[str, ...] | None:
    """The ids, or None for all guarantees: then nothing has to be left out of the plan."""
    from tensorpact.guarantees import TABLE

    return None if len(guarantees) == len(TABLE) else tuple(g.id for g in guarantees)


def _vector_groups() -> tuple[str, ...]:
    from tensorpact.vectors.files import vectors

    return tuple(vectors())


def _search_families() -> tuple[str, ...]:
    from tensorpact.cases import search

    return tuple(search.FAMILIES)


def _story_families() -> tuple[str, ...]:
    from tensorpact.cases import story_search

    return tuple(story_search.FAMILIES)


@lru_cache(maxsize=256)
def _cases(
    phase: str, family: str, claims: Claims, budget: str, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    limits = BUDGETS[budget]
    if phase == "sweep":
        return _sweep(family, claims, budget, seed, ids)
    if phase == "scarce":
        return _scarce(claims, budget, seed, ids)
    if phase == "vectors":
        return _of_vectors(family, claims, ids)
    from tensorpact.cases import search, story_search

    if phase == "search":
        found = search.examples(family, claims, limits.search, seed)
    else:
        found = story_search.examples(family, claims, limits.stories, seed)
    return _tested(found, claims, ids)


def _of_vectors(group: str, claims: Claims, ids: tuple[str, ...] | None) -> tuple[Case, ...]:
    """The cases of the vectors of a file that one of the guarantees speaks of."""
    from tensorpact.vectors.files import by_case, cases_in

    made, vectors = tuple(cases_in(group, claims)), by_case(claims)
    tested = set(_tested(made, claims, ids))
    return tuple(
        case
        for case in made
        if case in tested or any(vector.guarantee in (ids or ()) for vector in vectors[case])
    )


_SPREAD = 400
"""So many cases are chosen so that they differ; what is taken beyond them is drawn."""

_WIDER = 4
"""Out of how many times as many those are chosen."""

_NARROWER = 2
"""How much more is made where only some guarantees are asked for, before what they do not speak
of is left out."""


_POOL = 1_500
"""So many cases of a family are kept that were not taken, lest large ones fill the memory."""


@lru_cache(maxsize=128)
def _pool(
    family: str, claims: Claims, budget: str, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    """What a family offers, and what is taken out of."""
    random, limit = Random(f"{seed}:{family}"), BUDGETS[budget].most(family)
    wider = limit + min(limit, _SPREAD) * (_WIDER - 1)
    made = FAMILIES[family](claims, random, wider if ids is None else wider * _NARROWER)
    fitting = _tested(dict.fromkeys(made), claims, ids)
    return tuple(memory_families.sampled(fitting, limit + _POOL, random))


def _scarce(
    claims: Claims, budget: str, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    """What the sweep has left out, for the guarantees that it hardly tests."""
    from tensorpact.guarantees import TABLE

    tried = [c for name in FAMILIES for c in _cases("sweep", name, claims, budget, seed, ids)]
    offered = (c for name in FAMILIES for c in _pool(name, claims, budget, seed, ids))
    known = {*tried}
    left = [case for case in dict.fromkeys(offered) if case not in known]
    guarantees = [TABLE[id] for id in ids or TABLE if TABLE[id].level is not Level.OBSERVE]
    return scarce(guarantees, claims, tried, left, BUDGETS[budget].each, seed)


def _sweep(
    family: str, claims: Claims, budget: str, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    """The whole family where it is small, else a sample of it that the seed decides.

    A case of every kind comes first. Half of the rest are calls without arguments, as far as
    there are so many: what most people call is tried before what few do.
    """
    random, limit = Random(f"{seed}:{family}:sweep"), BUDGETS[budget].most(family)
    fitting = _pool(family, claims, budget, seed, ids)
    if len(fitting) <= limit:
        return fitting
    first = memory_families.sampled(_one_of_each(fitting, random), limit, random)
    known = {*first}
    rest = [case for case in fitting if case not in known]
    plain = [case for case in rest if not case.call.arguments]
    others = [case for case in rest if case.call.arguments]
    left = limit - len(first)
    most = max(left // 2, left - len(others))
    chosen = _spread(plain, most, random)
    return (*first, *chosen, *_spread(others, left - len(chosen), random))


def _spread(cases: Sequence[Case], limit: int, random: Random) -> list[Case]:
    """At most so many, the first of them as different as can be."""
    apart = min(limit, _SPREAD)
    chosen = spread(memory_families.sampled(cases, apart * _WIDER, random), apart, random)
    known = {*chosen}
    rest = [case for case in cases if case not in known] if limit > apart else []
    return chosen + memory_families.sampled(rest, limit - len(chosen), random)


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


def _tested(made: Iterable[Case], claims: Claims, ids: tuple[str, ...] | None) -> tuple[Case, ...]:
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
