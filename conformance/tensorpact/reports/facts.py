"""Everything that was seen of a case, as lines of a name and a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from tensorpact.capsules.handshake import Ask
from tensorpact.cases import dtypes
from tensorpact.seen.raised import Raised
from tensorpact.seen.writes import Seen
from tensorpact.trial import Trial

Fact = tuple[str, str]

_MOST = 256
"""So many bytes of elements are shown as numbers."""


def facts(trial: Trial) -> tuple[Fact, ...]:
    """What the probes saw, field by field; what was not looked at is left out."""
    block = trial.case.block
    dtype = dtypes.standard(block.dtype) if block is not None else None
    return tuple(_facts("", trial.given or trial.life or trial.told or trial.observed, dtype))


def _facts(name: str, value: Any, dtype: str | None) -> Iterator[Fact]:
    """`dtype` is that of the elements that come as bytes."""
    if value is None or value in ("", Seen.UNKNOWN) or (value == () and "shape" not in name):
        return
    match value:
        case Raised() | Ask():
            yield name, str(value)
        case bool():
            yield name, "yes" if value else "no"
        case bytes():
            yield name, _elements(value, dtype)
        case tuple() if any(map(_is_compound, value)):
            for number, item in enumerate(value, 1):
                part, inner = item if isinstance(item, tuple) else (number, item)
                yield from _facts(_joined(name, str(part)), inner, dtype)
        case _ if is_dataclass(value):
            own = getattr(value, "dtype", None) or dtype
            for field in fields(value):
                yield from _facts(_joined(name, field.name), getattr(value, field.name), own)
        case _:
            yield name, str(value)


def _is_compound(item: object) -> bool:
    pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
    return pair or is_dataclass(item)


def _joined(name: str, part: str) -> str:
    words = part.replace("_", " ")
    return f"{name}, {words}" if name else words


def _elements(data: bytes, dtype: str | None) -> str:
    from tensorpact.probes.reads import numbers

    if dtype is None or dtype not in dtypes.RAW or len(data) > _MOST:
        return f"{len(data)} bytes"
    return str(numbers(data, dtype))
