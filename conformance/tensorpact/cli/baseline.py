"""`tensorpact baseline`: writes down what a backend breaks today as known deviations."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorpact.cli import options
from tensorpact.cli.files import writable
from tensorpact.cli.progress import progress
from tensorpact.cli.run import telling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorpact.deviations.baseline import Entry
    from tensorpact.deviations.model import Deviation
    from tensorpact.errors import Fault
    from tensorpact.reports.model import Report

FILE = "tensorpact-deviations.toml"
DEVIATIONS = (
    f"The file; repeatable, and the last one is written to. Default: {FILE}. `shipped` before "
    "it: what is shipped for the library is not written down again."
)
WRITE = "Write the file; otherwise it is only said what would change."
DROP = "With --write: make comments of the entries that no longer fail."


@click.command("baseline", short_help="Write what fails today down as known deviations.")
@options.BACKEND
@options.ONLY
@options.budget("standard")
@options.SEED
@options.JOBS
@options.deviations(DEVIATIONS)
@click.option("--write", is_flag=True, help=WRITE)
@click.option("--drop-stale", "drop", is_flag=True, help=DROP)
def command(
    backend: str,
    only: tuple[str, ...],
    budget: str,
    seed: int,
    jobs: int | None,
    deviations: tuple[str, ...],
    write: bool,
    drop: bool,
) -> None:
    """Judge BACKEND, and write down what fails as known deviations, yet undecided.

    What stands in the file is kept as it is, reasons, comments and order. Exits with 1 if
    the file is not up to date.
    """
    import tensorpact
    from tensorpact.deviations.baseline import entries_of
    from tensorpact.deviations.files import loaded
    from tensorpact.errors import UsageError
    from tensorpact.runner.tasks import ALONE

    if drop and not write:
        raise UsageError("--drop-stale changes the file: add --write")
    file = _file(deviations)
    if write:
        writable(file)
    run = partial(tensorpact.run, backend, only=only, budget=budget, seed=seed, jobs=jobs)
    for _ in range(ROUNDS if write else 1):
        known = [*deviations[:-1], *([str(file)] if file.exists() else [])]
        report, fault = _judged(partial(run, deviations=known))
        entries = entries_of(report)
        _say(report, entries)
        if fault is not None:
            raise fault
        if report.incomplete is not None:
            click.echo("the run is incomplete: nothing is written.", err=True)
            raise SystemExit(report.exit_code())
        stale = _stale(report, loaded(known, report.header.claims.name), file)
        if write:
            _write(file, entries, stale if drop else set())
        if not entries:
            break
    left = [f for f in report.findings if not f.known and f.detail == ALONE]
    current = not entries and ((write and drop) or not stale) and not left
    raise SystemExit(int(not current))


ROUNDS = 6
"""So often it is judged and written: an entry may cover less than all the cases of a finding."""


def _judged(run: Callable[..., Report]) -> tuple[Report, Fault | None]:
    """The report of a run, and what ended it early."""
    from tensorpact.errors import Fault

    try:
        with progress() as tell:
            return run(progress=telling(tell)), None
    except Fault as error:
        if error.report is None:
            raise
        return error.report, error


def _file(deviations: Sequence[str]) -> Path:
    from tensorpact.deviations.files import NONE, SHIPPED
    from tensorpact.errors import UsageError

    name = deviations[-1] if deviations else FILE
    if name in (SHIPPED, NONE):
        raise UsageError(f"name a file to write to, after {name!r} or in place of it")
    return Path(name)


def _stale(report: Report, known: Sequence[Deviation], file: Path) -> set[int]:
    """The numbers of the entries of the file that no longer fail."""
    by_key = {deviation.key: deviation for deviation in known}
    found = (by_key[stale.key] for result in report.results for stale in result.stale)
    return {deviation.number for deviation in found if deviation.file == str(file)}


def _say(report: Report, entries: Sequence[Entry]) -> None:
    from tensorpact.reports.plain import number_of_cases, printable
    from tensorpact.runner.tasks import ALONE

    for entry in entries:
        count = number_of_cases(entry.finding.count)
        where = " ".join(map(str, entry.region.conditions)) or "everywhere"
        click.echo(printable(f"new    {entry.finding.guarantee}: {where} ({count})"))
    for result in report.results:
        for finding in result.new:
            if finding.detail == ALONE:
                click.echo(printable(f"left   {result.id}: {finding.call}: {ALONE}"))
        for deviation in result.stale:
            click.echo(printable(f"stale  {result.id}: {deviation.stale}"))
    click.echo(printable(report.summary()))


def _write(file: Path, entries: Sequence[Entry], stale: set[int]) -> None:
    """Write what is new behind what there is, and make comments of what is stale."""
    from tensorpact.deviations.baseline import appended, without
    from tensorpact.deviations.files import parsed
    from tensorpact.errors import UsageError

    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        text = without(before, stale) if stale else before
        text = appended(text, entries) if entries else text
        parsed(text, str(file))
        if text != before:
            file.write_text(text, encoding="utf-8")
            click.echo(f"wrote {file}: `tensorpact run` takes it by --deviations {file}")
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}; name another file") from error
