"""A story told step by step, every handle compared to the model after each."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from tensorpact.backends.protocol import Claims
from tensorpact.cases import dtypes, stories
from tensorpact.cases.model import Block, Case, Step, Story
from tensorpact.cases.stories import Handle
from tensorpact.probes import reads, story_handles
from tensorpact.probes.observe import Eyes
from tensorpact.probes.settling import comes_true
from tensorpact.probes.worlds import Cells, World
from tensorpact.seen.raised import Raised
from tensorpact.seen.story import Departure, Told, What

MOST_WORLDS = 16
"""A handle that would make for more accounts than these is not followed."""

_JUNK = b"\xa5"
_REUSED = 4


def tell(case: Case, eyes: Eyes, claims: Claims) -> Told:
    """What became of the story. Raises AdapterFault when the adapter itself raises."""
    assert isinstance(case.source, Story)
    telling = _Telling(stories.handles(case.source.steps, claims), eyes, claims)
    for number, step in enumerate(case.source.steps):
        departure = telling.after(number, step)
        eyes.log.clear()
        if departure is not None:
            return telling.told(departure)
    return telling.told(None)


class _Telling:
    """The live handles by number, and the accounts of how they hang together.

    Only what the library has made puts it to the test: its tensors are compared, and buffers
    resized that something was made of.
    """

    def __init__(self, handles: dict[int, Handle], eyes: Eyes, claims: Claims) -> None:
        self.handles, self.eyes, self.claims = handles, eyes, claims
        self.objects: dict[int, Any] = {}
        self.worlds = [World()]
        self.protected: set[int] = set()
        self.lenders: set[int] = set()
        self.compared = self.resized = 0
        self.raised: Raised | None = None

    def told(self, departure: Departure | None) -> Told:
        return Told(self.compared, self.resized, departure, self.raised)

    def after(self, number: int, step: Step) -> Departure | None:
        """Takes the step and says what is not as it should be then; a step in the void is none."""
        if step.verb not in ("make", "collect") and step.handle not in self.objects:
            return None
        match step.verb:
            case "write":
                self._write(step)
            case "drop":
                self._drop(step.handle)
            case "collect":
                gc.collect()
            case "resize":
                return self._resize(number, step.handle)
            case _:
                self._make(number, step)
        return self._compare(number)

    # ---------------------------------------------------------------- making

    def _make(self, number: int, step: Step) -> None:
        handle = self.handles.get(number)
        if handle is None or 0 in handle.block.shape:
            return
        parent = None if handle.parent is None else self.handles[handle.parent].block
        obj, raised = story_handles.make(step, self.objects.get(step.handle), parent, self.eyes)
        if raised is not None and (not raised.is_a("Exception") or raised.is_a("SystemError")):
            self.raised = self.raised or raised
        if obj is None or not story_handles.as_foretold(obj, handle.block, self.eyes):
            return
        at = story_handles.cells(obj, handle.block, self.eyes)
        if handle.parent is None:
            worlds = self._worlds_with_new(handle, obj, at)
        else:
            same = obj is self.objects[handle.parent]
            worlds = [new for w in self.worlds for new in self._accounts(w, handle, step, at, same)]
        if len(worlds) <= MOST_WORLDS:
            self.objects[number], self.worlds = obj, worlds
            if handle.parent is not None:
                self.lenders.add(handle.parent)

    def _worlds_with_new(self, handle: Handle, obj: Any, at: Cells | None) -> list[World]:
        if handle.block.readonly:
            self.protected.add(handle.number)
        data = story_handles.read(obj, handle.block, self.eyes)
        shape = _cells_shape(handle)
        return [world.with_copy(handle.number, data, shape, at) for world in self.worlds]

    def _accounts(
        self, world: World, handle: Handle, step: Step, at: Cells | None, same: bool
    ) -> list[World]:
        """The account with the handle over its parent's bytes, with a copy, or one of each.

        By address where both have one. What reads otherwise than its parent's elements is
        taken for a copy of them, which is contradicted at once.
        """
        number, parent = handle.number, handle.parent
        assert parent is not None
        source = self.handles[parent].block
        data = stories.carried(step, source, handle.block, world.read(parent))
        _, cells = world.places[parent]
        copy = world.with_copy(number, data, _cells_shape(handle), at)
        if _converts(step, handle, source):
            return [copy]
        logical = stories.selected(step, source, cells).reshape(_cells_shape(handle))
        if same:
            return [world.with_view(number, parent, logical)]
        if at is not None and world.is_placed(parent):
            found = world.cells_at(parent, at)
            shared = None if found is None else world.with_view(number, parent, found)
            return [shared if shared is not None and shared.read(number) == data else copy]
        if handle.block.device != source.device:
            return [copy]
        either = [world.with_view(number, parent, logical), copy]
        return either if handle.shares else either[::-1]

    # ---------------------------------------------------------------- other steps

    def _write(self, step: Step) -> None:
        """Nobody writes what was lent read-only, nor what a library of constants was given."""
        number = step.handle
        block = self.handles[number].block
        for world in self.worlds:
            if world.places[number][0] in self.protected:
                return
            users = world.sharers(number) & self.objects.keys()
            own = any(self.handles[n].block.exporter == "own" for n in users)
            if self.claims.immutable and own:
                return
        aliased = any(world.aliased(number) for world in self.worlds)
        data = stories.written(step.detail, block, aliased)
        if story_handles.write(self.objects[number], block, data, self.eyes):
            for world in self.worlds:
                world.write(number, data)

    def _drop(self, number: int) -> None:
        """Memory that this frees is handed out again and overwritten, lest it look alive."""
        del self.objects[number]
        for world in self.worlds:
            world.drop(number)
        block = self.handles[number].block
        count = int(np.prod(block.shape)) * dtypes.itemsize(block.dtype)
        junk: list[Any] = [bytearray(_JUNK * count) for _ in range(_REUSED)]
        junk += [np.full(count, _JUNK[0], np.uint8) for _ in range(_REUSED)]
        make = self.eyes.backend.make
        if make is not None and block.exporter == "own" and not block.device:
            junk.append(make(_JUNK * count, "uint8", (count,), self.eyes.backend.host.name))

    def _resize(self, number: int, handle: int) -> Departure | None:
        """A buffer is locked as long as a tensor shares it, and no longer."""
        self.resized += handle in self.lenders
        made = self.handles[handle].made
        sharing = {bool(world.sharers(handle)) for world in self.worlds}
        if _resizes(self.objects[handle]):
            if sharing == {True}:
                return Departure(What.UNLOCKED, number, handle, made)
            self._move(handle)
            return self._compare(number)
        if sharing == {False} and not self._has_offspring(handle):
            if not comes_true(lambda: _resizes(self.objects[handle])):
                return Departure(What.LOCKED, number, handle, made)
            self._move(handle)
        return None

    def _move(self, handle: int) -> None:
        """The buffer may lie elsewhere now."""
        at = story_handles.cells(self.objects[handle], self.handles[handle].block, self.eyes)
        assert at is not None
        for world in self.worlds:
            world.bases[world.places[handle][0]] = int(at.min())

    def _has_offspring(self, handle: int) -> bool:
        """Whether anything lives that was made of it, by however many steps."""
        family = {handle}
        for number, other in sorted(self.handles.items()):
            if other.parent in family:
                family.add(number)
        return bool((family - {handle}) & self.objects.keys())

    # ---------------------------------------------------------------- comparing

    def _compare(self, step: int) -> Departure | None:
        seen = {
            number: story_handles.read(obj, self.handles[number].block, self.eyes)
            for number, obj in self.objects.items()
        }
        self.compared += sum(self.handles[n].block.exporter == "own" for n in seen)
        agreeing = [world for world in self.worlds if world.agrees(seen)]
        if agreeing:
            self.worlds = agreeing
            return None
        world = self.worlds[0]
        number = next(n for n, data in seen.items() if world.read(n) != data)
        handle = self.handles[number]
        wanted = reads.numbers(world.read(number), handle.block.dtype)
        found = reads.numbers(seen[number], handle.block.dtype)
        return Departure(What.ELEMENTS, step, number, handle.made, tuple(wanted), tuple(found))


def _cells_shape(handle: Handle) -> tuple[int, ...]:
    return (*handle.block.shape, dtypes.itemsize(handle.block.dtype))


def _converts(step: Step, handle: Handle, source: Block) -> bool:
    """Whether the elements become those of another dtype; a raw reading keeps their bytes."""
    raw = step.verb == "call" and step.detail.startswith("frombuffer")
    return handle.block.dtype != source.dtype and not raw


def _resizes(buffer: Any) -> bool:
    try:
        buffer.append(0)
    except BufferError:
        return False
    buffer.pop()
    return True
