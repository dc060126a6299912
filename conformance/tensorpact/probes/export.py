"""What a tensor gives out, looked at in memory and through consumers that write.

The state of a case is not set: exports are documented to depend on the tensor alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

from tensorpact.backends.memory import readable
from tensorpact.capsules.fields import HOST_CODES, Fields, fields
from tensorpact.cases import dtypes, layouts
from tensorpact.cases.build import build
from tensorpact.cases.live import Live, Unbuildable
from tensorpact.cases.model import Argument, Case, two_numbers
from tensorpact.probes import memory, reads
from tensorpact.probes.consumers import DLPACK, LENT, Held, contradiction
from tensorpact.probes.observe import Eyes, Snapshot, snapshot
from tensorpact.probes.raising import adapting, attempt, raised_by
from tensorpact.seen.export import Given, Giver, Taken
from tensorpact.seen.raised import Raised


def give(case: Case, eyes: Eyes) -> Given:
    """What became of an export. Raises AdapterFault when the adapter itself raises."""
    assert case.block is not None
    try:
        with adapting("making the tensor"):
            live = build(case.source, eyes.backend)
    except Unbuildable as error:
        return Given(unbuilt=str(error))
    giver = _described(live, eyes)
    before = snapshot(live)
    exporter = _Export(case, live, giver, eyes)
    returned, raised = exporter()
    if raised is not None:
        unknown = raised.is_a("TypeError") and not _knows(live.obj, case)
        damage = _damage(live, before)
        return Given(raised=raised, unknown_keyword=unknown, giver=giver, damage=damage)
    if case.call.operation == "__dlpack__":
        return _capsule(exporter, returned, before)
    taken = _lent(exporter, returned)
    return Given(
        giver=giver,
        type_name=type(returned).__name__,
        taken=(taken,),
        contradiction=contradiction(returned) if isinstance(returned, memoryview) else "",
        damage=_flags_changed(live, before),
    )


def _knows(tensor: Any, case: Case) -> bool:
    """Whether the tensor's own method has the keywords.

    One without a signature, as in C, is asked with the values that stand for "not given".
    """
    method = getattr(tensor, case.call.operation, None)
    if method is None:
        return True
    try:
        inspect.signature(method).bind(**dict(case.call.arguments))
    except ValueError:
        unset = dict.fromkeys(name for name, _ in case.call.arguments)
        raised = attempt(lambda: method(**unset))[1]
        return raised is None or not raised.is_a("TypeError")
    except TypeError:
        return False
    return True


# --------------------------------------------------------------------------- the tensor


def _described(live: Live, eyes: Eyes) -> Giver:
    backend = eyes.backend
    with adapting("describing the tensor"):
        return Giver(
            shape=backend.shape(live.obj),
            dtype=eyes.dtype_names.get(backend.dtype(live.obj)),
            device=eyes.device_name(live.obj),
            strides=live.strides,
            address=live.address,
            elements=live.elements(),
            dlpack_device=_where(live.obj),
        )


def _where(tensor: Any) -> tuple[int, int] | None:
    try:
        kind, number = tensor.__dlpack_device__()
    except Exception:  # a device that DLPack does not know, a tensor without the method
        return None
    return int(kind), int(number)


def _damage(live: Live, before: Snapshot) -> str:
    data, _ = snapshot(live)
    return "its elements were changed" if data != before[0] else _flags_changed(live, before)


def _flags_changed(live: Live, before: Snapshot) -> str:
    """What exporting changed about the description; a probe may have written the elements."""
    flags = live.flags() if live.flags is not None else None
    return "" if flags == before[1] else f"its description changed from {before[1]} to {flags}"


# --------------------------------------------------------------------------- the call


class _Export:
    """The case's export of its one tensor, to be made several times."""

    __slots__ = ("arguments", "case", "eyes", "give", "giver", "live")

    def __init__(self, case: Case, live: Live, giver: Giver, eyes: Eyes) -> None:
        self.case, self.live, self.giver, self.eyes = case, live, giver, eyes
        self.give = eyes.backend.exports[case.call.operation]
        self.arguments = {n: self._argument(n, value) for n, value in case.call.arguments}

    def __call__(self) -> tuple[Any, Raised | None]:
        return attempt(lambda: self.give(self.live.obj, **self.arguments))

    def _argument(self, name: str, value: Argument) -> Any:
        if name in ("max_version", "dl_device") and isinstance(value, str):
            return self.giver.dlpack_device if value == "own" else two_numbers(value)
        if name == "stream" and isinstance(value, str):
            return self._stream(int(value.removeprefix("#")))
        return value

    def _stream(self, number: int) -> int:
        """The stream of this number of those that the tensor's device has."""
        stream = self.eyes.devices[self.giver.device or ""].streams[number]
        return stream() if callable(stream) else stream


