"""`tensorpact run`: judges a backend and prints the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensorpact.cli import options
from tensorpact.cli.progress import Tell, progress

if TYPE_CHECKING:
    from tensorpact.runner.run import OnProgress, Progress

DEVIATIONS = (
    "Known deviations, which do not count; repeatable. `shipped`: the file shipped for the "
    "library; `none`: not even those that pyproject.toml names."
)


@click.command("run", short_help="Judge a backend and print the report.")
@options.BACKEND
@options.ONLY
@options.budget("standard")
@options.SEED
@options.JOBS
@options.EVERY
@options.STRICT
@options.deviations(DEVIATIONS)
@options.output("FILE.jsonl", "Write the results to this file too, as JSON lines.")
def command(
    backend: str,
    only: tuple[str, ...],
    budget: str,
    seed: int,
    jobs: int | None,
    every: bool,
    strict: bool,
    deviations: tuple[str, ...],
    output: Path | None,
) -> None:
    """Judge BACKEND: reference, torch, numpy, array-api-strict, or module:attribute."""
    from rich.console import Console

    import tensorpact
    from tensorpact.deviations.files import configured
    from tensorpact.errors import Fault, UsageError
    from tensorpact.reports.terminal import render

    if output is not None and output.suffix in (".html", ".md", ".xml"):
        raise UsageError(
            f"a run writes JSON lines, not {output}: name a file FILE.jsonl, "
            f"and make the other of it by `tensorpact report FILE.jsonl -o {output}`"
        )
    fault = None
    try:
        with progress() as tell:
            report = tensorpact.run(
                backend,
                only=only,
                budget=budget,
                seed=seed,
                jobs=jobs,
                output=output,
                deviations=deviations or configured(),
                progress=telling(tell),
            )
    except Fault as error:
        if error.report is None:
            raise
        report, fault = error.report, error
    try:
        render(report, Console(), strict=strict, every=every)
    except SystemExit:
        # rich ends with 1 when nobody reads on, and 1 would say that the backend is at fault.
        raise BrokenPipeError from None
    if fault is not None:
        raise fault
    raise SystemExit(report.exit_code(strict))


def telling(tell: Tell | None) -> OnProgress | None:
    """Tells of a run in a line."""
    if tell is None:
        return None

    def line(now: Progress) -> None:
        said = f"{now.phase}: {now.cases:,} cases, {now.findings} findings"
        tell(said, now.done, now.total)

    return line
