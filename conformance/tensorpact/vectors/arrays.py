"""Data with memory in a vector: its elements written out, as a block of the harness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from reftensor.rules import Refusal, kind_of
from tensorpact import exact
from tensorpact.cases import contents, dtypes, layouts
from tensorpact.cases.checked import known, only
from tensorpact.cases.live import UNREAD
from tensorpact.cases.model import Block
from tensorpact.probes.reads import same
from tensorpact.vectors.model import Element

KINDS = (
    "ndarray", "subclass", "memmap", "array.array", "bytearray", "bytes", "memoryview", "mmap",
    "array_interface", "array_protocol", "dlpack", "own",
)  # fmt: skip
"""The kinds of data with memory, by the names of `cases.model.EXPORTERS`."""

FOREIGN = ("longdouble", "datetime64", "timedelta64", "str")
"""Dtypes of NumPy that tensor libraries refuse, and that vectors have."""

_FLAT = ("array.array", "bytearray", "bytes", "mmap")
_KEYS = (
    "kind", "dtype", "shape", "elements", "strides", "byteorder", "readonly", "alignment",
)  # fmt: skip


def array_of(data: Mapping[str, Any]) -> Block:
    """The block of an array in JSON. Raises ValueError for elements that no content gives."""
    only("array", data, _KEYS)
    kind = data.get("kind", "ndarray")
    known("kind of array", kind, KINDS)
    known("dtype", data["dtype"], (*dtypes.RAW, *FOREIGN))
    shape = tuple(data["shape"])
    block = Block(
        kind,
        data["dtype"],
        shape,
        alignment=0 if kind in (*_FLAT, "own") else data.get("alignment", 64),
        foreign_order=data.get("byteorder", "native") == "swapped",
        readonly=data.get("readonly", kind == "bytes"),
    )
    if "strides" in data:
        block = _laid_out(block, tuple(data["strides"]))
    elements = elements_of(data["elements"])
    if block.dtype in FOREIGN:
        return _counted(block, elements)
    return replace(block, content=_content(block, encoded(elements, block.dtype)))


def _counted(block: Block, elements: tuple[Element, ...]) -> Block:
    """An array of a dtype that libraries refuse: it only ever counts 1, 2, 3, …"""
    counted = contents.elements("counting", block.dtype, prod(block.shape)).astype(np.int64)
    texts = [each if isinstance(each, str) else "" for each in elements]
    if [int(float.fromhex(text)) if "0x" in text else text for text in texts] != [
        int(n) if block.dtype == "longdouble" else str(n) for n in counted.tolist()
    ]:
        raise ValueError(f"an array of {block.dtype} holds 1, 2, 3 and so on")
    return block


def _laid_out(block: Block, strides: tuple[int, ...]) -> Block:
    """With these byte strides: by the name of a layout that has them, where there is one."""
    size = dtypes.itemsize(block.dtype)
    if strides == layouts.compact(block.shape, size):
        return block
    for name in layouts.LAYOUTS:
        fits = layouts.exists(name, block.shape)
        if fits and layouts.strides_of(name, block.shape, size) == strides:
            return replace(block, layout=name)
    return replace(block, layout="strides", strides=strides)


def elements_of(data: list[Any]) -> tuple[Element, ...]:
    """Elements as they stand in JSON, frozen."""
    return tuple(tuple(each) if isinstance(each, list) else each for each in data)


def encoded(elements: Iterable[Element], dtype: str) -> bytes:
    """Elements as bytes in the dtype. Raises ValueError for one that it cannot hold."""
    return b"".join(_encoded(each, dtype) for each in elements)


@lru_cache(maxsize=4096)
def _encoded(element: Element, dtype: str) -> bytes:
    outcome = exact.encode_number(number_of(element, dtype), dtype)
    if isinstance(outcome, Refusal):
        raise ValueError(f"{element!r} is no element of {dtype}")
    return outcome


def number_of(element: Element, dtype: str) -> bool | int | float | complex:
    """The number that an element's text stands for, in a dtype of this kind."""
    kind = kind_of(dtype)
    if isinstance(element, bool) or kind == "bool":
        if not isinstance(element, bool) or kind != "bool":
            raise ValueError(f"{element!r} is no element of {dtype}")
        return element
    if isinstance(element, tuple) or kind == "complex":
        if not isinstance(element, tuple) or kind != "complex":
            raise ValueError(f"{element!r} is no element of {dtype}")
        return complex(*map(float.fromhex, element))
    return int(element) if kind in ("int", "uint") else float.fromhex(element)


@lru_cache(maxsize=4096)
def _content(block: Block, wanted: bytes) -> str:
    """The name of the content that gives these elements in C order."""
    size = dtypes.itemsize(block.dtype)
    if len(wanted) != prod(block.shape) * size:
        raise ValueError(f"{len(wanted) // size} elements do not fill the shape {block.shape}")
    for name in ("counting", *sorted(contents.CONTENTS.keys() - UNREAD)):
        if same(lent(replace(block, content=name)), wanted, block.dtype):
            return name
    raise ValueError(f"no content of cases.contents gives these elements of {block.dtype}")


def lent(block: Block) -> bytes:
    """The elements of a block in C order and native byte order, as the harness makes it."""
    kind, size = dtypes.storage(block.dtype), dtypes.itemsize(block.dtype)
    if block.exporter == "own":
        return _viewed(block)
    strides = layouts.byte_strides(block)
    low, high = layouts.span(block.shape, strides, size)
    view = np.ndarray(block.shape, kind, bytearray(max(high - low, 1)), -low, strides)
    made = contents.elements(block.content, block.dtype, prod(block.shape))
    view[...] = made.reshape(block.shape)
    return view.tobytes()


def _viewed(block: Block) -> bytes:
    """An own tensor is filled before it is viewed."""
    recipe = layouts.LAYOUTS[block.layout](block.shape)
    made = contents.elements(block.content, block.dtype, prod(recipe.base)).reshape(recipe.base)
    view = made[recipe.index].transpose(recipe.axes or range(made.ndim))
    return np.broadcast_to(view, block.shape).tobytes()
