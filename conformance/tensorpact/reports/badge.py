"""A report as a badge: the JSON that shields.io and others that speak its endpoint format draw."""

from __future__ import annotations

import json

from tensorpact.reports.model import Report
from tensorpact.reports.plain import printable
from tensorpact.reports.standing import Standing, counted

_COLORS = {0: "brightgreen", 1: "red"}


def badge(report: Report, *, strict: bool = False) -> str:
    """Whether the backend conforms, how many guarantees fail, and how many are known to."""
    counts = counted(report.results, strict)
    said = {
        0: "conforms",
        1: f"{counts[Standing.FAILED]} guarantees fail",
    }.get(report.exit_code(strict), "incomplete")
    known = f", {counts[Standing.KNOWN]} known" if counts[Standing.KNOWN] else ""
    data = {
        "schemaVersion": 1,
        "label": printable(f"tensorpact {report.header.claims.name}"),
        "message": said + known,
        "color": _COLORS.get(report.exit_code(strict), "yellow"),
    }
    return json.dumps(data) + "\n"
