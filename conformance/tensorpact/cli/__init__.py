"""The command line, `tensorpact`: one module a command.

Nothing here imports NumPy, Hypothesis or the engine at the top, so that `--help` is quick;
every command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from tensorpact.cli import (
    backends,
    baseline,
    bugreport,
    completion,
    diff,
    docs,
    explain,
    init,
    list,
    replay,
    report,
    run,
    selftest,
    smoke,
    zoo,
)
from tensorpact.cli.program import Program


@click.group(
    cls=Program,
    commands=[
        m.command
        for m in (
            *(run, report, diff, replay, bugreport, baseline, init, smoke),
            *(list, explain, backends, zoo, selftest, docs, completion),
        )
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="tensorpact", message="%(prog)s %(version)s")
def main() -> None:
    """Check what an array library promises when data comes in.

    Start with `tensorpact run reference`, then judge a library: `tensorpact run torch`.
    """
