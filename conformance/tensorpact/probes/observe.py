"""One case, run once: built, called in its state, read by several paths, written both ways."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from tensorpact.backends.protocol import Backend, Device
from tensorpact.cases import dtypes
from tensorpact.cases.build import build
from tensorpact.cases.live import TOUCHED, UNREAD, UNTOUCHED, Live, Unbuildable
from tensorpact.cases.model import Argument, Block, Case, Leaf, Nest, State, Values, leaves
from tensorpact.cases.thing import InputError
from tensorpact.cases.things import THINGS
from tensorpact.cases.twists import twist_of
from tensorpact.probes import memory, onward, reads
from tensorpact.probes.allocations import counted
from tensorpact.probes.raising import adapting, attempt, raised_by
from tensorpact.probes.traits import blocks_of, counts, may_warn
from tensorpact.seen.raised import Raised
from tensorpact.trial import Observed, Provided, Relation, Result, Seen, Writes

PYTHON_DTYPES: Mapping[str, Any] = {
    "python:bool": bool,
    "python:int": int,
    "python:float": float,
    "python:complex": complex,
    "python:str": "float32",
    "python:numpy": np.dtype("float32"),
}
"""What people pass as dtype besides a library's own; by the name that a call holds."""

_MOST = 1 << 24
"""No case makes a tensor of so many elements: a result that claims more is not read."""

_FEW = 12
"""Up to this many elements every read path is taken; beyond it, the two cheapest."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """A backend with the look-ups that every case needs made once."""

    backend: Backend
    dtype_names: dict[Any, str]
    devices: dict[str, Device]
    log: list[warnings.WarningMessage]

    @classmethod
    def of(cls, backend: Backend, log: list[warnings.WarningMessage]) -> Eyes:
        names = {native: name for name, native in backend.dtypes.items()}
        return cls(backend, names, {d.name: d for d in backend.devices}, log)

    def device_name(self, tensor: Any) -> str | None:
        """The adapter's name of the tensor's device, None when no spelling fits."""
        native = self.backend.device(tensor)
        if native is None and len(self.devices) == 1:
            return next(iter(self.devices))
        return next(
            (
                device.name
                for device in self.backend.devices
                if any(native == spelling for spelling in device.spellings)
                or str(native) == device.name
            ),
            None,
        )


def observe(case: Case, eyes: Eyes) -> Observed:
    """What the backend does with the case. Raises AdapterFault when the adapter itself raises.

    Where a warning may be owed the call is made before: what is observed is never the first
    call of its kind in a process, so that it does not matter what ran before.
    """
    try:
        with adapting("making the source"):
            live = build(case.source, eyes.backend)
    except Unbuildable as error:
        return Observed(unbuilt=str(error))
    provided = Provided(live.address, live.strides, live.extent, live.aliased, live.elements())
    before = snapshot(live)
    first = _first_warnings(case, live, eyes)
    count = _counter(case, eyes)
    before_it, met = len(live.handshake), InputError.met
    (returned, raised, warned), touched, kept = count(lambda: called(case, live, eyes))
    seen = Observed(
        raised=raised,
        warnings=warned,
        first_warnings=warned if first is None else first,
        damage=_damage(case, live, before),
        copies=tuple(live.copies),
        handshake=tuple(live.handshake[before_it:]),
        input_raised=InputError.met > met,
        touched=touched,
        kept=kept,
        asked=_asked(case, live),
        provided=provided,
    )
    return seen if raised is not None else replace(seen, result=_result(case, live, returned, eyes))


def _first_warnings(case: Case, live: Live, eyes: Eyes) -> tuple[str, ...] | None:
    """What a first call in a process warns of; None where no warning can be owed.

    Asked for under the library's documented switch, if it has one, that repeats the warnings
    which it otherwise gives once a process; the call after it uses those up.
    """
    if not may_warn(case):
        return None
    switch = eyes.backend.every_warning
    if switch is None:
        return called(case, live, eyes)[2]
    with adapting("repeating warnings"), switch():
        first = called(case, live, eyes)[2]
    called(case, live, eyes)
    return first


def _counter(case: Case, eyes: Eyes) -> Callable[[Callable[[], Any]], Any]:
    """How to count the memory that a call takes: of blocks that no probe reads.

    A call on memory of its own comes before it, and does what a process does only once.
    """
    if case.block is None or case.block.content not in (UNTOUCHED, TOUCHED):
        return _uncounted
    called(case, build(case.source, eyes.backend), eyes)
    return counted


def _uncounted(call: Callable[[], Any]) -> tuple[Any, None, None]:
    return call(), None, None


def _asked(case: Case, live: Live) -> int | None:
    """How often the call asked arrays that count it for something; None for other input."""
    if not isinstance(case.root, Leaf) or not counts(case.root):
        return None
    asked = THINGS[case.root.text].asked
    return None if asked is None else asked(live.obj)


# --------------------------------------------------------------------------- the call


def called(case: Case, live: Live, eyes: Eyes) -> tuple[Any, Raised | None, tuple[str, ...]]:
    """What the call returned, or raised, and what it warned of; in the state of the case."""
    operation = eyes.backend.operations[case.call.operation]
    arguments = arguments_of(case, eyes)
    with _state(case, eyes.backend, eyes.devices):
        eyes.log.clear()
        returned, raised = attempt(lambda: operation(live.obj, **arguments))
        return returned, raised, _warned(eyes)


def _warned(eyes: Eyes) -> tuple[str, ...]:
    return tuple(f"{w.category.__name__}: {w.message}" for w in eyes.log) if eyes.log else ()


def arguments_of(case: Case, eyes: Eyes) -> dict[str, Any]:
    """The keyword arguments of the call, in the library's own dtypes and devices."""
    return {name: _argument(name, value, eyes) for name, value in case.call.arguments}


