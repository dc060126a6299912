"""The axes of a case: what coverage is counted by."""

from __future__ import annotations

from functools import lru_cache

from tensorpact.cases.dtypes import standard
from tensorpact.cases.model import (
    Block,
    Call,
    Case,
    Leaf,
    Nest,
    Node,
    Source,
    State,
    Step,
    Story,
    leaves,
)

AXES = (
    *("operation", "exporter", "dtype", "layout", "shape", "alignment", "content"),
    *("source device", "flag", "asked dtype", "container", "holds", "step", "schedule"),
    *("default real", "default device", "warnings"),
)
"""Every axis but those of the arguments of a call, which are named `argument:NAME`."""


def axes_of(case: Case) -> tuple[str, ...]:
    """The axis values of a case, as "axis=value", most telling first."""
    when = (f"schedule={case.schedule}",) if case.schedule else ()
    of_both = _relation(case.call.dtype, case.source)
    call, source, state = case.call, case.source, case.state
    return (*_call_axes(call), *of_both, *_source_axes(source), *_state_axes(state), *when)


def _relation(asked: str | None, source: Source) -> tuple[str, ...]:
    """Whether the dtype that is asked for is that of the data, which neither says alone."""
    if asked is None or not isinstance(source, Block):
        return ()
    return (f"asked dtype={'the same' if asked == standard(source.dtype) else 'another'}",)


def _source_axes(source: Source) -> tuple[str, ...]:
    match source:
        case Block():
            return _block_axes(source)
        case Story(steps):
            return tuple(f"step={kind}" for kind in sorted(set(map(_step_axis, steps))))
    return _values_axes(source.root)


def _step_axis(step: Step) -> str:
    """The verb; with it the operation of a call, the kind of what is made, the way out."""
    telling = step.verb in ("call", "make", "export")
    return f"{step.verb} {step.detail.split()[0]}" if telling else step.verb


@lru_cache(maxsize=4096)
def _call_axes(call: Call) -> tuple[str, ...]:
    named = [f"{name}={value}" for name, value in call.arguments]
    return (f"operation={call.operation}", *(f"argument:{text}" for text in named))


@lru_cache(maxsize=16384)
def _block_axes(block: Block) -> tuple[str, ...]:
    rank = len(block.shape)
    size = "empty" if 0 in block.shape else "0-d" if not rank else f"rank {rank}"
    flags = [
        name
        for name, there in (
            ("read-only", block.readonly),
            ("foreign byte order", block.foreign_order),
            (f"grad {block.grad}", block.grad),
            (f"lazy {block.lazy}", block.lazy),
            (f"twist {block.twist}", block.twist),
        )
        if there
    ]
    return (
        f"exporter={block.exporter}",
        f"dtype={block.dtype}",
        f"layout={block.layout}",
        f"shape={size}",
        f"alignment={block.alignment}",
        f"content={block.content}",
        f"source device={block.device or 'host'}",
        *(f"flag={flag}" for flag in flags),
    )


@lru_cache(maxsize=16384)
def _values_axes(root: Node) -> tuple[str, ...]:
    kinds = sorted({_leaf_axis(leaf) for leaf in leaves(root)})
    container = root.kind if isinstance(root, Nest) else "scalar"
    return (f"container={container}", *(f"holds={kind}" for kind in kinds or ["nothing"]))


def _leaf_axis(leaf: Leaf | Block) -> str:
    if isinstance(leaf, Block):
        return "arrays"
    return leaf.text if leaf.kind == "thing" else leaf.kind


@lru_cache(maxsize=256)
def _state_axes(state: State) -> tuple[str, ...]:
    found = []
    if state.default_real:
        found.append(f"default real={state.default_real}")
    if state.default_device:
        found.append(f"default device={state.default_device} by {state.device_form}")
    if state.warnings:
        found.append(f"warnings={state.warnings}")
    return tuple(found)
