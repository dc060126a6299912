"""One finding of a report, by its replay id or by the id of its guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE, unknown_guarantee
from tensorpact.reports.model import Finding, Report
from tensorpact.reports.replay_id import UNNAMED, ReplayId, replay_id

_LISTED = 8


def chosen(report: Report, id: str) -> Finding:
    """The finding that the id names. Raises UsageError for an id of no finding, or of several."""
    if "/" in id:
        return _by_replay_id(report, id)
    if id not in TABLE:
        raise UsageError(unknown_guarantee(id))
    found = [finding for finding in report.findings if finding.guarantee == id]
    if len(found) > 1:
        listed = "".join(f"\n  {_id_of(report, finding)}" for finding in found[:_LISTED])
        more = f"\n  and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise UsageError(f"{id} has {len(found)} findings in this report; name one:{listed}{more}")
    if not found:
        raise UsageError(f"{id} has no finding in this report; {_those(report)}")
    return found[0]


def _by_replay_id(report: Report, text: str) -> Finding:
    wanted = replay_id(text)
    for finding in report.findings:
        if (finding.guarantee, finding.case) == (wanted.guarantee, wanted.case):
            return finding
    same = [str(_id_of(report, f)) for f in report.findings if f.guarantee == wanted.guarantee]
    near = get_close_matches(text, same, n=1, cutoff=0)
    hint = f"the closest is {near[0]}" if near else _those(report)
    raise UsageError(f"no finding of this report has the id {text}; {hint}")


def _id_of(report: Report, finding: Finding) -> ReplayId:
    return ReplayId(report.header.named or UNNAMED, finding.guarantee, finding.case)


def _those(report: Report) -> str:
    ids: Sequence[str] = list(dict.fromkeys(finding.guarantee for finding in report.findings))
    return f"those that have one are {', '.join(ids)}" if ids else "it has no findings at all"
