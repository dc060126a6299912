"""A run as an assertion."""

from __future__ import annotations

from typing import Unpack

from tensorpact.backends.protocol import Backend
from tensorpact.errors import NonConformance
from tensorpact.reports.model import Report
from tensorpact.reports.plain import result_text
from tensorpact.runner.run import Options, run

SHOWN = 5
REST = "the exception's `report` has them"


def check(backend: Backend | str, *, strict: bool = False, **options: Unpack[Options]) -> Report:
    """Judge a backend as `run` does with the same options; returns the report if it conforms.

    Raises NonConformance, an AssertionError, if a MUST is broken or the run is incomplete;
    under `strict` a selected SHOULD counts too. The exception carries the `report`. Faults are
    raised as by `run`.
    """
    report = run(backend, **options)
    if report.exit_code(strict) == 0:
        return report
    broken = [result for result in report.results if result.breaks(strict)]
    texts = [result_text(r, report.header, rest=REST) for r in broken[:SHOWN]]
    if len(broken) > SHOWN:
        texts.append(f"and {len(broken) - SHOWN} more: {', '.join(r.id for r in broken[SHOWN:])}")
    raise NonConformance("\n\n".join([report.summary(strict), *texts]), report)
