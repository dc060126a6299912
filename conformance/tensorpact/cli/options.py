"""Options that mean the same in every command that has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

BUDGETS = ("quick", "standard", "deep")

ONLY = click.option(
    "--only",
    metavar="GLOB",
    multiple=True,
    help="Only ids that match; repeatable. Crashes are reported whatever is selected.",
)
SEED = click.option(
    "--seed", type=int, metavar="N", default=0, show_default=True, help="Same seed, same verdict."
)
JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes; default: all cores."
)


def budget(default: str) -> Callable[[F], F]:
    """The option `--budget`."""
    return click.option(
        "--budget",
        type=click.Choice(BUDGETS),
        default=default,
        show_default=True,
        help="How many cases to try on a backend.",
    )


EVERY = click.option("--all", "every", is_flag=True, help="Show every finding, not the first few.")
STRICT = click.option("--strict", is_flag=True, help="Hold the backend to SHOULD as to MUST.")
