"""The plan of a run: which cases, in which batches; the same in every process."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice

from tensorpact.backends.protocol import Claims
from tensorpact.cases.families import COVERED, FAMILIES
from tensorpact.cases.model import Case
from tensorpact.cases.scarce import scarce
from tensorpact.cases.sweep import left_out, sweep, tested
from tensorpact.guarantees.model import Guarantee, Level

_PAIRS = 1_000


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is tried: cases of a sweep family at the most, examples of a search, stories.

    `again`: as many as that of a family whose ground the golden vectors cover. `each`: further
    cases at the most for each guarantee.
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
    "quick": Budget(sweep=60, again=30, each=60, search=30, stories=80),
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
    """Every batch of a run, phase by phase, as soon as its cases are made.

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


@contextmanager
def _uncollected() -> Iterator[None]:
    """While cases are made, which are all kept, nobody looks for garbage among them."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@lru_cache(maxsize=256)
@_uncollected()
def _cases(
    phase: str, family: str, claims: Claims, budget: str, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    limits = BUDGETS[budget]
    if phase == "sweep":
        return sweep(family, claims, limits.most(family), seed, ids)
    if phase == "scarce":
        return _scarce(claims, limits, seed, ids)
    if phase == "vectors":
        return _of_vectors(family, claims, ids)
    from tensorpact.cases import search, story_search

    if phase == "search":
        found = search.examples(family, claims, limits.search, seed)
    else:
        found = story_search.examples(family, claims, limits.stories, seed)
    return tested(found, claims, ids)


def _of_vectors(group: str, claims: Claims, ids: tuple[str, ...] | None) -> tuple[Case, ...]:
    """The cases of the vectors of a file that one of the guarantees speaks of."""
    from tensorpact.vectors.files import by_case, cases_in

    made, vectors = tuple(cases_in(group, claims)), by_case(claims)
    fitting = set(tested(made, claims, ids))
    return tuple(
        case
        for case in made
        if case in fitting or any(vector.guarantee in (ids or ()) for vector in vectors[case])
    )


def _scarce(
    claims: Claims, limits: Budget, seed: int, ids: tuple[str, ...] | None
) -> tuple[Case, ...]:
    """What the sweep has left out, for the guarantees that it hardly tests."""
    from tensorpact.guarantees import TABLE

    if not limits.each:
        return ()
    of_each = [(name, claims, limits.most(name), seed, ids) for name in FAMILIES]
    vectors = [_of_vectors(group, claims, ids) for group in _vector_groups()]
    tried = chain(*vectors, *(sweep(*family) for family in of_each))
    left = chain.from_iterable(left_out(*family) for family in of_each)
    guarantees = [TABLE[id] for id in ids or TABLE if TABLE[id].level is not Level.OBSERVE]
    return scarce(guarantees, claims, tried, left, limits.each, seed)
