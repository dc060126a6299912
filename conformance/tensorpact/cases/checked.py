"""What a case read from JSON may say: every name in it stands in the table that defines it.

Without this a name that nobody knows would end in a KeyError far from here, or be tried,
and counted as tried, without the thing that it names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any, get_args

from tensorpact.backends.protocol import ALL
from tensorpact.cases import contents, dtypes, layouts, stories
from tensorpact.cases.model import (
    EXPORTERS,
    GIVE,
    STORY,
    Argument,
    Block,
    Call,
    Case,
    Grad,
    Lazy,
    Leaf,
    Nest,
    Node,
    Source,
    State,
    Step,
    Story,
    Values,
    leaf_value,
)
from tensorpact.cases.schedules import SCHEDULES
from tensorpact.cases.things import SEQUENCES, THINGS
from tensorpact.cases.twists import TWISTS

_CODES = tuple(f"code:{code}" for code in chain.from_iterable(dtypes.ALIASES.values()))
_DTYPES = (*dtypes.RAW, *dtypes.FOREIGN, *_CODES)
_PYTHON = ("bool", "int", "float", "complex", "str", "bytes", "none")
PYTHON_DTYPES = tuple(
    f"python:{name}" for name in ("bool", "int", "float", "complex", "str", "numpy")
)
"""What a call can have as dtype besides a library's own; `probes.observe` makes them."""

_TWO_NUMBERS = re.compile(r"\d+\.\d+", re.ASCII)
_STREAM = re.compile(r"#\d+", re.ASCII)
_BITS = re.compile(r"bits:\d+", re.ASCII)


def known(field: str, value: object, names: Iterable[str]) -> None:
    """Raises ValueError with the names that come close, unless the value is one of the names."""
    names = tuple(names)
    if isinstance(value, str) and value in names:
        return
    close = difflib.get_close_matches(str(value), names, n=3, cutoff=0.5)
    offered = [name for name in close or names[:12] if name]
    listed = ", ".join(map(repr, offered)) + ("" if close or len(names) <= 12 else ", …")
    hint = f"did you mean {listed}?" if close else f"known are {listed}."
    raise ValueError(f"{field} {value!r} is unknown; {hint}")


def only(field: str, data: Collection[str], names: Iterable[str]) -> None:
    """Raises ValueError for a key that is none of the names."""
    names = tuple(names)
    for key in data:
        known(f"the key of a {field},", key, names)


def known_names(case: Case) -> None:
    """Raises ValueError that names the field and the value which no such case can have."""
    _source(case.source)
    _state(case.state)
    if isinstance(case.source, Story) != (case.call.operation == STORY):
        raise ValueError(f"a story is called {STORY!r} and nothing else is: {case.call.operation}")
    if case.call.operation != STORY:
        _call(case.call)
    known("schedule", case.schedule, ("", *SCHEDULES))


def _fits(field: str, value: object, fits: bool, needed: str) -> None:
    if not fits:
        raise ValueError(f"{field} {value!r} does not fit: it is {needed}")


def _source(source: Source) -> None:
    match source:
        case Block():
            _block(source)
        case Values(root):
            _node(root)
        case Story(steps):
            for number, step in enumerate(steps):
                _step(number, step)


def _block(block: Block) -> None:
    known("exporter", block.exporter, (*EXPORTERS, "accelerated"))
    known("dtype", block.dtype, _DTYPES)
    known("layout", block.layout, (*layouts.NAMES, "strides"))
    known("twist", block.twist, ("", *TWISTS))
    known("grad", block.grad, get_args(Grad))
    known("lazy", block.lazy, get_args(Lazy))
    if not (isinstance(block.content, str) and _BITS.fullmatch(block.content)):
        known("content", block.content, ("counting", *contents.CONTENTS, "bits:0"))
    _fits("shape", block.shape, _integers(block.shape, 0), "a list of lengths")
    strided = block.strides is None or _integers(block.strides)
    _fits("strides", block.strides, strided, "a list of bytes, or null")
    _fits("alignment", block.alignment, _integers((block.alignment,), 0), "a number of bytes")
    _fits("device", block.device, isinstance(block.device, str), "a name")
    for field in ("readonly", "foreign_order"):
        value = getattr(block, field)
        _fits(field, value, isinstance(value, bool), "true or false")


