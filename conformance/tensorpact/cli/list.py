"""`tensorpact list`: the guarantees, a line each."""

from __future__ import annotations

import click

from tensorpact.cli import complete, options


@click.command("list")
@click.option(
    "--group",
    metavar="GROUP",
    help="Only this group, such as sharing.",
    shell_complete=complete.among(complete.groups),
)
@options.only(options.MATCHING)
@click.option(
    "--level",
    type=click.Choice(["MUST", "SHOULD", "OBSERVE"], case_sensitive=False),
    help="Only guarantees of this level.",
)
def command(group: str | None, only: tuple[str, ...], level: str | None) -> None:
    """List the guarantees: id, level and sentence."""
    from tensorpact.errors import UsageError
    from tensorpact.guarantees import GROUPS, select

    if group is not None and group not in GROUPS:
        raise UsageError(f"there is no group {group!r}; the groups are {', '.join(GROUPS)}.")
    chosen = [
        guarantee
        for guarantee in select(only)
        if group in (None, guarantee.group) and level in (None, guarantee.level)
    ]
    if not chosen:
        raise UsageError("no guarantee fits all of these options; leave one out.")
    width = max(len(guarantee.id) for guarantee in chosen)
    for guarantee in chosen:
        click.echo(f"{guarantee.id:{width}}  {guarantee.level:7}  {guarantee.sentence}")
