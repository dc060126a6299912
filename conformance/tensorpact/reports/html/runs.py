"""What was run: each report with its name on the page, its verdict, and the facts to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tensorpact.reports.matrix import labels
from tensorpact.reports.model import Header, Report, first_line

_CONFORMS = {0: "conforms", 1: "does not conform", 4: "incomplete"}


def runs(reports: Sequence[Report], strict: bool) -> list[dict[str, Any]]:
    """The reports, each under a name of its own."""
    return [
        {
            "key": key,
            "name": report.header.claims.name,
            "version": report.header.claims.version,
            "conforms": _CONFORMS[report.exit_code(strict)],
            "summary": report.summary(strict),
            "incomplete": None if report.incomplete is None else first_line(report.incomplete),
            "facts": list(_facts(report, strict)),
            "notes": report.header.claims.notes,
        }
        for key, report in zip(labels(reports), reports, strict=True)
    ]


def _facts(report: Report, strict: bool) -> Iterator[tuple[str, str]]:
    header = report.header
    if report.incomplete is not None:
        yield "incomplete", report.incomplete
    untried = f"; {report.untried:,} left out after deaths of their like" if report.untried else ""
    yield "cases", f"{report.cases:,}{untried}".replace(",", " ")
    yield "time", f"{report.seconds:.0f} s"
    yield "seed", str(header.seed)
    yield "budget", header.budget
    yield "guarantees", ", ".join(header.only) or "all"
    if strict:
        yield "strict", "a broken SHOULD counts against conformance"
    yield "known deviations", ", ".join(header.deviations) or "no file"
    yield from _versions(header)


def _versions(header: Header) -> Iterator[tuple[str, str]]:
    yield "tensorpact", header.suite
    yield "Python", header.python
    yield "NumPy", header.numpy
    yield "platform", header.platform
    yield "found as", header.named or "an object that was handed over"
