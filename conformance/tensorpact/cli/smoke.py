"""`tensorpact smoke`: tests an adapter before its library is judged."""

from __future__ import annotations

import click

from tensorpact.cli import options

ADAPTER_FAULT = 3
SECONDS = 60.0


@click.command("smoke", short_help="Test the adapter of a backend.")
@options.BACKEND
def command(backend: str) -> None:
    """Test the adapter of BACKEND itself: its reads, writes, dtypes and devices."""
    from tensorpact.backends.find import load
    from tensorpact.backends.smoke import untried
    from tensorpact.runner.tasks import smoke_tested

    loaded = load(backend)
    problems, claims = smoke_tested(loaded, SECONDS)
    click.echo(f"{loaded.name} {loaded.version}")
    click.echo(f"  operations: {', '.join(sorted(loaded.operations))}")
    click.echo(f"  dtypes: {', '.join(loaded.dtypes)}")
    click.echo(f"  devices: {', '.join(claims.devices)}")
    for note in claims.notes:
        click.echo(f"  {note}")
    for consequence in untried(loaded):
        click.echo(f"  {consequence}")
    for problem in problems:
        click.echo(f"  problem: {problem}")
    click.echo("the adapter is broken" if problems else "the adapter works")
    raise SystemExit(ADAPTER_FAULT if problems else 0)
