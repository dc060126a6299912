"""What completes the arguments of commands in a shell; no library under test is imported.

A shell that asks gets nothing where something is wrong: the command itself will say it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

Words = Callable[[], Iterable[str]]
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def among(words: Words, *, or_file: bool = False) -> Completer:
    """Completes to one of the words, or to a file where none fits and a file may stand there."""

    def completed(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[Item]:
        from tensorpact.errors import TensorpactError

        try:
            fitting = [Item(word) for word in words() if word.startswith(begun)]
        except TensorpactError:
            fitting = []
        return fitting or ([Item(begun, type="file")] if or_file else [])

    return completed


Item = CompletionItem


def backends() -> Iterable[str]:
    """The names of backends, those of the zoo behind `zoo:`."""
    from tensorpact.backends.find import known

    return [*known(), *(f"zoo:{name}" for name in zoo())]


def guarantees() -> Iterable[str]:
    """The ids of the guarantees."""
    from tensorpact.guarantees import TABLE

    return TABLE


def selections() -> Iterable[str]:
    """What `--only` takes: a group, all of a group, an id."""
    return [*groups(), *guarantees()]


def groups() -> Iterable[str]:
    """The groups of guarantees."""
    from tensorpact.guarantees import GROUPS

    return GROUPS


def zoo() -> Iterable[str]:
    """The names of the zoo."""
    from tensorpact.selftest.zoos import zoo

    return zoo()


def deviations() -> Iterable[str]:
    """The words that stand for no file, or for one that is shipped."""
    return ("shipped", "none")