def _argument(name: str, value: Argument, eyes: Eyes) -> Any:
    if name == "dtype" and isinstance(value, str):
        python = PYTHON_DTYPES.get(value)
        return eyes.backend.dtypes[value] if python is None else python
    if name == "device" and isinstance(value, str):
        device, _, spelling = value.partition("#")
        known = eyes.devices.get(device)
        return known.spellings[int(spelling or 0)] if known else device
    return value


def _state(case: Case, backend: Backend, devices: dict[str, Device]) -> Any:
    state = case.state
    if state == _PLAIN:
        return contextlib.nullcontext()
    stack = contextlib.ExitStack()
    with adapting("setting the defaults"):
        if state.default_real:
            assert backend.default_real is not None
            stack.enter_context(backend.default_real(backend.dtypes[state.default_real]))
        if state.default_device:
            setter = backend.default_device[state.device_form]
            stack.enter_context(setter(devices[state.default_device].spellings[0]))
        if state.warnings:
            if backend.every_warning is not None:
                stack.enter_context(backend.every_warning())
            stack.enter_context(warnings.catch_warnings(action=state.warnings))
    return stack


_PLAIN = State()


# --------------------------------------------------------------------------- the source

Snapshot = tuple[bytes | None, Any]


def snapshot(live: Live) -> Snapshot:
    """The memory and the description of a source, to be compared with what they are later."""
    data = live.bytes() if live.bytes is not None else live.elements()
    return data, live.flags() if live.flags is not None else None


def _damage(case: Case, live: Live, before: Snapshot) -> str:
    """What the call changed about its input, in words; empty when nothing."""
    data, flags = snapshot(live)
    if data != before[0]:
        return "its memory was written"
    if flags != before[1]:
        return f"its description changed from {before[1]} to {flags}"
    if isinstance(case.source, Values):
        return _consumed(case, live)
    return ""


def _consumed(case: Case, live: Live) -> str:
    """How much of an iterator was taken, that is the input or alone in lists and tuples."""
    node, thing = case.root, live.obj
    while isinstance(node, Nest) and node.kind in ("list", "tuple") and len(node.items) == 1:
        node, thing = node.items[0], thing[0]
    if isinstance(node, Leaf) and node.kind == "thing" and THINGS[node.text].iterator:
        taken = 2 - sum(1 for _ in thing)
        return f"{taken} of its 2 items were taken" if taken else ""
    return ""


# --------------------------------------------------------------------------- the result


def _result(case: Case, live: Live, returned: Any, eyes: Eyes) -> Result:
    backend = eyes.backend
    if not isinstance(returned, backend.tensor_type):
        return Result(type(returned).__name__, False, returned is live.obj, None, "", (), None)
    with adapting("describing the result"):
        native = backend.dtype(returned)
        name = eyes.dtype_names.get(native)
        shape = backend.shape(returned)
        device = eyes.device_name(returned)
        strides = backend.strides(returned) if backend.strides is not None else None
    place = eyes.devices.get(device or "")
    has_data = (place is None or place.data) and not _unread(case) and _believable(shape)
    plain = not any(block.lazy or block.foreign_order for block in blocks_of(case))
    result = _Looking(returned, name, shape, place if has_data else None, strides, plain, eyes)
    paths, unread, address = result.read_all() if has_data and name else ((), (), None)
    requires, history, flows = _grad(case, live, returned, backend, has_data)
    writes, writable = Writes(), None
    if has_data and name:
        writes, writable = memory.probe(live, result.read, result.write, case, name)
    after: dict[str, Any] = {}
    if has_data and name:
        after = _afterwards(case, live, returned, name, writes, eyes)
    return Result(
        type_name=type(returned).__name__,
        is_tensor=True,
        same_object=returned is live.obj,
        dtype=name,
        native_dtype=str(native),
        shape=shape,
        device=device,
        strides=strides,
        address=address,
        reads=paths,
        unread=unread,
        writes=writes,
        writable=writable,
        **after,
        requires_grad=requires,
        has_history=history,
        gradient_flows=flows,
    )


