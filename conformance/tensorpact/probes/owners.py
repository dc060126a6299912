"""Who still holds an object: by a weak reference, or by the count of references to it."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from typing import Any


class Owner:
    """An object that others may hold, seen without holding it where weak references are possible.

    What takes none (bytes, bytearray) is held here, and its references are counted instead.
    """

    __slots__ = ("_thing", "_unheld", "_weak")

    def __init__(self, thing: Any) -> None:
        self._thing: Any = None
        self._unheld = 0
        try:
            self._weak: weakref.ref[Any] | None = weakref.ref(thing)
        except TypeError:
            self._weak, self._thing = None, [thing]
            self._unheld = _references_of_an_item()

    @property
    def held(self) -> bool:
        """Whether anybody holds the object; garbage that is not collected yet counts."""
        if self._weak is not None:
            return self._weak() is not None
        return sys.getrefcount(self._thing[0]) > self._unheld

    @property
    def held_for_good(self) -> bool:
        """Whether anybody but garbage holds the object. Collects only where it is held at all."""
        if not self.held:
            return False
        gc.collect()
        return self.held


def _references_of_an_item() -> int:
    """The count of an object that nothing but one list holds: it differs between Pythons."""
    thing = [bytearray()]
    return sys.getrefcount(thing[0])


class Watch:
    """The reference counts of an object and of all that it is made of, at one moment."""

    __slots__ = ("_counts", "_things")

    def __init__(self, thing: Any) -> None:
        self._things = list({id(part): (path, part) for path, part in _parts(thing, "")}.values())
        self._counts = self._now()

    def _now(self) -> list[int]:
        return [sys.getrefcount(part) for _, part in self._things]

    def drift(self, times: int) -> tuple[tuple[str, int], ...]:
        """The parts whose count changed by one or more for each of so many times, and by how many.

        Less than that is what caches do, and counted as nothing.
        """
        found = self._gained(times)
        if found:
            gc.collect()
            found = self._gained(times)
        return found

    def _gained(self, times: int) -> tuple[tuple[str, int], ...]:
        pairs = zip(self._things, self._counts, self._now(), strict=True)
        gained = [(path, int((now - before) / times)) for (path, _), before, now in pairs]
        return tuple((path, count) for path, count in gained if count)


_DEEPEST = 4
_MOST = 16


def _parts(thing: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The object, what its attributes hold, and the items of its dicts, lists and tuples."""
    if thing is None or isinstance(thing, bool | type) or _is_small(thing):
        return
    yield path or "the input", thing
    if depth == _DEEPEST:
        return
    if isinstance(thing, dict):
        inside = [(f"{path}[{key!r}]", thing[key]) for key in list(thing)[:_MOST]]
    elif isinstance(thing, list | tuple):
        inside = [(f"{path}[{index}]", item) for index, item in enumerate(thing[:_MOST])]
    else:
        held = getattr(thing, "__dict__", {})
        inside = [(f"{path}.{name}", value) for name, value in list(held.items())[:_MOST]]
    for name, part in inside:
        yield from _parts(part, name, depth + 1)


def _is_small(thing: Any) -> bool:
    """The integers that Python has once for everybody."""
    return isinstance(thing, int) and -5 <= thing <= 256
