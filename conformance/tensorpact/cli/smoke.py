"""`tensorpact smoke`: tests an adapter before its library is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tensorpact.backends.protocol import Backend, Claims

ADAPTER_FAULT = 3
SECONDS = 60.0


@click.command("smoke", short_help="Test the adapter of a backend.")
@click.argument("backend", metavar="BACKEND")
def command(backend: str) -> None:
    """Test the adapter of BACKEND itself: its reads, writes, dtypes and devices."""
    from tensorpact.backends.find import load
    from tensorpact.backends.smoke import untried

    loaded = load(backend)
    problems, claims = _tested(loaded)
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


def _tested(backend: Backend) -> tuple[tuple[str, ...], Claims]:
    """What is wrong with the adapter and what it claims, in a process that its library may end."""
    from tensorpact.errors import AdapterFault
    from tensorpact.runner.isolation import How, isolate
    from tensorpact.runner.judging import smoke_test

    notes, ending = isolate(smoke_test, backend, seconds=SECONDS)
    if ending.how is not How.DONE:
        raise AdapterFault(f"testing the adapter of {backend.name} ended in {ending.cause}")
    ((problems, claims),) = notes
    return tuple(problems), claims
