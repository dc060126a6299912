"""Text of others inside Markdown, where it must not become markup."""

from __future__ import annotations

import re

from tensorpact.reports.plain import printable

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~@&$])")


def fenced(text: str, language: str) -> str:
    """The text as a block of code, with a fence that does not occur in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{printable(text).rstrip()}\n{fence}"


def inline(text: str) -> str:
    """The text as code in a line."""
    line = " ".join(printable(text).split())
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}" if line else ""


def cell(text: str) -> str:
    """The text in one line of prose, also of a table: what could be markup stands for itself."""
    return _MARKUP.sub(r"\\\1", " ".join(printable(text).split()))
