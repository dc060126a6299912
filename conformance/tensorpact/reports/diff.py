"""What changed between two reports: guarantees and findings that are fixed, broken, new or gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from tensorpact.guarantees.model import Level
from tensorpact.reports.manner import manner
from tensorpact.reports.model import BROKEN, Finding, GuaranteeResult, Report, Verdict


class Change(StrEnum):
    """What became of a guarantee, or of a way to break one.

    BROKEN and FIXED only where it was judged before and after. NEW is what was not judged
    before, and GONE what is not judged any more: neither says that anything got better or worse.
    """

    BROKEN = "broken"
    FIXED = "fixed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Changed:
    """A guarantee that changed, or a finding of one; `old` and `new` are its verdicts.

    `breaks` says whether it stands against conformance where it is broken.
    """

    change: Change
    guarantee: str
    level: Level
    old: str
    new: str
    finding: Finding | None = None
    breaks: bool = False


def changes(old: Report, new: Report, strict: bool = False) -> tuple[Changed, ...]:
    """The guarantees that changed, in the order of the new report, each with its findings.

    A finding is the same if its case is, or else if it breaks the guarantee in the same way with
    the same operation. What is known is broken all the same.
    """
    before, after = ({result.id: result for result in report.results} for report in (old, new))
    found: list[Changed] = []
    for id in dict.fromkeys([*after, *before]):
        found += _of_guarantee(before.get(id), after.get(id), strict)
    return tuple(found)


_UNJUDGED = frozenset({Verdict.NOT_CLAIMED, Verdict.NOT_EXERCISED})


def _of_guarantee(
    old: GuaranteeResult | None, new: GuaranteeResult | None, strict: bool
) -> Iterator[Changed]:
    latest = new or old
    assert latest is not None
    was, now = (str(result.verdict) if result is not None else "-" for result in (old, new))
    breaks = new is not None and new.breaks(strict)
    changed = partial(Changed, guarantee=latest.id, level=latest.level, old=was, new=now)
    change = _change(_state(old), _state(new))
    if change is not None:
        yield changed(change, breaks=breaks)
    gone, come = _unmatched(_findings(old), _findings(new))
    if come:
        arrived = Change.NEW if _state(old) is None else Change.BROKEN
        yield from (
            changed(arrived, finding=finding, breaks=breaks and not finding.known)
            for finding in come
        )
    if gone:
        left = Change.GONE if _state(new) is None else Change.FIXED
        yield from (changed(left, finding=finding, breaks=breaks) for finding in gone)


def _findings(result: GuaranteeResult | None) -> list[Finding]:
    return list(result.findings) if result is not None else []


def _unmatched(old: list[Finding], new: list[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Those of which the other side has none that is the same, one for one."""
    for likeness in (_case, _way):
        left = Counter(map(likeness, new))
        rest = []
        for finding in old:
            if left[likeness(finding)]:
                left[likeness(finding)] -= 1
            else:
                rest.append(finding)
        unmatched = []
        for finding in new:
            if left[likeness(finding)]:
                left[likeness(finding)] -= 1
                unmatched.append(finding)
        old, new = rest, unmatched
    return old, new


def _case(finding: Finding) -> object:
    return finding.case


def _way(finding: Finding) -> object:
    return finding.case.call.operation, manner(replace(finding, known=""))


def _state(result: GuaranteeResult | None) -> bool | None:
    """Whether it is broken; None where it was not judged."""
    if result is None or result.verdict in _UNJUDGED:
        return None
    return result.verdict in BROKEN | {Verdict.KNOWN, Verdict.STALE}


def _change(old: bool | None, new: bool | None) -> Change | None:
    if old is None or new is None:
        return None if old is new else Change.NEW if old is None else Change.GONE
    if old == new:
        return None
    return Change.BROKEN if new else Change.FIXED
