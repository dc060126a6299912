"""`tensorpact zoo`: the backends whose verdict is known, a line each, or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tensorpact.cli import complete

if TYPE_CHECKING:
    from tensorpact.selftest.member import Member


@click.command("zoo", short_help="List the backends whose verdict is known.")
@click.argument(
    "name", metavar="[NAME]", required=False, shell_complete=complete.among(complete.zoo)
)
@click.option(
    "--kind",
    type=click.Choice(["faulty", "historic", "odd"]),
    help="Only those with a defect of ours, a defect of a library, or none.",
)
@click.option(
    "--breaks",
    metavar="GLOB",
    help="Only those that break a guarantee whose id matches.",
    shell_complete=complete.among(complete.selections),
)
def command(name: str | None, kind: str | None, breaks: str | None) -> None:
    """List faulty, historic and odd backends, or say all about the one called NAME.

    `tensorpact run zoo:NAME` judges it.
    """
    from tensorpact.errors import UsageError
    from tensorpact.guarantees import select
    from tensorpact.selftest.zoos import unknown, zoo

    if name is not None:
        known = name.removeprefix("zoo:")
        if known not in zoo():
            raise UsageError(unknown(known))
        click.echo(_described(zoo()[known]))
        return
    broken = {guarantee.id for guarantee in select((breaks,) if breaks else ())}
    chosen = [
        member
        for member in zoo().values()
        if kind in (None, member.kind) and (breaks is None or member.breaks in broken)
    ]
    if not chosen:
        raise UsageError("no backend of the zoo fits all of these options; leave one out.")
    width = max(len(member.name) for member in chosen)
    for member in chosen:
        click.echo(f"{member.name:{width}}  {member.kind:8}  {member.breaks or '-'}")
        click.echo(f"{'':{width}}  {member.sentence}")


def _described(member: Member) -> str:
    facts = {
        "kind": member.kind,
        "breaks": member.breaks,
        "may also break": ", ".join(sorted(member.also)),
        "hidden in": member.corner,
        "made out of": member.base,
        "see": member.address,
    }
    lines = [f"zoo:{member.name}", f"  {member.sentence}", ""]
    lines += [f"  {what:15} {fact}" for what, fact in facts.items() if fact]
    lines += ["", "Seen by" if member.breaks else "Tried by"]
    return "\n".join([*lines, *_witnesses(member)])


def _witnesses(member: Member) -> list[str]:
    from tensorpact.backends.protocol import claims_of
    from tensorpact.cases.spell import spell

    claims = claims_of(member.sound())
    spelled = [spell(case, claims).splitlines() for case in member.witness]
    return [f"  {line}" for lines in spelled for line in (*lines, "")][:-1]
