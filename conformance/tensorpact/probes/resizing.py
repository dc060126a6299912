"""Resizing one side while the other shares its memory: it must be refused, or be safe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from tensorpact.cases.build import build
from tensorpact.cases.live import Live
from tensorpact.cases.model import Case
from tensorpact.probes import handles
from tensorpact.probes.observe import Eyes
from tensorpact.probes.raising import attempt
from tensorpact.probes.settling import comes_true
from tensorpact.seen.life import Life, Resizing

_GROWTH = 4096


def _resize_array(live: Live) -> None:
    """NumPy refuses as long as anything but `live` refers to the array."""
    live.obj.resize((live.obj.size + _GROWTH,))


RESIZERS: Mapping[str, Callable[[Live], None]] = {
    "ndarray": _resize_array,
    "bytearray": lambda live: live.obj.append(0),
    "array.array": lambda live: live.obj.append(live.obj[0]),
    "mmap": lambda live: live.obj.close(),
}
"""How the lender of memory is resized, by kind; a mapping can only be closed."""


def resize_source(case: Case, live: Live, eyes: Eyes) -> Life:
    """What becomes of resizing the source under the result, and after the result died."""
    assert case.block is not None
    resize = RESIZERS.get(case.block.exporter)
    if resize is None:
        return Life(unbuilt=f"a source of the kind {case.block.exporter} has no size to change")
    twin = _alone(build(case.block, eyes.backend))
    if attempt(lambda: resize(twin))[1] is not None:
        return Life(unbuilt="this Python or NumPy does not resize it at all")
    live = _alone(live)
    memory = _memory(live)
    returned, raised = handles.outcome(case, live, eyes)
    shared = handles.lies_in(returned, memory, eyes)
    # Where it goes through under a result that shares, that result is not read any more.
    refusal = attempt(lambda: resize(live))[1]
    del returned
    freely = comes_true(lambda: attempt(lambda: resize(live))[1] is None)
    return Life(raised, resizing=Resizing(refusal, freely, shared=shared))


def _alone(live: Live) -> Live:
    """The source, held by nothing else; an array in memory of its own, which can be resized."""
    live.only_lend()
    if isinstance(live.obj, np.ndarray):
        live.obj = np.array(live.obj, order="C")
    return live


def _memory(live: Live) -> tuple[int, int]:
    view = np.frombuffer(live.obj, np.uint8)
    start: int = view.__array_interface__["data"][0]
    return start, start + view.nbytes


def resize_result(case: Case, live: Live, eyes: Eyes) -> Life:
    """What becomes of a tensor that is asked for more elements than the memory it shares has."""
    resize = eyes.backend.resize
    if resize is None or case.block is None:
        return Life(unbuilt="the adapter cannot resize")
    memory = handles.memory_of(live, case.block)
    returned, raised = handles.outcome(case, live, eyes)
    if raised is not None or not isinstance(returned, eyes.backend.tensor_type):
        return Life(raised)
    shared = handles.lies_in(returned, memory, eyes)
    before = prod(eyes.backend.shape(returned))
    refusal = attempt(lambda: resize(returned, before + _GROWTH))[1]
    moved = not handles.lies_in(returned, memory, eyes)
    larger = refusal is not None and prod(eyes.backend.shape(returned)) > before
    return Life(resizing=Resizing(refusal, moved=moved, larger=larger, shared=shared))
