"""`tensorpact report`: shows reports that were written before, without judging anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorpact.cli import options

if TYPE_CHECKING:
    from tensorpact.reports.model import Report

FORMATS = ("terminal", "markdown", "junit", "html", "badge", "json", "matrix")
_FILE = click.Path(path_type=Path)

BY_SUFFIX = {".md": "markdown", ".xml": "junit", ".html": "html", ".json": "json"}
FORMAT = "Default: as the name of the output ends, .html, .md, .xml or .json; else terminal."


@click.command("report", short_help="Show reports as text, Markdown, JUnit, HTML, JSON or a badge.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option("--format", "form", type=click.Choice(FORMATS), help=FORMAT)
@options.STRICT
@options.EVERY
@options.output("FILE", "Write it to this file, not to stdout.")
def command(
    files: tuple[Path, ...], form: str | None, strict: bool, every: bool, output: Path | None
) -> None:
    """Show the reports in these files, which `tensorpact run -o` wrote.

    Several files are set side by side: guarantee × backend. Nothing is judged, and the exit
    code is 0 whatever the reports say.
    """
    from tensorpact.reports.jsonlines import read_report

    reports = [read_report(file) for file in files]
    suffix = output.suffix if output is not None else ""
    text = _rendered(reports, form or BY_SUFFIX.get(suffix, "terminal"), strict, every)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)


def _write(path: Path, text: str) -> None:
    from tensorpact.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; name another file") from error


def _rendered(reports: Sequence[Report], form: str, strict: bool, every: bool) -> str:
    match form:
        case "markdown":
            from tensorpact.reports.markdown import markdown

            return markdown(reports, strict=strict, every=every)
        case "junit":
            from tensorpact.reports.junit import junit

            return junit(reports, strict=strict, every=every)
        case "html":
            from tensorpact.reports.html import page

            return page(reports, strict=strict)
        case "json":
            from tensorpact.reports.as_json import as_json

            return as_json(reports, strict=strict)
        case "matrix":
            from tensorpact.reports.verdicts import as_text, verdicts

            return as_text(verdicts(reports, strict))
        case "badge":
            return _badge(reports, strict)
    return _for_terminal(reports, strict, every)


def _badge(reports: Sequence[Report], strict: bool) -> str:
    from tensorpact.errors import UsageError
    from tensorpact.reports.badge import badge

    if len(reports) > 1:
        raise UsageError("a badge is about one report: name one file")
    return badge(reports[0], strict=strict)


def _for_terminal(reports: Sequence[Report], strict: bool, every: bool) -> str:
    """With colours where stdout is a terminal."""
    from rich.console import Console

    from tensorpact.reports import side_by_side, terminal

    console = Console()
    with console.capture() as captured:
        if len(reports) == 1:
            terminal.render(reports[0], console, strict=strict, every=every)
        else:
            side_by_side.render(reports, console, strict=strict, every=every)
    return captured.get()
