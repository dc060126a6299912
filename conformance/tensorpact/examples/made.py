"""Examples out of the zoo: scripts that the reference passes, and that a faulty backend fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice

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
from tensorpact.examples.witnessed import Witnessed, witnesses
from tensorpact.examples.written import WRITTEN
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import SKIP, Guarantee, Note
from tensorpact.reports.model import Finding, Verdict
from tensorpact.reproducers.source_text import needs_ours, tree_of, with_imports
from tensorpact.reproducers.typed import from_probes, typed
from tensorpact.runner.compared import compared, own_claims
from tensorpact.runner.limits import Limits
from tensorpact.runner.replay import replays

LIBRARIES = ("reference", "torch", "array-api-strict")
"""Whose words an example is in: the first that has what the case needs."""

MOST = 60
"""Calls of the plan that are tried."""

CONDEMNED = ("asserted", "hung", "SIGABRT", "SIGSEGV", "SIGBUS")


def examples() -> Iterator[Example]:
    """An example for every guarantee that the libraries that are installed can show."""
    with closing(Stage()) as stage:
        for guarantee in TABLE.values():
            yield from islice(_examples(guarantee, stage), 1)


def _examples(guarantee: Guarantee, stage: Stage) -> Iterator[Example]:
    for claims in filter(None, map(_claims, LIBRARIES)):
        yield from chain(
            _written(guarantee, claims, stage),
            _asserting(guarantee, claims, stage),
            _showing(guarantee, claims, stage),
            _planned(guarantee, claims, stage),
        )


def _claims(name: str) -> Claims | None:
    try:
        return claims_of(load(name))
    except UsageError:
        return None


def _written(guarantee: Guarantee, claims: Claims, stage: Stage) -> Iterator[Example]:
    """The one that somebody wrote, which must pass and fail as the others do."""
    name, script = WRITTEN.get(guarantee.id, ("", ""))
    for each in witnesses(guarantee):
        if each.member.name == name and each.member.base == claims.name:
            kept = _passes(script, claims, stage)
            if kept and stage.run_faulty(script, each.member).how in CONDEMNED:
                yield _example(each.finding, script, claims, each.case(claims), each)


def _asserting(guarantee: Guarantee, claims: Claims, stage: Stage) -> Iterator[Example]:
    """Those whose last statement fails for the faulty backend."""
    for each in witnesses(guarantee):
        scripts = zip(each.scripts(claims), each.scripts(each.claims), strict=False)
        for script, own in scripts:
            staged = script if each.member.base == claims.name else own
            if script and staged and not needs_ours(script):
                kept = _passes(script, claims, stage)
                if kept and stage.run_faulty(staged, each.member).how in CONDEMNED:
                    yield _example(each.finding, script, claims, each.case(claims), each)


def _showing(guarantee: Guarantee, claims: Claims, stage: Stage) -> Iterator[Example]:
    """Those that only make the call, where no script of a few lines can tell."""
    for each in witnesses(guarantee):
        case = each.case(claims)
        script = _call(case, claims) if case is not None else ""
        if script and _passes(script, claims, stage):
            yield _example(each.finding, script, claims, case, None)


def _planned(guarantee: Guarantee, claims: Claims, stage: Stage) -> Iterator[Example]:
    """The call of the plan that is told in the fewest words and puts it to the test."""
    found = (case for batch in batches(claims, "quick", 0, [guarantee]) for case in batch.cases)
    cases = [case for case in found if guarantee.applies(case, claims)]
    cases.sort(key=lambda case: len(spell(case, claims)))
    spread = cases[:: len(cases) // MOST + 1]
    for seen in filter(None, replays(claims.name, spread)):
        script, said = _call(seen.case, claims), dict(seen.judged).get(guarantee.id, SKIP)
        if said is not SKIP and script and _passes(script, claims, stage):
            finding = Finding(guarantee.id, Verdict.FAIL, seen.case, "", "", "")
            example = _example(finding, script, claims, seen.case, None)
            yield replace(example, outcome=said.outcome) if isinstance(said, Note) else example


def _passes(script: str, claims: Claims, stage: Stage) -> bool:
    return stage.run(script, word(claims, "import")).how == "passed"


def _call(case: Case, claims: Claims) -> str:
    """The script that makes the input and the call; empty where it cannot be typed."""
    if isinstance(case.source, Story):
        return with_imports(told(case.source, claims), word(claims, "import")) or ""
    made = typed(case, claims)
    if tree_of("\n".join([*made.lines, made.call])) is None:
        made = from_probes(case, claims)
    return with_imports(made.result, word(claims, "import")) or ""


def _example(
    finding: Finding, script: str, claims: Claims, case: Case | None, by: Witnessed | None
) -> Example:
    own = claims.name == own_claims().name
    assert case is not None  # it was told in these words
    return Example(
        guarantee=finding.guarantee,
        library=claims.name,
        backend=by.member.name if by is not None else "",
        required=finding.required,
        outcome=compared(_on(finding, case), claims, Limits()) if own else "",
        replay=shortened(case) if own else "",
        script=script,
    )


def _on(finding: Finding, case: Case) -> Finding:
    return Finding(finding.guarantee, finding.verdict, case, "", finding.required, "")
