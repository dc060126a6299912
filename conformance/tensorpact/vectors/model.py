"""What a golden vector is: an input, a call, and what the documents say that it comes to."""

from __future__ import annotations

from dataclasses import dataclass

from tensorpact.cases.model import Argument, Node

Element = bool | str | tuple[str, str]
"""An element as JSON has it: true or false, the text of an int or of a float in hexadecimal,
two such texts for a complex number."""

DEFAULTS = ("default integer", "default real", "default complex")
"""What stands for a dtype that the library chooses."""

HOST, NOWHERE = "host", "nowhere"
"""The devices of vectors: that of host memory, and one that does not exist."""


@dataclass(frozen=True, slots=True)
class Expect:
    """One outcome; what is None is not promised.

    `raises` are the exceptions any of which will do, empty for any exception at all; it is None
    for a result. `dtype` is a standard name or one of `DEFAULTS`, `strides` are in bytes,
    `memory` is "shared" or "independent", `device` is `HOST`.
    """

    raises: tuple[str, ...] | None = None
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    elements: tuple[Element, ...] | None = None
    memory: str | None = None
    same_object: bool | None = None
    strides: tuple[int, ...] | None = None
    writable: bool | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Vector:
    """A case of a guarantee, whose outcome follows from a section of an authority.

    It holds for each of the `operations`. `arguments` are those of `cases.model.Call`, but for
    the device, which is `HOST` or `NOWHERE`. Any one of the `outcomes` will do.
    """

    id: str
    guarantee: str
    authority: str
    section: str
    why: str
    input: Node
    operations: tuple[str, ...]
    arguments: tuple[tuple[str, Argument], ...]
    outcomes: tuple[Expect, ...]
