"""Reports as Markdown, for the summary of a CI job: verdicts first, what fails folded below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from tensorpact.reports.fences import cell, fenced, inline
from tensorpact.reports.matrix import labels, rows
from tensorpact.reports.model import BROKEN, GuaranteeResult, Report, first_line
from tensorpact.reports.plain import SHOWN, printable, result_text
from tensorpact.reports.standing import Standing, counted, standing

SIGNS = {
    Standing.PASSED: "✅",
    Standing.FAILED: "❌",
    Standing.ADVISED: "⚠️",
    Standing.KNOWN: "📌",
    Standing.NOT_CLAIMED: "⚪",
    Standing.NOT_EXERCISED: "❔",
    Standing.OBSERVED: "👁",
}
"""Each stands beside its word: nobody has to know them."""

_FAILING = 40
"""So many guarantees are shown with their findings: a job's summary may not be long."""


def markdown(reports: Sequence[Report], *, strict: bool = False, every: bool = False) -> str:
    """The summaries, a table of what is broken, and the cards of what fails.

    What backends said stands in blocks of code, where it cannot become markup.
    """
    blocks = [
        *(f"### {_sign(report, strict)} {cell(report.summary(strict))}" for report in reports),
        *(_incomplete(report) for report in reports if report.incomplete is not None),
        _counts(reports, strict),
        _broken(reports, strict),
        *(card for report in reports for card in _cards(report, strict, every)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _sign(report: Report, strict: bool) -> str:
    signs = {0: SIGNS[Standing.PASSED], 1: SIGNS[Standing.FAILED]}
    return signs.get(report.exit_code(strict), SIGNS[Standing.NOT_EXERCISED])


def _incomplete(report: Report) -> str:
    return f"**Incomplete:** {cell(first_line(report.incomplete or ''))}"


def _counts(reports: Sequence[Report], strict: bool) -> str:
    counts = [counted(report.results, strict) for report in reports]
    used = [what for what in Standing if any(count[what] for count in counts)]
    lines = [["backend", *(f"{SIGNS[what]} {what}" for what in used)]]
    for label, count in zip(labels(reports), counts, strict=True):
        lines.append([cell(label), *(str(count[what]) for what in used)])
    return _table(lines)


def _broken(reports: Sequence[Report], strict: bool) -> str:
    """Which guarantee which backend breaks."""
    lines = [["guarantee", "level", *map(cell, labels(reports))]]
    for row in rows(reports):
        if any(result is not None and _breaks(result) for result in row.results):
            words = (_word(result, strict) for result in row.results)
            lines.append([inline(row.id), str(row.level), *words])
    return _table(lines) if len(lines) > 1 else ""


def _breaks(result: GuaranteeResult) -> bool:
    return result.verdict in BROKEN or bool(result.deviations)


def _word(result: GuaranteeResult | None, strict: bool) -> str:
    if result is None:
        return ""
    what = standing(result, strict)
    said = result.verdict if result.verdict in BROKEN or result.stale else what
    failed = f" ({result.failed} of {result.judged} cases)" if result.failed else ""
    return f"{SIGNS[what]} {said}{failed}"


def _cards(report: Report, strict: bool, every: bool) -> Iterator[str]:
    broken = [result for result in report.results if result.new or result.stale]
    broken.sort(key=lambda result: not result.breaks(strict))
    most = None if every else SHOWN
    for result in broken if every else broken[:_FAILING]:
        card = result_text(result, report.header, most, "the report file has them")
        name, id = (escape(printable(text)) for text in (report.header.claims.name, result.id))
        said = f"<b>{name}</b>: {id} ({result.level})"
        yield f"<details><summary>{said}</summary>\n\n{fenced(card, 'text')}\n\n</details>"
    if not every and len(broken) > _FAILING:
        yield f"{len(broken) - _FAILING} more guarantees are broken; the report file has them."


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, f"|{' --- |' * len(lines[0])}", *body])
