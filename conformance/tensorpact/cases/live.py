"""A source that exists: what is handed in, and what the probes know of it besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorpact.capsules import Loan
from tensorpact.capsules.handshake import Ask
from tensorpact.probes.owners import Owner

UNTOUCHED, TOUCHED, ENDLESS = "untouched", "touched", "endless"
UNREAD = frozenset({UNTOUCHED, TOUCHED, ENDLESS})
"""Contents that no probe reads or writes: it would spoil the count, or never come to an end."""


class Unbuildable(Exception):
    """The source cannot exist here: NumPy lacks the dtype, the backend cannot make the view."""


class Live:
    """A source that exists: `obj` is what is handed in; the rest is for the probes only.

    `get()` are the elements as bytes in C order; `put(data)` sets them behind the library's
    back, None where nobody may; `bytes()` is all memory that the source lends, guards
    included, None where the host cannot see it. `copies` are the addresses of the copies
    that the exporter has made on request, `handshake` what a DLPack exporter was asked. `owner`
    tells whether the memory is still held, `capsules` are the exports made by hand and `loans`
    what became of each.
    """

    __slots__ = ("address", "aliased", "bytes", "capsules", "copies", "extent", "flags", "get",
                 "handshake", "keep", "loans", "obj", "owner", "put", "strides")  # fmt: skip

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.get: Callable[[], bytes] | None = None
        self.put: Callable[[bytes], None] | None = None
        self.bytes: Callable[[], bytes] | None = None
        self.flags: Callable[[], Any] | None = None
        self.address: int | None = None
        self.strides: tuple[int, ...] | None = None
        self.extent: tuple[int, int] | None = None
        self.aliased = False
        self.copies: list[int] = []
        self.handshake: list[Ask] = []
        self.keep: Any = None
        self.owner: Owner | None = None
        self.loans: list[Loan] | None = None
        self.capsules: list[Any] = []

    def elements(self) -> bytes | None:
        """The elements as bytes in C order, None where nobody may read them."""
        return None if self.get is None else self.get()

    def only_lend(self) -> None:
        """Forget all but the object, so that the harness itself keeps nothing alive."""
        self.get = self.put = self.bytes = self.flags = self.keep = None
