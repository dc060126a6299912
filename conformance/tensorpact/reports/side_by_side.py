"""Several reports on a terminal: which guarantee which backend breaks, and the sums."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tensorpact.reports.matrix import Row, labels, rows
from tensorpact.reports.model import BROKEN, GuaranteeResult, Report
from tensorpact.reports.plain import printable
from tensorpact.reports.standing import Standing, counted, standing

_STYLES = {
    Standing.FAILED: "bold red",
    Standing.ADVISED: "yellow",
    Standing.KNOWN: "cyan",
    Standing.PASSED: "green",
}


def render(
    reports: Sequence[Report], console: Console, *, strict: bool = False, every: bool = False
) -> None:
    """Print a line for each guarantee that one of the backends breaks, or for `every` one.

    Then how many guarantees count as what, and the summary of each report.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("guarantee", no_wrap=True)
    for label in labels(reports):
        table.add_column(Text(printable(label)))
    for row in rows(reports):
        if every or any(result and _broken(result) for result in row.results):
            table.add_row(Text(printable(row.id)), *_cells(row, strict))
    table.add_section()
    for what in Standing:
        counts = [counted(report.results, strict)[what] for report in reports]
        if any(counts):
            table.add_row(f"total {what}", *(str(count or "-") for count in counts))
    console.print(table, soft_wrap=True)
    for report in reports:
        console.print(Text(f"\n{printable(report.summary(strict))}"), soft_wrap=True)


def _broken(result: GuaranteeResult) -> bool:
    return result.verdict in BROKEN or bool(result.deviations)


def _cells(row: Row, strict: bool) -> list[Text]:
    return [word(result, strict) for result in row.results]


def word(result: GuaranteeResult | None, strict: bool) -> Text:
    """What became of it: how it fails where it does, and what it counts as."""
    if result is None:
        return Text("-", "dim")
    what = standing(result, strict)
    if what is Standing.FAILED and not result.stale:
        return Text(str(result.verdict), _STYLES[what])
    return Text(str(what) if not result.stale else str(result.verdict), _STYLES.get(what, "dim"))
