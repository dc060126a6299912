"""`tensorpact docs`: writes the pages that are made from the code."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

STALE = 1
DOCS = Path("docs")


@click.command("docs", short_help="Write the pages made from the code.")
@click.argument("folder", type=click.Path(path_type=Path), default=DOCS, metavar="[DIR]")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a page is stale.")
def command(folder: Path, check: bool) -> None:
    """Write the pages on rules, guarantees, backends and commands into DIR (docs)."""
    from tensorpact import documentation

    if not check:
        documentation.write(folder)
        return
    stale = documentation.stale(folder)
    for path in stale:
        click.echo(f"{folder / path} is stale; run `{_writing(folder)}`.", err=True)
    raise SystemExit(STALE if stale else 0)


def _writing(folder: Path) -> str:
    return shlex.join(["tensorpact", "docs", *([] if folder == DOCS else [str(folder)])])
