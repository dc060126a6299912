"""A run as an assertion."""

from __future__ import annotations

from typing import Unpack

from tensorpact.backends.protocol import Backend
from tensorpact.errors import NonConformance
from tensorpact.reports.model import Report
from tensorpact.reports.plain import result_text
from tensorpact.runner.run import Options, run

SHOWN = 5


def check(backend: Backend | str, *, strict: bool = False, **options: Unpack[Options]) -> Report:
    """Judge a backend as `run` does with the same options; returns the report if it conforms.

    Raises NonConformance, an AssertionError, if a MUST is broken or the run is incomplete;
    under `strict` a SHOULD counts like a MUST. The exception carries the `report`.
    """
    report = run(backend, **options)
    if report.exit_code(strict) == 0:
        return report
    broken = [result for result in report.results if result.breaks(strict)]
    texts = [result_text(result, report.header.claims) for result in broken[:SHOWN]]
    if len(broken) > SHOWN:
        texts.append(f"and {len(broken) - SHOWN} more: {', '.join(r.id for r in broken[SHOWN:])}")
    raise NonConformance("\n\n".join([report.summary(strict), *texts]), report)
