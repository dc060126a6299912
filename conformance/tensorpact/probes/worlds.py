"""The model of a story: accounts of which handles share which bytes, ruled out by what is read.

Where addresses are known there is one account. Where they are not, a result may share its
source or be a copy of it: both accounts are followed until a read contradicts one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Cells = np.ndarray[Any, np.dtype[np.int64]]
"""Where the bytes of a handle are: its shape, and a last dimension for the bytes of an element."""


@dataclass(slots=True)
class World:
    """One account: blocks of bytes, and for every handle its block and the bytes in it.

    A block goes by the number of the handle that brought it. `bases` are the addresses of
    blocks that have one.
    """

    blocks: dict[int, np.ndarray[Any, np.dtype[np.uint8]]] = field(default_factory=dict)
    places: dict[int, tuple[int, Cells]] = field(default_factory=dict)
    bases: dict[int, int] = field(default_factory=dict)

    def read(self, handle: int) -> bytes:
        """What the handle reads by this account."""
        block, cells = self.places[handle]
        return self.blocks[block][cells].tobytes()

    def agrees(self, seen: Mapping[int, bytes]) -> bool:
        return all(self.read(handle) == data for handle, data in seen.items())

    def write(self, handle: int, data: bytes) -> None:
        block, cells = self.places[handle]
        self.blocks[block][cells] = np.frombuffer(data, np.uint8).reshape(cells.shape)

    def drop(self, handle: int) -> None:
        """A block whose last handle goes is gone: its addresses may be anyone's then."""
        block, _ = self.places.pop(handle)
        if all(block != other for other, _ in self.places.values()):
            del self.blocks[block]
            self.bases.pop(block, None)

    def sharers(self, handle: int) -> set[int]:
        """The other handles over the same block."""
        block, _ = self.places[handle]
        return {n for n, (other, _) in self.places.items() if other == block} - {handle}

    def aliased(self, handle: int) -> bool:
        """Whether elements of the handle share their bytes."""
        _, cells = self.places[handle]
        return len(np.unique(cells)) != cells.size

    # ---------------------------------------------------------------- other accounts

    def with_copy(
        self, handle: int, data: bytes, shape: tuple[int, ...], at: Cells | None
    ) -> World:
        """The account in which the handle has a block of its own, at these addresses."""
        base = 0 if at is None else int(at.min())
        cells = np.arange(len(data)).reshape(shape) if at is None else at - base
        made = self._also(handle, handle, cells)
        made.blocks[handle] = np.zeros(int(cells.max()) + 1, np.uint8)
        if at is not None:
            made.bases[handle] = base
        made.write(handle, data)
        return made

    def with_view(self, handle: int, source: int, cells: Cells) -> World:
        """The account in which the handle is over these bytes of its source's block."""
        return self._also(handle, self.places[source][0], cells)

    def _also(self, handle: int, block: int, cells: Cells) -> World:
        blocks = {number: bytes_.copy() for number, bytes_ in self.blocks.items()}
        return World(blocks, {**self.places, handle: (block, cells)}, dict(self.bases))

    def cells_at(self, source: int, at: Cells) -> Cells | None:
        """Which bytes of the source's block lie at these addresses; None if not all are in it.

        Raises KeyError where the block's address is not known.
        """
        block, _ = self.places[source]
        cells = at - self.bases[block]
        within = cells.min() >= 0 and cells.max() < len(self.blocks[block])
        return cells if within else None

    def is_placed(self, handle: int) -> bool:
        return self.places[handle][0] in self.bases
