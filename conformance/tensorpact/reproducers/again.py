"""Reproducers for one finding, made or run once more with what is installed here and now."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version

from tensorpact.backends.protocol import Claims
from tensorpact.cases.spell import spell
from tensorpact.guarantees.model import Failure
from tensorpact.reports.issue import TriedAgain
from tensorpact.reports.model import Finding, Header, Verdict
from tensorpact.reproducers.clean import NotStarted
from tensorpact.reproducers.made import Workshop, as_found
from tensorpact.runner.compared import compared
from tensorpact.runner.isolation import isolate
from tensorpact.runner.judging import note_failure
from tensorpact.runner.limits import Limits
from tensorpact.runner.replay import Replayed
from tensorpact.runner.tasks import describe


def tried_again(finding: Finding, header: Header) -> tuple[Finding, TriedAgain]:
    """The finding with its reproducer, which is made where the report has none, and how it ends.

    Raises UsageError and AdapterFault where the backend cannot be loaded.
    """
    limits = Limits()
    claims = describe(header.named, limits) if header.named else header.claims
    with Workshop(claims, header.named, limits.case_seconds) as workshop:
        if not finding.reproducer:
            finding = _with_script(finding, header, workshop, limits)
        try:
            ended = workshop.ended(finding.reproducer) if finding.reproducer else None
        except NotStarted:
            ended = None
    if ended is None:
        return finding, TriedAgain(finding.call, "", "", False, _versions(claims))
    fails = as_found(finding, ended, said=False)
    script = finding.reproducer
    return finding, TriedAgain(script, ended.how, ended.output, fails, _versions(claims))


def with_reproducer(found: Replayed, guarantee: str, named: str) -> Finding | None:
    """The finding of a case that was replayed, as a run would show it; None if it passed."""
    finding = found.finding(guarantee)
    if finding is None:
        return None
    limits, failure = Limits(), dict(found.judged).get(guarantee)
    finding = replace(
        finding,
        call=spell(found.case, found.claims),
        reference=compared(finding, found.claims, limits),
    )
    demand = failure.demand if isinstance(failure, Failure) else None
    with Workshop(found.claims, named, limits.case_seconds) as workshop:
        return workshop.reproduced(finding, demand)


def _with_script(finding: Finding, header: Header, workshop: Workshop, limits: Limits) -> Finding:
    demand = None
    if finding.verdict is Verdict.FAIL:
        if not header.named:
            return replace(finding, unreproduced="the backend was handed over as an object")
        arguments = (header.named, finding.guarantee, finding.case)
        notes, _ = isolate(note_failure, *arguments, seconds=limits.case_seconds)
        if not notes:
            return replace(finding, unreproduced="the case does not fail any more")
        demand = notes[0].demand
    return workshop.reproduced(finding, demand)


def _versions(claims: Claims) -> tuple[tuple[str, str], ...]:
    numpy = [("NumPy", version("numpy"))] if claims.name != "numpy" else []
    return (
        (claims.name, claims.version),
        *numpy,
        ("Python", platform.python_version()),
        ("platform", platform.platform()),
    )
