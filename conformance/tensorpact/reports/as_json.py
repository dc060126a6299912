"""Reports as one JSON document: each in full, and the verdicts side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tensorpact.reports.codec import encode
from tensorpact.reports.jsonlines import FORMAT
from tensorpact.reports.matrix import labels, rows
from tensorpact.reports.model import Report
from tensorpact.reports.standing import standing


def as_json(reports: Sequence[Report], *, strict: bool = False) -> str:
    """`reports` have the fields of the lines of a file, `matrix` what each guarantee counts as.

    The columns of the matrix are the reports, in the order of the files.
    """
    data = {
        "format": FORMAT,
        "reports": [
            {"label": label} | _report(report, strict)
            for label, report in zip(labels(reports), reports, strict=True)
        ],
        "matrix": {
            row.id: [None if r is None else standing(r, strict) for r in row.results]
            for row in rows(reports)
        },
    }
    return json.dumps(data, indent=1) + "\n"


def _report(report: Report, strict: bool) -> dict[str, Any]:
    said = {"exit_code": report.exit_code(strict), "summary": report.summary(strict)}
    return said | dict(encode(report))
