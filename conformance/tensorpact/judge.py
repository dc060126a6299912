"""The judge: runs a case once and asks every guarantee that it puts to the test."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from types import TracebackType

from tensorpact.backends.protocol import Backend, Claims, claims_of
from tensorpact.cases.axes import axes_of
from tensorpact.cases.model import Case
from tensorpact.expectation import expect
from tensorpact.guarantees import claimed
from tensorpact.guarantees.model import SKIP, Failure, Guarantee, Judgement
from tensorpact.probes.export import give
from tensorpact.probes.life import live_through
from tensorpact.probes.observe import Eyes, observe
from tensorpact.probes.story import tell
from tensorpact.trial import Observed, Trial
from tensorpact.vectors.files import by_case
from tensorpact.vectors.judged import judged as judged_by_vector
from tensorpact.vectors.model import Vector

Judged = tuple[Guarantee, Judgement]
Golden = tuple[Guarantee, Vector]

_REMEMBERED = 500
"""So many trials are kept to be compared with: cases that belong together lie close together."""

_FEW = 1_000


class Judge:
    """Judges cases on one backend, in this process; use it as a context manager.

    `vectors` are the golden vectors by their cases, all there are unless given. While it is
    entered, every warning is recorded instead of shown. Raises AdapterFault when the adapter
    itself fails.
    """

    def __init__(
        self,
        backend: Backend,
        guarantees: Sequence[Guarantee],
        claims: Claims | None = None,
        vectors: Mapping[Case, Sequence[Vector]] | None = None,
    ) -> None:
        self.backend = backend
        self.claims = claims or claims_of(backend)
        self._claimed = claimed(guarantees, self.claims)
        self._vectors = by_case(self.claims) if vectors is None else vectors
        self._catch = warnings.catch_warnings(record=True)
        self._eyes = Eyes.of(backend, [])
        self._seen: dict[Case, Trial] = {}

    def __enter__(self) -> Judge:
        log = self._catch.__enter__()
        warnings.simplefilter("always")
        self._eyes = Eyes.of(self.backend, log if log is not None else [])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._catch.__exit__(kind, error, trace)

    def guarantees_for(self, case: Case) -> tuple[Guarantee, ...]:
        """The guarantees that the case can put to the test on this backend."""
        claims = self.claims
        return tuple([g for g in self._claimed(case) if g.applies(case, claims)])

    def judge(self, case: Case) -> Sequence[Judged]:
        """The judgement of every guarantee that the case put to the test; SKIP left out.

        A guarantee is also broken by what departs from one of its golden vectors.
        """
        applying, golden = self.guarantees_for(case), self._golden_for(case)
        return self._judged(case, applying, golden)[1] if applying or golden else []

    def see(self, case: Case) -> tuple[Trial, Sequence[Judged]]:
        """The trial of a case, be it tested by a guarantee or not, and every judgement."""
        return self._judged(case, self.guarantees_for(case), self._golden_for(case))

    def _judged(
        self, case: Case, applying: Sequence[Guarantee], golden: Sequence[Golden]
    ) -> tuple[Trial, Sequence[Judged]]:
        trial = self._seen[case] = self.trial(case)
        judged = []
        for guarantee in applying:
            if trial.cut_short and not guarantee.after_warning:
                continue
            compared = self._with_related(guarantee, trial)
            if any(other.cut_short for other in compared.related):
                continue
            judgement = guarantee.check(compared)
            if judgement is not SKIP:
                judged.append((guarantee, judgement))
        if len(self._seen) > _REMEMBERED or _is_large(case):
            self._seen.clear()
        return trial, _with_golden(judged, golden, trial) if golden else judged

    def _golden_for(self, case: Case) -> list[Golden]:
        vectors = self._vectors.get(case, ())
        return [(g, v) for v in vectors for g in self._claimed(case) if g.id == v.guarantee]

    def trial(self, case: Case) -> Trial:
        """The case, run once, beside what was expected of it."""
        expected = expect(case, self.claims)
        match case.aspect:
            case "export":
                given = give(case, self._eyes)
                return Trial(case, self.claims, expected, Observed(), given=given)
            case "life":
                life = live_through(case, self._eyes)
                return Trial(case, self.claims, expected, Observed(), life=life)
            case "story":
                told = tell(case, self._eyes, self.claims)
                return Trial(case, self.claims, expected, Observed(), told=told)
        return Trial(case, self.claims, expected, observe(case, self._eyes))

    def _with_related(self, guarantee: Guarantee, trial: Trial) -> Trial:
        """The trial beside those it is compared with; what was tried of late is not tried again."""
        if guarantee.related is None:
            return trial
        cases = guarantee.related(trial.case, self.claims)
        for case in cases:
            if case not in self._seen:
                self._seen[case] = self.trial(case)
        return replace(trial, related=tuple([self._seen[case] for case in cases]))

    @staticmethod
    def axes(case: Case) -> tuple[str, ...]:
        """The axis values of the case, as "axis=value"."""
        return axes_of(case)


def _is_large(case: Case) -> bool:
    """Whether its elements, by every read path, are too much to keep."""
    return case.block is not None and prod(case.block.shape) > _FEW


def _with_golden(judged: list[Judged], golden: Sequence[Golden], trial: Trial) -> list[Judged]:
    """The judgements, and those by golden vectors where they are worse, or the only ones."""
    found = {guarantee.id: (guarantee, judgement) for guarantee, judgement in judged}
    for guarantee, vector in golden:
        judgement = judged_by_vector(vector, trial)
        _, before = found.get(guarantee.id, (guarantee, SKIP))
        worse = isinstance(judgement, Failure) and not isinstance(before, Failure)
        if worse or (before is SKIP and judgement is not SKIP):
            found[guarantee.id] = (guarantee, judgement)
    return list(found.values())
