"""Plain values are read once, from the outside in, and must be nested regularly.

The way down to the first number gives the shape; everything else has to agree with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from reftensor import codec, dtypes, rules
from reftensor.codec import KINDS, Scalar
from reftensor.devices import Device
from reftensor.dtypes import DType
from reftensor.errors import refusal, where
from reftensor.layout import MAX_RANK
from reftensor.rules import Data, Defaults, Refusal
from reftensor.sources import lend
from reftensor.storage import require_memory
from reftensor.tensor import Tensor, empty

_POINTER = 8
_Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers, and tensors that stand for many, in row-major order of the shape."""

    shape: tuple[int, ...]
    parts: list[Scalar | Tensor]
    data = Data.VALUES
    device = None

    def dtype(self, defaults: Defaults) -> DType:
        """The dtype that they become. TypeError if the dtypes among them have none in common."""
        carried = {part.dtype.name for part in self.parts if isinstance(part, Tensor)}
        kinds = {KINDS[kind] for kind in set(map(type, self.parts)) if kind in KINDS}
        common = rules.common(carried, rules.python_kind(kinds), defaults)
        if common is None:
            raise refusal(Refusal.WRONG_TYPE, f"{sorted(carried)} have no common dtype")
        return dtypes.dtype(common)

    def duplicate(self, dtype: DType, device: Device) -> Tensor:
        """A new tensor of them, C-contiguous. Raises as `codec.pack`."""
        made = empty(self.shape, dtype, device)
        made.storage.write(0, made.layout, memoryview(self._packed(dtype)))
        return made

    def _packed(self, dtype: DType) -> bytes:
        if not any(isinstance(part, Tensor) for part in self.parts):
            return codec.pack(self.parts, dtype, self.shape)  # type: ignore[arg-type]
        packed, first = [], 0
        for part in self.parts:
            if isinstance(part, Tensor):
                packed.append(bytes(part.packed(dtype)))
                first += part.size
            else:
                packed.append(codec.pack([part], dtype, self.shape, first))
                first += 1
        return b"".join(packed)


def read(data: object) -> Values:
    """The shape and the numbers of nested sequences.

    Raises TypeError for what is neither a number nor a sequence, ValueError for irregular or
    too deep nesting and for a sequence that does not keep its word, and whatever the data
    itself raises. Promise: array API standard 2024.12, asarray; torch.tensor.
    """
    reader = _Reader()
    reader.visit(data, ())
    return Values(tuple(reader.shape), reader.parts)


@dataclass(slots=True)
class _Reader:
    shape: list[int] = field(default_factory=list)
    complete: bool = False
    parts: list[Scalar | Tensor] = field(default_factory=list)

    def visit(self, node: object, path: _Path) -> None:
        part = _part(node, path)
        if part is not None:
            self.end(part.shape if isinstance(part, Tensor) else (), path)
            self.parts.append(part)
            return
        items = _items(node, path)
        if not items:
            self.end((0,), path)
        else:
            self.level(len(items), path)
        for index, item in enumerate(items):
            self.visit(item, (*path, index))

    def level(self, length: int, path: _Path) -> None:
        """A sequence of this length stands here."""
        if not self.complete:
            self.extend([length])
        elif self.shape[len(path) : len(path) + 1] != [length]:
            raise self.ragged(f"a sequence of {length}", path)

    def end(self, shape: tuple[int, ...], path: _Path) -> None:
        """Here the nesting ends, with something of this shape."""
        if not self.complete:
            self.extend(shape)
            self.complete = True
            require_memory(math.prod(self.shape) * _POINTER)
        elif tuple(self.shape[len(path) :]) != shape:
            found = f"something of shape {shape}" if shape else "a number"
            raise self.ragged(found, path)

    def extend(self, shape: Sequence[int]) -> None:
        self.shape += shape
        if len(self.shape) > MAX_RANK:
            raise refusal(Refusal.TOO_DEEP, f"the data is nested more than {MAX_RANK} deep")

    def ragged(self, found: str, path: _Path) -> Exception:
        expected = tuple(self.shape[len(path) :])
        message = f"irregular nesting: {found}{where(path)}, where shape {expected} was expected"
        return refusal(Refusal.RAGGED, message)


def _part(node: Any, path: _Path) -> Scalar | Tensor | None:
    """The node as a number or a tensor; None if it is a sequence. TypeError otherwise."""
    if type(node) in KINDS:
        return cast(Scalar, node)
    try:
        lent = lend(node)
    except Exception as error:
        error.add_note(f"while reading the data{where(path)}")
        raise
    if lent is not None:
        return lent.native()
    for kind, exactly in _EXACTLY.items():
        if isinstance(node, kind):
            return cast(Scalar, exactly(node))
    if not _is_sequence(node):
        message = f"{type(node).__name__}{where(path)} is neither a number nor a sequence of them"
        raise refusal(Refusal.WRONG_TYPE, message)
    return None


# What subclasses hold, whatever they say of themselves.
_EXACTLY: dict[type, Any] = {
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
}


def _is_sequence(node: object) -> bool:
    if isinstance(node, str | bytes | Mapping | Set | type) or hasattr(node, "keys"):
        return False
    return isinstance(node, Sequence) or (hasattr(node, "__len__") and hasattr(node, "__getitem__"))


def _items(node: Any, path: _Path) -> list[object]:
    length = len(node)
    require_memory(length * _POINTER)
    items = list(islice(iter(node), length + 1))
    if len(items) != length:
        name = type(node).__name__
        raise ValueError(f"{name}{where(path)} has length {length} and gives other items")
    return items
