"""A report on a terminal, or as plain text where it is piped: table, findings, last line."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tensorpact.guarantees import GROUPS
from tensorpact.reports.model import GuaranteeResult, Report, Verdict, first_line
from tensorpact.reports.plain import SHOWN, known_line, printable, result_text
from tensorpact.reports.standing import Standing, counted


def render(report: Report, console: Console, *, strict: bool = False, every: bool = False) -> None:
    """Print the report: a table by group, the findings, and one line that can be read alone.

    The first few findings of each guarantee, or `every` one.
    Plain text where the console is no terminal. What backends said is never read as markup.
    """
    console.print(_table(report, strict))
    _print_known(report, console, every)
    for result in sorted(report.results, key=lambda result: result.breaks(strict)):
        if result.new or result.stale:
            style = "red" if result.breaks(strict) else "yellow"
            most = None if every else SHOWN
            _print(console, result_text(result, report.header, most), style)
    for line in _remarks(report):
        _print(console, line, "dim", gap=False)
    _print(console, printable(report.summary(strict)), _style(report, strict))


def _print_known(report: Report, console: Console, every: bool) -> None:
    """What is broken as is known, and in no other way: a line a guarantee, or all of it."""
    known = [result for result in report.results if result.verdict is Verdict.KNOWN]
    if every:
        for result in known:
            _print(console, result_text(result, report.header), "cyan")
    elif known:
        lines = ["as is known (`tensorpact run --all` tells why):", *map(known_line, known)]
        _print(console, "\n".join(lines), "cyan")


def _print(console: Console, text: str, style: str, gap: bool = True) -> None:
    """The first line is styled. Nothing is wrapped: it may be text to copy."""
    first, newline, rest = text.partition("\n")
    styled = Text.assemble((first, style), newline, rest)
    console.print(*([Text()] if gap else []), styled, sep="\n", soft_wrap=True)


def _style(report: Report, strict: bool) -> str:
    return {0: "bold green", 1: "bold red"}.get(report.exit_code(strict), "bold yellow")


def _table(report: Report, strict: bool) -> Table:
    """Judgements are counted: a case counts once for every guarantee that it tested."""
    columns = _columns(report)
    close = Standing.KNOWN in columns  # one more column fits into 80 characters
    table = Table(
        Column("group", overflow="fold"),
        title_justify="left",
        box=None,
        pad_edge=False,
        collapse_padding=close,
    )
    for title in (*columns, "judgements"):
        table.add_column(title, justify="right", overflow="fold")
    rows = {group: [r for r in report.results if r.group == group] for group in GROUPS}
    for group, results in rows.items():
        if results:
            table.add_row(*_cells(group, results, columns, strict))
    table.add_section()
    table.add_row(*_cells("all", list(report.results), columns, strict), style="bold")
    return table


def _columns(report: Report) -> list[Standing]:
    """That of known deviations only where there is any."""
    known = any(result.verdict is Verdict.KNOWN for result in report.results)
    return [title for title in Standing if known or title is not Standing.KNOWN]


def _cells(
    name: str, results: list[GuaranteeResult], columns: list[Standing], strict: bool
) -> Iterator[str]:
    counts = counted(results, strict)
    judged = sum(result.judged for result in results)
    yield name
    yield from (_number(counts[what]) for what in columns)
    yield _number(judged)


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ") if count else "-"


def _remarks(report: Report) -> Iterator[str]:
    """What is not a finding and must not be overlooked."""
    unexercised = [r.id for r in report.results if r.verdict is Verdict.NOT_EXERCISED]
    if unexercised:
        yield f"\nnot exercised: {', '.join(unexercised)}"
    for result in report.results:
        if result.notes:
            counts = ", ".join(f"{note} ({count})" for note, count in result.notes.items())
            yield printable(f"\n{result.id}: {counts}")
    if report.incomplete is not None:
        yield printable(f"\nincomplete: {first_line(report.incomplete)}")
