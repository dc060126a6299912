"""`tensorpact backends`: what can be judged by name."""

from __future__ import annotations

import click


@click.command("backends")
def command() -> None:
    """List the backends that can be judged by name."""
    from tensorpact.backends.find import known

    found = known()
    width = max(map(len, found), default=0)
    for name, origin in found.items():
        click.echo(f"{name:{width}}  {origin}")
