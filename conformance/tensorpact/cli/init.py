"""`tensorpact init`: writes what a new user starts from."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path

import click

INTO = "Write into this directory, which is made if it is not there. Default: the current one."


@click.command("init", short_help="Write an adapter, a test and a workflow to start from.")
@click.argument("name", metavar="NAME")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", default=".", help=INTO)
def command(name: str, into: Path) -> None:
    """Write an adapter for the library NAME, a test that judges it, and a workflow of GitHub.

    If NAME can be imported, the adapter is for that library as it is; if not, an example stands
    in its place. No file is overwritten. What is left to decide is marked DECIDE.
    """
    from tensorpact.errors import UsageError
    from tensorpact.scaffold import start

    if not _is_name(name):
        raise UsageError(
            f"{name!r} is no name of a module: write it as Python imports it, "
            f"such as `tensorpact init {_suggested(name)}`"
        )
    begun = start(name)
    _write({into / path: text for path, text in begun.texts.items()})
    for path in begun.texts:
        click.echo(f"wrote {into / path}")
    for note in begun.notes:
        click.echo(f"note: {note}.", err=True)
    click.echo(f"next, in {into}: tensorpact smoke {name}_adapter:backend")


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _suggested(name: str) -> str:
    likely = re.sub(r"\W+", "_", name).strip("_")
    return likely if _is_name(likely) else f"my_{likely}" if likely else "mylib"


def _write(texts: Mapping[Path, str]) -> None:
    """Write all of the files or, if one of them is there, none."""
    from tensorpact.errors import UsageError

    if taken := [str(path) for path in texts if path.exists() or path.is_symlink()]:
        there = "is there" if len(taken) == 1 else "are there"
        raise UsageError(f"{', '.join(taken)} {there} already: move it away, or choose --into DIR")
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}; choose --into DIR") from error
