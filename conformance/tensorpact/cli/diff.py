"""`tensorpact diff`: says what changed between two reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorpact.cli import options

if TYPE_CHECKING:
    from tensorpact.reports.diff import Changed

FAIL_ON = (
    "Exit with 1 if a guarantee or a finding changed so; repeatable. Of guarantees that are "
    "advice only under --strict."
)
_FILE = click.Path(path_type=Path)


@click.command("diff", short_help="Say what changed between two reports.")
@click.argument("old", metavar="OLD", type=_FILE)
@click.argument("new", metavar="NEW", type=_FILE)
@click.option(
    "--fail-on",
    type=click.Choice(["broken", "fixed", "new", "gone"]),
    multiple=True,
    help=FAIL_ON,
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    show_default=True,
)
@options.STRICT
def command(old: Path, new: Path, fail_on: tuple[str, ...], form: str, strict: bool) -> None:
    """Compare two reports, which `tensorpact run -o` wrote.

    Guarantees and findings are fixed, or broken, if both runs judged them; new, if only NEW
    did, and gone, if only OLD did. With --fail-on a report that is incomplete is exit code 4.
    """
    from tensorpact.reports.diff import changes
    from tensorpact.reports.diff_text import FORMATS, unlike
    from tensorpact.reports.jsonlines import read_report
    from tensorpact.reports.model import first_line
    from tensorpact.reports.plain import printable

    reports = read_report(old), read_report(new)
    found = changes(*reports, strict)
    click.echo(FORMATS[form](*reports, found), nl=False)
    if difference := unlike(*reports):
        click.echo(
            f"the runs differ ({difference}): what one found, the other may not have tried.",
            err=True,
        )
    incomplete = False
    for path, report in zip((old, new), reports, strict=True):
        if report.incomplete is not None:
            why = printable(first_line(report.incomplete))
            click.echo(f"{path} is incomplete: {why}", err=True)
            incomplete = True
    failed = any(one.change in fail_on and _counts(one, strict) for one in found)
    if fail_on and (incomplete or failed):
        raise SystemExit(4 if incomplete else 1)


def _counts(one: Changed, strict: bool) -> bool:
    """What is broken counts as in a run, where what is known does not; else what is a MUST."""
    return one.breaks if one.change == "broken" else strict or one.level == "MUST"
