"""What a thing is: something handed in that no leaf, nest or block describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class InputError(Exception):
    """Raised by the input's own methods; a call that meets it must let it through.

    `met` counts them all, so that one which was swallowed is noticed.
    """

    met = 0

    def __init__(self, *words: object) -> None:
        super().__init__(*words)
        InputError.met += 1


@dataclass(frozen=True, slots=True)
class Thing:
    """A factory, its text, and whether it is hostile (else it is merely no data).

    The factory gives a new object at every call; the text is what a person would type.
    `raises`: the object's own methods raise InputError. `iterator`: it is consumed by reading.
    `data`: it is data after all, of a kind about which no authority says anything. `beyond`:
    it describes memory that lies outside of the buffer which it gives along.
    `asked`: how often the arrays in it were asked for something, as they count it themselves.
    """

    make: Callable[[], Any]
    text: str
    hostile: bool = False
    raises: bool = False
    iterator: bool = False
    deep: bool = False
    data: bool = False
    beyond: bool = False
    asked: Callable[[Any], int] | None = None
