"""Calls that end the process, or never come back, as scripts: the call, and uses of its result."""

from __future__ import annotations

from collections.abc import Iterator

from tensorpact.cases.words import word
from tensorpact.reproducers.typed import Lines, Typed, indented

_OFTEN = 20
"""What damages memory is noticed when the memory is used, which may take a few more calls."""


def deadly(made: Typed) -> Iterator[Lines]:
    """The candidates for a death or a hang."""
    yield [*made.lines, *made.doing(made.call)]
    for kind in ("elements of", "fill"):
        use = word(made.claims, kind, x="result", value=0)
        yield [*made.result, f"print({use})" if kind != "fill" else use]
    yield [*made.result, "del result", "gc.collect()"]
    block = "\n".join([*made.lines, *made.doing(made.call)])
    yield [f"for _ in range({_OFTEN}):", indented(block)]
