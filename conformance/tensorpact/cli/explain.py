"""`tensorpact explain`: one guarantee in full."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from tensorpact.cli import complete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensorpact.guarantees.model import Guarantee, Promise

WIDEST = 88
NOBODY = "  nobody: what happens is recorded and compared, never scored"


@click.command("explain", short_help="Explain a guarantee in full.")
@click.argument("name", metavar="ID", shell_complete=complete.among(complete.guarantees))
def command(name: str) -> None:
    """Explain the guarantee ID: what is promised, by whom, and why it matters."""
    from tensorpact.errors import UsageError
    from tensorpact.guarantees import TABLE, unknown_guarantee

    if name not in TABLE:
        raise UsageError(unknown_guarantee(name))
    click.echo(_explanation(TABLE[name]))


def _explanation(guarantee: Guarantee) -> str:
    blocks = [
        f"{guarantee.id} ({guarantee.level})",
        _wrap(guarantee.sentence),
        "Why it matters\n" + _wrap(guarantee.why),
        "Promised by\n" + ("\n".join(map(_promise, guarantee.promised_by)) or NOBODY),
        "Operations\n" + _wrap(", ".join(guarantee.operations)),
        *_known(guarantee),
    ]
    return "\n\n".join(blocks)


def _known(guarantee: Guarantee) -> Iterator[str]:
    """What the shipped files say of libraries that break it."""
    from tensorpact.deviations.files import read, shipped

    found = [
        _wrap(f"{library} ({deviation.when}), {deviation.kind}: {deviation.reason}")
        for library, file in shipped().items()
        for deviation in read(file)
        if deviation.guarantee == guarantee.id
    ]
    if found:
        yield "Known to be broken by\n" + "\n".join(found)


def _promise(promise: Promise) -> str:
    from tensorpact.reports.plain import cited

    scope = f" (for {', '.join(sorted(promise.operations))})" if promise.operations else ""
    return f"  {promise.authority}: {cited(promise)}{scope}"


def _wrap(text: str) -> str:
    return textwrap.fill(
        text,
        min(WIDEST, shutil.get_terminal_size((WIDEST, 0)).columns),
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