# --------------------------------------------------------------------------- DLPack


def _capsule(exporter: _Export, first: Any, before: Snapshot) -> Given:
    """Exports made one beside the other: one to look at, one for each consumer, one dropped."""
    live, giver = exporter.live, exporter.giver
    found = fields(first)
    if found is None:
        return Given(giver=giver, type_name=type(first).__name__)
    second, refused = exporter()
    again = fields(second)
    elements, unreadable = _in_memory(found, giver)
    damage = _damage(live, before)
    believable = _is_believable(exporter, elements)
    taken = _consumed(exporter, found, [first, second]) if believable else ()
    del first, second
    return Given(
        giver=giver,
        type_name="PyCapsule",
        fields=found,
        elements=elements,
        unreadable=unreadable,
        again=again,
        refused_again=refused,
        taken=taken,
        damage=damage or _flags_changed(live, before),
    )


def _is_believable(exporter: _Export, elements: bytes | None) -> bool:
    """Whether a consumer may write there: to memory that is not the tensor's it would do harm."""
    block, giver = exporter.case.block, exporter.giver
    if elements is None or giver.elements is None or giver.dtype is None or block is None:
        return False
    return bool(block.lazy) or reads.same(elements, giver.elements, giver.dtype)


def _in_memory(found: Fields, giver: Giver) -> tuple[bytes | None, bool]:
    """The elements where the capsule says that they are, and whether they ought to be there.

    They are read only if they are as many as the tensor has and as wide.
    """
    if found.device[0] not in HOST_CODES or giver.dtype is None or giver.elements is None:
        return None, False
    size = dtypes.itemsize(giver.dtype)
    if found.shape != giver.shape or found.dtype[1] != 8 * size or found.ndim != len(giver.shape):
        return None, False
    if not prod(giver.shape):
        return b"", False
    strides = found.byte_strides(size)
    low, high = layouts.span(found.shape, strides, size)
    if not (readable(found.address + low, 1) and readable(found.address + high - 1, 1)):
        return None, True
    return reads.raw(found.address, strides, found.shape, giver.dtype), False


def _consumed(exporter: _Export, found: Fields, capsules: list[Any]) -> tuple[Taken, ...]:
    """Each consumer takes a capsule of its own; all read before any of them writes."""
    held = {}
    for name, take in DLPACK.items():
        if capsules and capsules[-1] is not None:
            held[name] = _hold(name, partial(take, capsules.pop(), found.device))
    return tuple([_written(each, exporter) for each in held.values()])


# --------------------------------------------------------------------------- who holds it


def _lent(exporter: _Export, returned: Any) -> Taken:
    operation = exporter.case.call.operation
    return _written(_hold(operation, partial(LENT[operation], returned)), exporter)


def _hold(name: str, take: Callable[[], Held]) -> tuple[Taken, Held | None]:
    try:
        held = take()
    except Exception as error:  # what this consumer lacks says nothing of the producer
        return Taken(name, raised_by(error)), None
    address, elements = held.address, held.read()
    return Taken(name, None, held.dtype, held.shape, held.strides, address, elements), held


def _written(found: tuple[Taken, Held | None], exporter: _Export) -> Taken:
    """Nothing is written where the tensor's numbers are not those in its memory."""
    (taken, held), block = found, exporter.case.block
    if held is None or block is None or block.lazy or held.dtype != block.dtype:
        return taken
    with adapting("reading and writing the tensor"):
        writes, writable = memory.probe(
            exporter.live, held.read, held.write, exporter.case, block.dtype
        )
    if writable and taken.elements is not None:
        held.write(taken.elements)  # so that what the next one writes is seen
    return replace(taken, writes=writes, writable=writable)
