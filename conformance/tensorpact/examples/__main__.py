"""Records examples of guarantees, all of which take some minutes: see `made`."""

from __future__ import annotations

from importlib.resources import as_file, files

import click

from tensorpact.errors import UsageError
from tensorpact.examples.made import examples
from tensorpact.examples.model import FILE, PACKAGE, as_toml, recorded
from tensorpact.guarantees import TABLE, select


@click.command()
@click.argument("globs", nargs=-1, metavar="[GLOB]...")
def main(globs: tuple[str, ...]) -> None:
    """Make an example for each guarantee that matches, and leave the others as they are."""
    try:
        wanted = select(globs)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    made = {example.guarantee: example for example in examples(wanted)}
    found = {**recorded(), **made}
    with as_file(files(PACKAGE)) as folder:
        text = as_toml(found[id] for id in TABLE if id in found)
        (folder / FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