def _integers(values: Any, least: int | None = None) -> bool:
    return isinstance(values, tuple) and all(
        type(value) is int and (least is None or value >= least) for value in values
    )


def _node(node: Node) -> None:
    match node:
        case Block():
            _block(node)
        case Leaf():
            _leaf(node)
        case Nest(kind, items):
            known("sequence", kind, SEQUENCES)
            for item in items:
                _node(item)


def _leaf(leaf: Leaf) -> None:
    _fits("value", leaf, isinstance(leaf.kind, str) and isinstance(leaf.text, str), "two texts")
    if leaf.kind == "thing":
        return known("thing", leaf.text, THINGS)
    kind, colon, dtype = leaf.kind.partition(":")
    if kind == "scalar" and colon:
        known("dtype of a scalar", dtype, _DTYPES)
    else:
        known("kind of value", leaf.kind, (*_PYTHON, "thing"))
    try:
        leaf_value(leaf)
    except (ValueError, TypeError) as error:
        raise ValueError(f"value {leaf.text!r} is no {leaf.kind}: {error}") from error


# --------------------------------------------------------------------------- calls


def _call(call: Call) -> None:
    known("operation", call.operation, (*sorted(ALL), *sorted(GIVE)))
    for name, value in call.arguments:
        plain = value is None or isinstance(value, (bool, int, str))
        _fits(f"argument {name}", value, plain, "a bool, an int, a text, or null")
        if value is not None:
            _argument(name, value)


def _argument(name: str, value: Argument) -> None:
    text = value if isinstance(value, str) else ""
    match name:
        case "dtype":
            known("argument dtype", value, (*dtypes.RAW, *PYTHON_DTYPES))
        case "max_version":
            _fits(name, value, bool(_TWO_NUMBERS.fullmatch(text)), 'two numbers, "1.0", or null')
        case "dl_device":
            fits = text == "own" or bool(_TWO_NUMBERS.fullmatch(text))
            _fits(name, value, fits, 'two numbers, "1.0", or "own", or null')
        case "stream":
            fits = type(value) is int or bool(_STREAM.fullmatch(text))
            _fits(name, value, fits, 'a number, or "#0", the first of its device, or null')
        case "copy":
            _fits(name, value, isinstance(value, bool), "true, false, or null")
        case "device":
            _fits(name, value, isinstance(value, str), "a name and the number of a spelling")


def _state(state: State) -> None:
    known("state.default_real", state.default_real, ("", *dtypes.RAW))
    known("state.device_form", state.device_form, ("setting", "context"))
    known("state.warnings", state.warnings, ("", "error"))
    device = state.default_device
    _fits("state.default_device", device, isinstance(device, str), "a name")


# --------------------------------------------------------------------------- stories


def _step(number: int, step: Step) -> None:
    known("verb", step.verb, stories.VERBS)
    _fits("handle", step.handle, _integers((step.handle,), 0), "the number of a step")
    _fits("detail", step.detail, isinstance(step.detail, str), "a text")
    try:
        _detail(step)
    except ValueError as error:
        raise ValueError(f"step {number}, {step.verb} {step.detail!r}: {error}") from error


def _detail(step: Step) -> None:
    match step.verb:
        case "make":
            made = stories.block_of(step.detail)
            _block(made)
            said = stories.detail_of_block(made)
            _fits("block", step.detail, set(said.split()) == set(step.detail.split()), said)
        case "call":
            _call(stories.call_of(step.detail))
        case "view" if step.detail != "T":
            stories.slice_of(step.detail)
        case "export":
            known("export", step.detail, stories.EXPORTS)
        case "write":
            int(step.detail.removesuffix("+"))
