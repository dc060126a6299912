"""Reproducers for one finding, made once more with what is installed here and now.

A script that stands in a report is never run: the report may come from anybody.
"""

from __future__ import annotations

import platform
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version

from tensorpact.backends.protocol import Claims
from tensorpact.cases.spell import spell
from tensorpact.guarantees.model import Demand, Failure
from tensorpact.reports.issue import TriedAgain
from tensorpact.reports.model import Finding, Header, Verdict
from tensorpact.reproducers.made import Script, Workshop
from tensorpact.runner.compared import compared
from tensorpact.runner.limits import Limits
from tensorpact.runner.replay import Replayed, replay
from tensorpact.runner.tasks import ALONE

FIXED = "with the versions below it no longer fails"
UNTESTED = "with the versions below it no longer puts the guarantee to the test"
NAMELESS = "the backend was handed over as an object, and cannot be found by a name"


def tried_again(finding: Finding, header: Header) -> TriedAgain:
    """What becomes of the finding now: its case is judged again, and its script made anew.

    Raises UsageError and AdapterFault where the backend cannot be loaded, or cannot have the
    case.
    """
    if not header.named:
        return TriedAgain(finding, NAMELESS, None, _versions(header.claims))
    found = replay(header.named, finding.case)
    versions = _versions(found.claims)
    now = _as_now(found, finding.guarantee)
    if now is None:
        return TriedAgain(finding, _passed(found, finding), None, versions)
    now = replace(now, count=finding.count, where=finding.where, kept=finding.kept)
    script = _script(found, now, header.named)
    if isinstance(script, Script):
        return TriedAgain(replace(now, reproducer=script.text), "", script.ended, versions)
    return TriedAgain(now, script, None, versions)


def _passed(found: Replayed, finding: Finding) -> str:
    """Why the case does not fail; what was not put to the test has not passed."""
    if finding.detail == ALONE:
        return ALONE
    return FIXED if found.verdict(finding.guarantee) is Verdict.PASS else UNTESTED


def with_reproducer(found: Replayed, guarantee: str, named: str) -> Finding | None:
    """The finding of a case that was replayed, as a run would show it; None if it passed."""
    now = _as_now(found, guarantee)
    if now is None:
        return None
    with closing(Workshop(found.claims, named, Limits().case_seconds)) as workshop:
        return workshop.reproduced(now, _demand(found, guarantee))


def _as_now(found: Replayed, guarantee: str) -> Finding | None:
    finding = found.finding(guarantee)
    if finding is None:
        return None
    reference = compared(finding, found.claims, Limits())
    return replace(finding, call=spell(found.case, found.claims), reference=reference)


def _script(found: Replayed, finding: Finding, named: str) -> Script | str:
    with closing(Workshop(found.claims, named, Limits().case_seconds)) as workshop:
        return workshop.script(finding, _demand(found, finding.guarantee))


def _demand(found: Replayed, guarantee: str) -> Demand | None:
    failure = dict(found.judged).get(guarantee)
    return failure.demand if isinstance(failure, Failure) else None


def _versions(claims: Claims) -> tuple[tuple[str, str], ...]:
    numpy = [("NumPy", version("numpy"))] if claims.name != "numpy" else []
    return (
        (claims.name, claims.version),
        *numpy,
        ("Python", platform.python_version()),
        ("platform", platform.platform()),
    )
