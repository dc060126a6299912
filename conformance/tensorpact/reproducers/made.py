"""Findings with a reproducer each, where one can be made: by a `Workshop`, to be closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Case
from tensorpact.cases.words import word
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Demand
from tensorpact.reports.model import Finding, Verdict
from tensorpact.reports.replay_id import ReplayId
from tensorpact.reproducers.clean import Clean, Ended, NotStarted
from tensorpact.reproducers.deaths import deadly
from tensorpact.reproducers.demands import candidates
from tensorpact.reproducers.pairs import AGREEMENT, agreeing
from tensorpact.reproducers.source_text import names_in, needs_ours, tree_of, with_imports
from tensorpact.reproducers.told import of_story
from tensorpact.reproducers.typed import Lines, Typed, from_probes, typed
from tensorpact.runner.compared import own_claims, translated

SECONDS = 10.0
MOST = 12
"""Candidates of a finding that are tried."""

NOT_ASKED = "no script of a few lines can tell"
NOT_SEEN = "no script that was tried fails in a clean process"
UNFAIR = "what fails in a script fails for the reference, too"
NO_IMPORT = (
    "{0!r} fails in a fresh Python: install it or set PYTHONPATH, or give another `import` in the "
    "adapter's `spelled`"
)
NO_NAME = "there is no {0}: say in the adapter's `spelled` what a person types for it"


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was seen to fail, how it ended, and what it printed."""

    text: str
    ended: Ended


class Workshop:
    """Makes reproducers for the findings of one backend, and tries them in clean processes.

    `named` is the name by which the backend is found, empty for one that was handed over.
    `seconds` is how long a script may take.
    """

    def __init__(self, claims: Claims, named: str = "", seconds: float = SECONDS) -> None:
        self.claims, self.named, self.seconds = claims, named, seconds
        self._library = word(claims, "import")
        self._own = own_claims()
        self._stack = ExitStack()
        self._clean: dict[tuple[str, bool], Clean] = {}
        self._there: set[tuple[str, str]] = set()

    def close(self) -> None:
        """End its processes."""
        self._stack.close()

    def reproduced(self, finding: Finding, demand: Demand | None) -> Finding:
        """The finding with its reproducer, or with why there is none."""
        script = self.script(finding, demand)
        if isinstance(script, Script):
            return replace(finding, reproducer=script.text, unreproduced="")
        return replace(finding, reproducer="", unreproduced=script)

    def script(self, finding: Finding, demand: Demand | None) -> Script | str:
        """The first script that fails as the finding says and not for the reference, or why there
        is none."""
        why = NOT_ASKED
        for number, lines in enumerate(islice(self._written(finding, demand), MOST)):
            text = with_imports(lines, self._library)
            if text is None:
                continue
            why = NOT_SEEN if why == NOT_ASKED else why
            try:
                if absent := self._absent(text):
                    return NO_NAME.format(absent)
                ended = self._run(text, self._library)
            except NotStarted:
                return NO_IMPORT.format(self._library)
            if not as_found(finding, ended):
                continue
            if not self._fails_for_the_reference(finding, demand, number):
                return Script(text, ended)
            why = UNFAIR
        return why

    def _run(self, text: str, library: str) -> Ended:
        """With our packages out of reach, unless it says that it needs them."""
        key = library, needs_ours(text)
        if key not in self._clean:
            lines = ["import numpy", *library.split("; ")]
            self._clean[key] = self._stack.enter_context(closing(Clean(lines, ours=key[1])))
        return self._clean[key].run(text, self.seconds)

    def _absent(self, text: str) -> str:
        """A name in the script that the library does not have: it would fail for that alone."""
        for module, name in sorted(names_in(text, self._library) - self._there):
            lines = [*self._library.split("; "), f"assert hasattr({module}, {name!r})"]
            if self._run("\n".join(lines), self._library).how != "passed":
                return f"{module}.{name}"
            self._there.add((module, name))
        return ""

    def _written(self, finding: Finding, demand: Demand | None) -> Iterator[Lines]:
        """The candidates, those last that need tensorpact."""
        yield from plain(finding, demand, finding.case, self.claims)
        if self.named:
            again = ReplayId(self.named, finding.guarantee, finding.case)
            yield [f'assert verdict(\n    "{again}"\n) == "pass"']

    def _fails_for_the_reference(
        self, finding: Finding, demand: Demand | None, number: int
    ) -> bool:
        """Whether the same script fails in the reference's words.

        Where it has no such thing, nothing speaks against the script.
        """
        own = self._own
        if own.name == self.claims.name or not finding.reference:
            return False
        case = translated(finding.case, self.claims, own)
        scripts = list(islice(plain(finding, demand, case, own), number + 1))
        if number >= len(scripts):
            return False
        library = word(own, "import")
        text = with_imports(scripts[number], library)
        return text is not None and as_found(finding, self._run(text, library), said=False)


def plain(finding: Finding, demand: Demand | None, case: Case, claims: Claims) -> Iterator[Lines]:
    """The candidates for a finding on this case, in the words of this library."""
    if case.aspect == "story":
        if demand is not None:
            yield from of_story(case, claims, demand)
        return
    made = typed(case, claims)
    yield from _asking(finding, demand, made)
    if tree_of("\n".join([*made.lines, made.call])) is None:
        yield from _asking(finding, demand, from_probes(case, claims))


def _asking(finding: Finding, demand: Demand | None, made: Typed) -> Iterator[Lines]:
    if finding.verdict is not Verdict.FAIL:
        yield from deadly(made)
    elif demand is not None and demand.kind == AGREEMENT:
        related = TABLE[finding.guarantee].related
        others = related(made.case, made.claims) if related is not None else ()
        if demand.value < len(others):
            yield from agreeing(made, typed(others[demand.value], made.claims))
    else:
        yield from candidates(made, demand)


def as_found(finding: Finding, ended: Ended, said: bool = True) -> bool:
    """Whether a script ended as a finding of this kind does.

    An exception that was seen must stand in what the script `said`: another one may have come of
    the script itself.
    """
    if finding.verdict is Verdict.CRASH:
        return ended.how in finding.seen
    if finding.verdict is Verdict.TIMEOUT:
        return ended.how == "hung"
    raised = _RAISED.match(finding.seen) if said else None
    return ended.how == "asserted" and (raised is None or raised[1] in ended.output)


_RAISED = re.compile(r"^raised (\w+)")
