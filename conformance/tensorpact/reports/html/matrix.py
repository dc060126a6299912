"""What the page shows at first: guarantees, group by group, and a mark for each backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tensorpact.authorities import AUTHORITIES
from tensorpact.guarantees import GROUPS, TABLE
from tensorpact.guarantees.model import Promise
from tensorpact.reports.html.marks import mark_of
from tensorpact.reports.matrix import ordered
from tensorpact.reports.model import GuaranteeResult, Report
from tensorpact.reports.plain import OWED, stated

Row = dict[str, Any]


def guarantees(reports: Sequence[Report], strict: bool) -> list[Row]:
    """What is known of each, with a cell for each report; None where the report has no result."""
    found = [{result.id: result for result in report.results} for report in reports]
    return [
        {
            "id": id,
            "group": id.partition(".")[0],
            **_said(id),
            "sentence": _sentence(id, found),
            "cells": [_cell(results[id], strict) if id in results else None for results in found],
        }
        for id in ordered(reports)
    ]


def groups(rows: Iterable[Row]) -> dict[str, str]:
    """The groups of these guarantees, with what they are about."""
    return {row["group"]: GROUPS.get(row["group"], "") for row in rows}


def _sentence(id: str, found: Sequence[Mapping[str, GuaranteeResult]]) -> str:
    return stated(next(results[id] for results in found if id in results))


def _said(id: str) -> dict[str, Any]:
    """What the table says of a guarantee, nothing of one that it does not know."""
    guarantee = TABLE.get(id)
    if guarantee is None:
        return {"known": False, "why": None, "promises": []}
    promises = [_promise(promise) for promise in guarantee.promised_by]
    return {"known": True, "why": guarantee.why, "promises": promises}


def _promise(promise: Promise) -> dict[str, Any]:
    authority = AUTHORITIES[promise.authority]
    return {
        "document": f"{authority.document} {authority.version}".strip(),
        "section": promise.section,
        "url": promise.url,
        "owed": promise.authority == OWED,
    }


def _cell(result: GuaranteeResult, strict: bool) -> dict[str, Any]:
    """`defects` are there to be searched."""
    return {
        "mark": mark_of(result, strict).key,
        "verdict": result.verdict,
        "level": result.level,
        "judged": result.judged,
        "failed": result.failed,
        "selected": result.selected,
        "findings": len(result.findings),
        "defects": list(dict.fromkeys(f.defect for f in result.findings if f.defect)),
    }
