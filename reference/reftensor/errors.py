"""Refusals raise the first exception that `rules.REFUSALS` names for them."""

from __future__ import annotations

from collections.abc import Iterable

from reftensor.rules import REFUSALS, Refusal


def refusal(reason: Refusal, message: str) -> Exception:
    """The exception to raise for this reason."""
    return REFUSALS[reason][0](message)


def where(path: Iterable[int]) -> str:
    """A place in nested data as Python would index it: `" at [1][0]"`; empty at the top."""
    place = "".join(f"[{index}]" for index in path)
    return place and f" at {place}"
