"""`tensorpact selftest`: judges the suite by the backends whose verdict is known."""

from __future__ import annotations

from pathlib import Path

import click

from tensorpact.cli import complete, options
from tensorpact.cli.files import writable
from tensorpact.cli.progress import progress

SOUGHT = "Let only the right guarantee judge a faulty backend, until it condemns: much quicker."
KEEP = "Keep what was found in this file, and go on from it after an interruption."


@click.command("selftest", short_help="Judge the suite by backends whose verdict is known.")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete.among(complete.zoo))
@options.budget("quick")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="Judge with the seeds 0 to N-1.",
)
@click.option("--sought-only", "sought", is_flag=True, help=SOUGHT)
@options.JOBS
@click.option("--all", "every", is_flag=True, help="Show every backend, not the errors only.")
@options.file("--keep", KEEP)
@options.output("FILE.json", "Write the kill matrix to this file, if it is complete.")
def command(
    names: tuple[str, ...],
    budget: str,
    seeds: int,
    sought: bool,
    jobs: int | None,
    every: bool,
    keep: Path | None,
    output: Path | None,
) -> None:
    """Judge every backend of the zoo, or those called NAME (globs), and print the kill matrix.

    An error is a faulty backend that survives, one that is condemned for another reason, an odd
    one that is condemned, and a guarantee that condemns none of those that break it.
    """
    from tensorpact.selftest.recorded import write
    from tensorpact.selftest.run import selftest
    from tensorpact.selftest.summary import lines

    if output is not None:
        writable(output)
    with progress() as tell:
        matrix = selftest(
            names,
            budget=budget,
            seeds=seeds,
            whole=not sought,
            jobs=jobs,
            keep=keep,
            progress=tell,
        )
    for line in lines(matrix, every=every):
        click.echo(line)
    if output is not None and not matrix.incomplete:
        write(matrix, output)
    raise SystemExit(matrix.exit_code())