def _believable(shape: tuple[int, ...]) -> bool:
    """Whether there can be so many elements; reading what is not there ends the process."""
    return 0 <= prod(shape) <= _MOST


def _unread(case: Case) -> bool:
    """Whether what there may be is not to be looked at: the probes would spoil it, or die."""
    return any(
        block.content in UNREAD or not twist_of(block).importable for block in blocks_of(case)
    )


def _afterwards(
    case: Case, live: Live, returned: Any, dtype: str, writes: Writes, eyes: Eyes
) -> dict[str, Any]:
    """What further use of the result shows, where it can show anything."""
    backend, block = eyes.backend, case.block
    if block is None:
        return {"fresh": _fresh(case, live, returned, dtype, eyes)}
    seen: dict[str, Any] = {}
    if writes.relation is Relation.INDEPENDENT and _fresh_is_owed(case):
        seen["fresh"] = _fresh(case, live, returned, dtype, eyes)
    shared = writes.relation is Relation.SHARED and len(case.call.arguments) < 2
    placed = case.call.device or case.state.default_device or block.device
    if placed or block.readonly or shared:
        seen["export"] = onward.export(returned, legacy_too=block.readonly)
    both_ways = shared and writes.result_to_source is Seen.EVERYWHERE
    if both_ways and dtype == block.dtype and not live.aliased:
        with adapting("using a slice of the result"):
            seen["view"] = onward.view(live, returned, backend, dtype)
    return seen


def _fresh(case: Case, live: Live, first: Any, dtype: str, eyes: Eyes) -> bool | None:
    """Whether a second call on the same input gives memory of its own."""
    if case.root is not None and not all(_is_number(leaf) for leaf in leaves(case.root)):
        return None
    second, raised, _ = called(case, live, eyes)
    if raised is not None or not isinstance(second, eyes.backend.tensor_type):
        return None
    with adapting("writing to the result"):
        return onward.fresh(first, second, eyes.backend, dtype)


def _fresh_is_owed(case: Case) -> bool:
    """A copy was asked for, of an input that can be given in again."""
    asked = case.call.operation == "tensor" or case.call.copy is True
    return asked and case.block is not None and case.block.exporter != "capsule"


def _is_number(leaf: Leaf | Block) -> bool:
    return isinstance(leaf, Leaf) and leaf.kind not in ("str", "bytes", "none", "thing")


_Grad = tuple[bool | None, bool | None, bool | None]


def _grad(case: Case, live: Live, returned: Any, backend: Backend, has_data: bool) -> _Grad:
    """Whether the result requires a gradient, has a history, and passes a gradient on."""
    if not backend.grad:
        return None, None, None
    block = case.block
    with adapting("looking at autograd"):
        requires = bool(backend.grad["requires"](returned))
        history = bool(backend.grad["has_history"](returned))
        flows = None
        if requires and has_data and block is not None and block.grad:
            flows = bool(backend.grad["flows"](returned, live.obj))
    return requires, history, flows


@dataclass(slots=True)
class _Looking:
    """A returned tensor and how to read and write it; lives only during the observation.

    `plain`: its memory holds its numbers as they are, in native byte order and with no
    transform pending, so that they can be read straight from there.
    """

    tensor: Any
    dtype: str | None
    shape: tuple[int, ...]
    place: Device | None
    strides: tuple[int, ...] | None
    plain: bool
    eyes: Eyes

    def read(self) -> bytes:
        with adapting("read"):
            return self.eyes.backend.read(self.tensor)

    @property
    def write(self) -> Callable[[bytes], None] | None:
        write = self.eyes.backend.write
        return None if write is None else (lambda data: write(self.tensor, data))

    def read_all(
        self,
    ) -> tuple[tuple[tuple[str, bytes], ...], tuple[tuple[str, Raised], ...], int | None]:
        """The elements by every path, the paths that raised, and the address."""
        assert self.dtype is not None
        backend = self.eyes.backend
        found = [("read", self.read())]
        unread: list[tuple[str, Raised]] = []
        address = None
        if backend.address is not None and self.place is not None and self.place.host:
            with adapting("address"):
                address = backend.address(self.tensor)
            if self.strides is not None and self.plain:
                found.append(("memory", reads.raw(address, self.strides, self.shape, self.dtype)))
        if len(found[0][1]) <= _FEW * dtypes.itemsize(self.dtype):
            for name, path in backend.paths.items():
                try:
                    found.append((name, reads.encoded(path(self.tensor), self.dtype)))
                except Exception as error:
                    unread.append((name, raised_by(error)))
        return tuple(found), tuple(unread), address
