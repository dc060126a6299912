"""Arguments and options that mean the same in every command that has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tensorpact.cli import complete

F = TypeVar("F", bound=Callable[..., Any])

BUDGETS = ("quick", "standard", "deep")
MATCHING = "Only ids that match; repeatable."

BACKEND = click.argument("backend", metavar="BACKEND", shell_complete=complete.backend)
REPORT = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
"""A report that `tensorpact run -o` wrote."""
SEED = click.option(
    "--seed", type=int, metavar="N", default=0, show_default=True, help="Same seed, same verdict."
)
JOBS = click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes; default: all cores."
)
EVERY = click.option("--all", "every", is_flag=True, help="Show every finding, not the first few.")
STRICT = click.option("--strict", is_flag=True, help="Hold the backend to SHOULD as to MUST.")


def only(help: str) -> Callable[[F], F]:
    """The option `--only`."""
    completer = complete.among(complete.selections)
    return click.option(
        "--only", metavar="GLOB", multiple=True, help=help, shell_complete=completer
    )


ONLY = only(f"{MATCHING} Crashes are reported whatever is selected.")


def budget(default: str) -> Callable[[F], F]:
    """The option `--budget`."""
    return click.option(
        "--budget",
        type=click.Choice(BUDGETS),
        default=default,
        show_default=True,
        help="How many cases to try on a backend.",
    )


def deviations(help: str) -> Callable[[F], F]:
    """The option `--deviations`."""
    completer = complete.among(complete.deviations, or_file=True)
    return click.option(
        "--deviations", metavar="FILE", multiple=True, help=help, shell_complete=completer
    )


def output(metavar: str, help: str) -> Callable[[F], F]:
    """The option `--output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar=metavar,
        help=help,
    )


def file(name: str, help: str) -> Callable[[F], F]:
    """An option that is a file."""
    return click.option(
        name, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help=help
    )
