"""The command line, `tensorpact`: one module a command, and the exit codes of all of them.

Nothing here imports NumPy, Hypothesis or the engine at the top, so that `--help` is quick;
every command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from tensorpact.cli import (
    backends,
    baseline,
    bugreport,
    diff,
    docs,
    explain,
    list,
    replay,
    report,
    run,
    selftest,
    smoke,
    zoo,
)
from tensorpact.cli.program import Program

EXIT_CODES = """\b
Exit codes:
  0  conforms
  1  does not conform; for `docs --check`, a page is stale; for
     `baseline`, the file of deviations is not up to date
  2  wrong usage
  3  a fault of the adapter or of tensorpact itself
  4  incomplete: interrupted, or a worker was lost"""


@click.group(
    cls=Program,
    commands=[
        m.command
        for m in (
            *(run, report, diff, replay, bugreport, baseline, smoke),
            *(list, explain, backends, zoo, selftest, docs),
        )
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
@click.version_option(package_name="tensorpact", message="%(prog)s %(version)s")
def main() -> None:
    """Check what an array library promises when data comes in.

    Start with `tensorpact run reference`, then judge a library: `tensorpact run torch`.
    """
