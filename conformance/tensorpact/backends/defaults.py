"""What an adapter may use to describe a library's default dtype and default device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


def setting(
    get: Callable[[], T], put: Callable[[T], object]
) -> Callable[[T], AbstractContextManager[None]]:
    """A default that is set for the time of a context and then put back as it was found.

    `get` gives the default now in force, `put` sets it: the form that `Backend.default_real`
    and `Backend.default_device["setting"]` want.
    """

    @contextmanager
    def changed(value: T) -> Iterator[None]:
        previous = get()
        put(value)
        try:
            yield
        finally:
            put(previous)

    return changed
