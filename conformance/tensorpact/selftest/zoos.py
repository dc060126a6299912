"""The zoos that are installed, found by entry point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import entry_points

from tensorpact.errors import UsageError
from tensorpact.selftest.member import GROUP, Zoo


@cache
def zoo() -> Zoo:
    """The members of every zoo, by name. Raises UsageError where none is installed, and where
    two have a member of one name."""
    found: list[Zoo] = [entry.load()() for entry in entry_points(group=GROUP)]
    if not found:
        raise UsageError("no zoo is installed: install tensorpact whole, with its fixtures")
    names = [name for members in found for name in members]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two of the installed zoos have a {name!r}: uninstall one of them")
    return {name: member for members in found for name, member in members.items()}


def chosen(names: Sequence[str]) -> Zoo:
    """The members whose names match one of the globs; all where there is no glob.

    Raises UsageError for a glob that nothing matches.
    """
    everything = zoo()
    for name in names:
        if not _matching(everything, [name]):
            raise UsageError(unknown(name))
    return {name: everything[name] for name in _matching(everything, names or ["*"])}


def unknown(name: str) -> str:
    """Why there is no member of this name, and what to do."""
    near = get_close_matches(name, zoo(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`tensorpact zoo` lists them."
    return f"there is no {name!r} in the zoo; {hint}"


def _matching(names: Iterable[str], globs: Sequence[str]) -> list[str]:
    return [name for name in names if any(fnmatchcase(name, glob) for glob in globs)]
