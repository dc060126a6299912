"""`tensorpact replay`: tries one finding again, or all those of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorpact.cli import complete

if TYPE_CHECKING:
    from tensorpact.backends.protocol import Backend
    from tensorpact.reports.model import Finding
    from tensorpact.reports.replay_id import ReplayId
    from tensorpact.runner.replay import Replayed

BACKEND = "Try it on this backend, not on the one that the id or the report names."


@click.command("replay", short_help="Try a finding again, or all of a report.")
@click.argument("what", type=click.Path(), metavar="ID|FILE")
@click.option(
    "--backend",
    metavar="BACKEND",
    help=BACKEND,
    shell_complete=complete.backend,
)
def command(what: str, backend: str | None) -> None:
    """Try the finding ID once more, with everything seen; or each one of the report FILE.

    Exits with 1 if something still fails.
    """
    from tensorpact.reports.replay_id import replay_id

    path = Path(what)
    fails = _all(path, backend) if path.is_file() else _one(replay_id(what), backend)
    raise SystemExit(int(fails))


def _one(wanted: ReplayId, backend: str | None) -> bool:
    from tensorpact.reports.model import BROKEN
    from tensorpact.reports.replayed import replayed_text
    from tensorpact.reproducers.again import with_reproducer
    from tensorpact.runner.replay import replay

    name = backend or wanted.backend
    found = replay(_loaded(name), wanted.case)
    broken = with_reproducer(found, wanted.guarantee, name)
    click.echo(replayed_text(found, wanted.guarantee, broken))
    return found.verdict(wanted.guarantee) in BROKEN


def _all(path: Path, backend: str | None) -> bool:
    from tensorpact.reports.jsonlines import read_report
    from tensorpact.reports.model import first_line
    from tensorpact.reports.plain import printable
    from tensorpact.reports.replay_id import UNNAMED, ReplayId
    from tensorpact.runner.replay import replays

    report = read_report(path)
    loaded = _loaded(backend) if backend else None
    findings = report.findings
    if report.incomplete is not None:
        why = printable(first_line(report.incomplete))
        click.echo(f"the report is incomplete: {why}", err=True)
    if not findings:
        click.echo(f"{path} has no findings")
        return False
    name = backend or report.header.named or UNNAMED
    became = []
    cases = (finding.case for finding in findings)
    for finding, found in zip(findings, replays(loaded or _loaded(name), cases), strict=True):
        became.append(_became(finding, found))
        again = ReplayId(name, finding.guarantee, finding.case)
        click.echo(f"{became[-1]:{len(UNTESTED)}}  {again}")
    counts = ", ".join(f"{became.count(word)} {word}" for word in dict.fromkeys(became))
    click.echo(f"of {len(findings)} findings: {counts}")
    return FAILS in became


FAILS, FIXED = "fails", "fixed"
UNTESTED = "not tested"
"""The backend lacks what the case needs, does not claim the guarantee any more, or the case fails
only after others."""


def _became(finding: Finding, found: Replayed | None) -> str:
    from tensorpact.reports.model import BROKEN, Verdict
    from tensorpact.runner.tasks import ALONE

    verdict = found.verdict(finding.guarantee) if found is not None else Verdict.NOT_EXERCISED
    if verdict in BROKEN:
        return FAILS
    return FIXED if verdict is Verdict.PASS and finding.detail != ALONE else UNTESTED


def _loaded(name: str) -> Backend:
    from tensorpact.backends.find import load
    from tensorpact.errors import UsageError
    from tensorpact.reports.replay_id import UNNAMED

    if name == UNNAMED:
        raise UsageError("the backend was handed over as an object: name one by --backend")
    return load(name)
