"""Every field of a backend must be of the type that the protocol says, before anything uses it.

The types are those of the dataclasses' own annotations, looked at as deep as values go: into
mappings, tuples and devices, not into what a function takes and gives.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tensorpact.backends.protocol import Backend


def wrong_fields(backend: Backend) -> Iterator[str]:
    """One sentence for each value of another type than its field, the devices' fields included."""
    yield from _wrong_parts("", backend, Backend)


def _wrong(where: str, value: object, hint: Any) -> Iterator[str]:
    fitting = next((kind for kind in _kinds(hint) if _is(value, kind)), None)
    if fitting is None:
        yield f"{where} is {_shown(value)} where {_wanted(hint)} is wanted"
    else:
        yield from _wrong_parts(where, value, fitting)


def _wrong_parts(where: str, value: Any, kind: Any) -> Iterator[str]:
    if is_dataclass(kind):
        hints, prefix = get_type_hints(kind), f"{where}." if where else ""
        for field in fields(kind):
            yield from _wrong(prefix + field.name, getattr(value, field.name), hints[field.name])
    elif get_origin(kind) is Mapping:
        for key, entry in value.items():
            yield from _wrong(f"a key of {where}", key, get_args(kind)[0])
            yield from _wrong(f"{where}[{key!r}]", entry, get_args(kind)[1])
    elif get_origin(kind) in (tuple, Collection):
        for k, entry in enumerate(value):
            place = f"{where}[{k}]" if isinstance(value, tuple) else f"an entry of {where}"
            yield from _wrong(place, entry, get_args(kind)[0])


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)


def _is(value: object, kind: Any) -> bool:
    """Whether the value itself is of this kind, whatever it holds."""
    origin: Any = get_origin(kind) or kind
    if origin is Any:
        return True
    if origin is Callable:
        return callable(value)
    return isinstance(value, origin) and not isinstance(value, _MISTAKEN.get(origin, ()))


_MISTAKEN: Mapping[Any, tuple[type, ...]] = {Collection: (str, bytes), int: (bool,)}
"""To Python a string is a collection of strings, and True an integer: nobody means it so."""


# --------------------------------------------------------------------------- in words


def _shown(value: object) -> str:
    if value is None or isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return f"the string {value!r}"
    return _with_article(type(value).__name__)


def _wanted(hint: Any) -> str:
    return " or ".join(
        "None" if kind is NoneType else _with_article(_noun(kind)) for kind in _kinds(hint)
    )


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def _noun(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Mapping:
        return f"mapping from name to {_noun(parts[1])}"
    if origin in (tuple, Collection):
        return f"{origin.__name__.lower()} of " + " or ".join(
            f"{_noun(part)}s" for part in _kinds(parts[0])
        )
    return "function" if origin is Callable else _NOUNS.get(kind) or str(kind.__name__)


_NOUNS: Mapping[Any, str] = {str: "string", int: "integer", bool: "bool", Any: "value"}
