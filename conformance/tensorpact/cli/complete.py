"""What completes the arguments of commands in a shell; no library under test is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def among(words: Callable[[], Iterable[str]], *, or_file: bool = False) -> Completer:
    """Completes to one of the words, or to a file where none fits and a file may stand there.

    Where the words cannot be had there are none: the command itself will say what is wrong.
    """

    def completed(
        _context: click.Context, _parameter: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        from tensorpact.errors import TensorpactError

        try:
            fitting = [CompletionItem(word) for word in words() if word.startswith(begun)]
        except TensorpactError:
            fitting = []
        return fitting or ([CompletionItem(begun, type="file")] if or_file else [])

    return completed


def backend(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Completes to the name of a backend; to the many of the zoo only behind `zoo:`."""
    words = zoo_backends if begun.startswith("zoo") else backends
    return among(words)(context, parameter, begun)


def backends() -> Iterable[str]:
    """The names of the backends that are known."""
    from tensorpact.backends.find import known

    return known()


def zoo_backends() -> Iterable[str]:
    """The names of the zoo, as those of backends."""
    return (f"zoo:{name}" for name in zoo())


def zoo() -> Iterable[str]:
    """The names of the zoo."""
    from tensorpact.selftest.zoos import zoo

    return zoo()


def guarantees() -> Iterable[str]:
    """The ids of the guarantees."""
    from tensorpact.guarantees import TABLE

    return TABLE


def groups() -> Iterable[str]:
    """The groups of guarantees."""
    from tensorpact.guarantees import GROUPS

    return GROUPS


def selections() -> Iterable[str]:
    """What chooses guarantees without a glob: a group or an id."""
    return [*groups(), *guarantees()]


def deviations() -> Iterable[str]:
    """The words that stand in the place of a file of deviations."""
    return ("shipped", "none")
