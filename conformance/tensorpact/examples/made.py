"""Examples out of the zoo: scripts that the reference passes, and that a faulty backend fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from tensorpact.backends.find import load
from tensorpact.backends.protocol import Claims, claims_of
from tensorpact.cases.model import Case, Story
from tensorpact.cases.plan import batches
from tensorpact.cases.short import shortened
from tensorpact.cases.spell import spell
from tensorpact.cases.spell_story import told
from tensorpact.cases.words import word
from tensorpact.errors import UsageError
from tensorpact.examples.model import Example
from tensorpact.examples.staged import Stage
from tensorpact.examples.witnessed import witnesses
from tensorpact.examples.written import WRITTEN
from tensorpact.guarantees.model import SKIP, Guarantee, Note
from tensorpact.reports.model import Finding, Verdict
from tensorpact.reproducers.source_text import needs_ours, tree_of, with_imports
from tensorpact.reproducers.typed import from_probes, typed
from tensorpact.runner.compared import compared, own_claims
from tensorpact.runner.limits import Limits
from tensorpact.runner.replay import replays
from tensorpact.selftest.member import Member

LIBRARIES = ("reference", "torch", "array-api-strict")
"""Whose words an example is in: the first that has what the case needs."""

MOST = 60
"""Calls of the plan that are tried: so many of the shortest, and so many of the others."""

CONDEMNED = ("asserted", "hung", "SIGABRT", "SIGSEGV", "SIGBUS")


def examples(guarantees: Iterable[Guarantee]) -> Iterator[Example]:
    """An example for each of them that the libraries that are installed can show."""
    known = [claims for claims in map(_claims, LIBRARIES) if claims is not None]
    with closing(Stage()) as stage:
        for guarantee in guarantees:
            makers = (Maker(guarantee, claims, stage) for claims in known)
            yield from islice((made for maker in makers for made in maker.examples()), 1)


def _claims(name: str) -> Claims | None:
    try:
        return claims_of(load(name))
    except UsageError:
        return None


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes examples of a guarantee, in the words of one library."""

    guarantee: Guarantee
    claims: Claims
    stage: Stage

    def examples(self) -> Iterator[Example]:
        """The most telling first."""
        yield from self._written()
        yield from self._asserting()
        yield from self._showing()
        yield from self._planned()

    def _written(self) -> Iterator[Example]:
        """The one that somebody wrote, which must pass and fail as the others do."""
        name, script = WRITTEN.get(self.guarantee.id, ("", ""))
        for each in witnesses(self.guarantee) if script else ():
            of_ours = each.member.name == name and each.member.base == self.claims.name
            if of_ours and self._tells(script, script, each.member):
                yield self._example(each.finding, script, each.case(self.claims), name)

    def _asserting(self) -> Iterator[Example]:
        """Those whose last statement fails for the faulty backend."""
        for each in witnesses(self.guarantee):
            member = each.member
            scripts = zip(each.scripts(self.claims), each.scripts(each.claims), strict=False)
            for script, own in scripts:
                staged = script if member.base == self.claims.name else own
                if script and staged and self._tells(script, staged, member):
                    case = each.case(self.claims)
                    yield self._example(each.finding, script, case, member.name)

    def _showing(self) -> Iterator[Example]:
        """Those that only make the call, where no script of a few lines can tell."""
        for each in witnesses(self.guarantee):
            case = each.case(self.claims)
            script = calling(case, self.claims) if case is not None else ""
            if script and self._passes(script):
                yield self._example(each.finding, script, case)

    def _planned(self) -> Iterator[Example]:
        """The call of the plan that is told in the fewest words and puts it to the test."""
        plan = batches(self.claims, "quick", 0, [self.guarantee])
        cases = [case for batch in plan for case in batch.cases]
        cases = [case for case in cases if self.guarantee.applies(case, self.claims)]
        cases.sort(key=lambda case: len(spell(case, self.claims)))
        tried = [*cases[:MOST], *cases[MOST :: len(cases) // MOST + 1]]
        for seen in filter(None, replays(self.claims.name, tried)):
            said = dict(seen.judged).get(self.guarantee.id, SKIP)
            script = calling(seen.case, self.claims)
            if said is not SKIP and script and self._passes(script):
                none = Finding(self.guarantee.id, Verdict.FAIL, seen.case, "", "", "")
                example = self._example(none, script, seen.case)
                yield replace(example, outcome=said.outcome) if isinstance(said, Note) else example

    def _passes(self, script: str) -> bool:
        return self.stage.run(script, word(self.claims, "import")).how == "passed"

    def _tells(self, script: str, staged: str, member: Member) -> bool:
        """Whether it passes, and fails for the member in the words of what that is made of."""
        if needs_ours(script) or not self._passes(script):
            return False
        return self.stage.run_faulty(staged, member).how in CONDEMNED

    def _example(
        self, finding: Finding, script: str, case: Case | None, backend: str = ""
    ) -> Example:
        assert case is not None  # it was told in these words
        own = self.claims.name == own_claims().name
        here = replace(finding, case=case)
        return Example(
            guarantee=self.guarantee.id,
            library=self.claims.name,
            backend=backend,
            required=finding.required,
            outcome=compared(here, self.claims, Limits()) if own else "",
            replay=shortened(case) if own else "",
            script=script,
        )


def calling(case: Case, claims: Claims) -> str:
    """The script that makes the input and the call; empty where it cannot be typed."""
    if isinstance(case.source, Story):
        return with_imports(told(case.source, claims), word(claims, "import")) or ""
    made = typed(case, claims)
    if tree_of("\n".join([*made.lines, made.call])) is None:
        made = from_probes(case, claims)
    return with_imports(made.result, word(claims, "import")) or ""
