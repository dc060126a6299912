"""Frozen dataclasses to plain JSON data and back, guided by their type hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tensorpact.cases.as_json import of_any_version, to_json
from tensorpact.cases.model import Case

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Plain JSON data; sets become sorted lists, so that equal values give equal text."""
    match value:
        case Case():
            return to_json(value)
        case frozenset():
            return sorted(encode(item) for item in value)
        case tuple():
            return [encode(item) for item in value]
        case Mapping():
            return {key: encode(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    return value


def decode(kind: type[T], data: Any) -> T:
    """The value of this type that `encode` gave the data for.

    Fields that the type does not have are left out: a later version may have written them.
    Raises ValueError, TypeError or KeyError for data that does not fit the type.
    """
    return _decode(kind, data)  # type: ignore[no-any-return]  # hints are not static types


def _decode(kind: Any, data: Any) -> Any:
    inner, origin = get_args(kind), get_origin(kind)
    if origin in (Union, UnionType):
        return None if data is None else _decode(inner[0], data)
    if origin is frozenset:
        return frozenset(_decode(inner[0], item) for item in data)
    if origin is tuple:
        kinds = inner[:1] * len(data) if inner[-1] is Ellipsis else inner
        return tuple(_decode(k, item) for k, item in zip(kinds, data, strict=True))
    if origin is Mapping:
        return {key: _decode(inner[1], item) for key, item in data.items()}
    if kind is Case:
        return of_any_version(data)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        known = {name: item for name, item in data.items() if name in hints}
        return kind(**{name: _decode(hints[name], item) for name, item in known.items()})
    if issubclass(kind, Enum):
        return kind(data)
    if not isinstance(data, _TAKEN.get(kind, kind)):
        raise TypeError(f"{data!r} is no {kind.__name__}")
    return data


_TAKEN: Mapping[Any, Any] = {float: (int, float)}
"""What else than itself stands for a type: JSON has one kind of number."""


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)
