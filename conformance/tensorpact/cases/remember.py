"""A memory of one: the same question about the same node is asked by many guarantees in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

N = TypeVar("N")
R = TypeVar("R")


def remembered(function: Callable[[N], R]) -> Callable[[N], R]:
    """The function, remembering its answer for the last argument, told by identity.

    Cheaper than a cache over values, whose hash walks the whole node every time.
    """
    last: tuple[N, R] | None = None

    def asked(node: N) -> R:
        nonlocal last
        known = last
        if known is None or known[0] is not node:
            known = last = node, function(node)
        return known[1]

    asked.__doc__ = function.__doc__
    asked.__name__ = function.__name__
    return asked
