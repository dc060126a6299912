"""What the card of a cell shows beyond the cell; a browser reads it when a card is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tensorpact.backends.protocol import Claims
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Promise
from tensorpact.reports.html.coverage import by_axis
from tensorpact.reports.model import Finding, GuaranteeResult, Header, KnownDeviation, Report
from tensorpact.reports.plain import (
    code_of,
    facts_of,
    like_this,
    number_of_cases,
    promises_of,
    replay_command,
    telling_first,
)


def cards(report: Report, ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """The card of each of these guarantees; None where the report has no result."""
    found = {result.id: result for result in report.results}
    return [_card(found[id], report.header) if id in found else None for id in ids]


def _card(result: GuaranteeResult, header: Header) -> dict[str, Any]:
    known = [finding for finding in result.findings if finding.known]
    reasons = {deviation.key: deviation.reason for deviation in result.deviations}
    return {
        "promises": list(_binding(result, header.claims)),
        "findings": [
            _finding(finding, header.named, reasons)
            for finding in (*telling_first(result.new), *known)
        ],
        "deviations": [_deviation(deviation) for deviation in result.deviations],
        "notes": list(result.notes.items()),
        "axes": [(axis, list(values.items())) for axis, values in by_axis(result.axes).items()],
    }


def _binding(result: GuaranteeResult, claims: Claims) -> Iterator[int]:
    """Which promises of the guarantee the card shows, by their position."""
    guarantee = TABLE.get(result.id)
    if guarantee is None:
        return
    operations = guarantee.operations
    claimed = {p for name in operations for p in guarantee.promises_for(claims, name)}
    broken = [finding.case for finding in result.new or result.findings]
    shown: set[Promise] = set(promises_of(guarantee, broken, claims)) if broken else claimed
    for number, promise in enumerate(guarantee.promised_by):
        if promise in shown or not shown:
            yield number


def _finding(finding: Finding, named: str, reasons: dict[str, str]) -> dict[str, Any]:
    return {
        "verdict": finding.verdict,
        "code": code_of(finding),
        "facts": facts_of(finding),
        "cases": like_this(finding),
        "known": reasons.get(finding.known, finding.known),
        "replay": replay_command(finding, named),
    }


def _deviation(deviation: KnownDeviation) -> dict[str, Any]:
    return {
        "kind": deviation.kind,
        "reason": deviation.reason,
        "where": deviation.where,
        "issue": deviation.issue,
        "stale": deviation.stale,
        "cases": number_of_cases(deviation.count) if deviation.count else "",
    }
