"""Two calls that must agree, as scripts that make both."""

from __future__ import annotations

from collections.abc import Iterator

from tensorpact.cases.words import word
from tensorpact.reproducers.demands import Lines
from tensorpact.reproducers.typed import Typed, caught, overwriting

AGREEMENT = "agreement"
"""The kind of a demand that a related call comes to the same; its value is that call's number."""


def agreeing(one: Typed, other: Typed) -> Iterator[Lines]:
    """The candidates for two calls: that neither is refused, or that their results agree."""
    yield [*_named(one, "one"), *_caught(other, "other", one), _TAKEN.format("other")]
    yield [*_named(other, "one"), *_caught(one, "other", other), _TAKEN.format("other")]
    both = [*_named(one, "one"), *_named(other, "other", one)]
    for kind in ("dtype of", "shape of", "device of", "elements of"):
        left, right = (word(one.claims, kind, x=name) for name in ("one", "other"))
        yield [*both, f"assert {left} == {right}, ({left}, {right})"]
    if one.lines == other.lines and overwriting(one):
        left, right = (word(one.claims, "elements of", x=name) for name in ("one", "other"))
        yield [*both, overwriting(one), f"assert {left} == {right}, ({left}, {right})"]
    if one.lines == other.lines:
        yield [*both, f"assert (one is {one.data}) == (other is {one.data})"]


_TAKEN = "assert not isinstance({0}, Exception), repr({0})"


def _named(made: Typed, name: str, after: Typed | None = None) -> Lines:
    """The call under a name, without the lines that were there before."""
    return [*_lines(made, after), *made.doing(f"{name} = {made.call}")]


def _caught(made: Typed, name: str, after: Typed) -> Lines:
    return [*_lines(made, after), *made.doing(caught(made.call, name))]


def _lines(made: Typed, after: Typed | None) -> Lines:
    return [] if after is not None and after.lines == made.lines else list(made.lines)
