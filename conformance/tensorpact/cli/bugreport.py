"""`tensorpact bugreport`: one finding of a report as the Markdown of an issue."""

from __future__ import annotations

from pathlib import Path

import click

from tensorpact.cli import complete, options


@click.command("bugreport", short_help="Write a finding as an issue for the library.")
@options.REPORT
@click.argument("id", metavar="ID", shell_complete=complete.among(complete.guarantees))
def command(file: Path, id: str) -> None:
    """Write the finding ID of the report FILE as the Markdown of an issue.

    FILE is what `tensorpact run -o` wrote. ID is what follows `tensorpact replay` in the report,
    or the id of a guarantee that has one finding there. The case is tried again, and a script made
    for it, with what is installed now.

    Exits with 1 if no script was seen to fail, and so shows no defect.
    """
    from tensorpact.reports.chosen import chosen
    from tensorpact.reports.issue import issue
    from tensorpact.reports.jsonlines import read_report
    from tensorpact.reproducers.again import tried_again

    report = read_report(file)
    tried = tried_again(chosen(report, id), report.header)
    click.echo(issue(report.header, tried), nl=False)
    if tried.ended is None:
        click.echo(f"tensorpact: {tried.why}", err=True)
        raise SystemExit(1)
