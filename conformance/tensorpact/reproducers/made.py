"""Findings with a reproducer each, where one can be made: `with Workshop(...) as workshop`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Case
from tensorpact.cases.words import word
from tensorpact.errors import HarnessFault
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Demand
from tensorpact.reports.model import Finding, Verdict
from tensorpact.reproducers.clean import Clean, Ended
from tensorpact.reproducers.deaths import deadly
from tensorpact.reproducers.demands import Lines, candidates
from tensorpact.reproducers.pairs import agreeing
from tensorpact.reproducers.source_text import with_imports
from tensorpact.reproducers.told import of_story
from tensorpact.reproducers.typed import typed
from tensorpact.runner.compared import own_claims, translated

SECONDS = 10.0
MOST = 12
"""Candidates of a finding that are tried."""

NOT_TYPED = "its input cannot be typed in a few lines"
NOT_ASKED = "no script of a few lines sees it"
NOT_SEEN = "no script that was tried fails in a clean process"
UNFAIR = "the scripts that fail do so for the reference, too"


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was seen to fail, how it ended, and what it printed."""

    text: str
    ended: Ended


class Workshop:
    """Makes reproducers for the findings of one backend, and tries them in clean processes."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self._library = word(claims, "import")
        self._own = own_claims()
        self._stack = ExitStack()
        self._clean: dict[str, Clean] = {}

    def __enter__(self) -> Workshop:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def reproduced(self, finding: Finding, demand: Demand | None) -> Finding:
        """The finding with its reproducer, or with why there is none."""
        script = self.script(finding, demand)
        if isinstance(script, Script):
            return replace(finding, reproducer=script.text)
        return replace(finding, unreproduced=script)

    def script(self, finding: Finding, demand: Demand | None) -> Script | str:
        """The first script that fails as the finding says and not for the reference, or why there
        is none."""
        scripts = list(_written(finding.case, self.claims, finding, demand))[:MOST]
        texts = [with_imports(lines, self._library) for lines in scripts]
        if not any(texts):
            return NOT_TYPED if texts else NOT_ASKED
        unfair = False
        for number, text in enumerate(texts):
            ended = self._run(text, self._library) if text is not None else None
            if text is None or ended is None or not _as_found(finding, ended):
                continue
            if self._fails_for_the_reference(finding, demand, number):
                unfair = True
                continue
            return Script(text, ended)
        return UNFAIR if unfair else NOT_SEEN

    def _run(self, text: str, library: str) -> Ended | None:
        if library not in self._clean:
            lines = ["import numpy", *library.split("; ")]
            self._clean[library] = self._stack.enter_context(Clean(lines))
        return self._clean[library].run(text, SECONDS)

    def _fails_for_the_reference(
        self, finding: Finding, demand: Demand | None, number: int
    ) -> bool:
        """Whether the same script fails in the reference's words, where it keeps the promise.

        Where it has no such thing, nothing speaks against the script.
        """
        own = self._own
        if own.name == self.claims.name or not finding.reference:
            return False
        case = translated(finding.case, self.claims, own)
        scripts = list(_written(case, own, finding, demand))
        if number >= len(scripts):
            return False
        library = word(own, "import")
        text = with_imports(scripts[number], library)
        ended = self._run(text, library) if text is not None else None
        return ended is not None and _as_found(finding, ended)


def _written(
    case: Case, claims: Claims, finding: Finding, demand: Demand | None
) -> Iterator[Lines]:
    if case.aspect == "story":
        if demand is not None:
            yield from of_story(case, claims, demand.kind, demand.value)
        return
    made = typed(case, claims)
    if finding.verdict is not Verdict.FAIL:
        yield from deadly(made)
    elif demand is not None and demand.kind == "agreement":
        related = TABLE[finding.guarantee].related
        others = related(case, claims) if related is not None else ()
        if demand.value < len(others):
            yield from agreeing(made, typed(others[demand.value], claims))
    else:
        kind = demand.kind if demand is not None else ""
        yield from candidates(made, kind, demand.value if demand is not None else None)


def _as_found(finding: Finding, ended: Ended) -> bool:
    """Whether a script ended as a finding of this kind does."""
    if finding.verdict is Verdict.CRASH:
        return ended.how in finding.seen
    return ended.how == ("hung" if finding.verdict is Verdict.TIMEOUT else "asserted")
