"""The JSON Schema of a line of a report, made of the types that are written into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from importlib.resources import files
from inspect import getdoc
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tensorpact.cases.model import Case
from tensorpact.guarantees.model import Level
from tensorpact.reports.jsonlines import FORMAT
from tensorpact.reports.model import Finding, GuaranteeResult, Header

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILE = "schema.json"

Schema = dict[str, Any]

_PLAIN: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_CASE: Schema = {
    "type": "object",
    "description": "An input and a call, with which the finding can be tried again.",
    "required": ["source", "call"],
    "properties": {
        "source": {"type": "object"},
        "call": {
            "type": "object",
            "required": ["operation"],
            "properties": {"operation": {"type": "string"}},
        },
        "state": {"type": "object"},
        "schedule": {"type": "string"},
    },
}


def schema() -> Schema:
    """The schema of a line. A report is valid if each of its lines is."""
    found: dict[str, Schema] = {}
    header = {"format": {"const": FORMAT, "description": "The version of this format."}}
    lines = {
        "header": _and(_of(Header, found), header),
        "found": _closed(
            "A finding at the moment that it was found, neither shrunk nor counted.",
            level=_of(Level, found),
            selected=_of(bool, found),
            finding=_of(Finding, found),
        ),
        "result": _of(GuaranteeResult, found),
        "fault": _closed("What ended the run early.", reason=_of(str, found)),
        "end": _closed(
            "The footer: a report without it is incomplete.",
            cases=_of(int, found),
            untried=_of(int, found),
            seconds=_of(float, found),
            incomplete=_of(str | None, found),
            conforms=_of(bool, found),
            summary=_of(str, found),
        ),
    }
    return {
        "$schema": DRAFT,
        "title": "A line of a report of tensorpact",
        "description": "A report is a text of such lines: a header first, and a footer last.",
        "type": "object",
        "required": ["line"],
        "oneOf": [
            {"properties": {"line": {"const": kind}}, "required": ["line"], "allOf": [line]}
            for kind, line in lines.items()
        ],
        "$defs": dict(sorted(found.items())),
    }


def shipped() -> str:
    """The text of the schema that lies beside this module, for validators and other languages."""
    return (files("tensorpact.reports") / FILE).read_text(encoding="utf-8")


def as_text() -> str:
    """The schema as it is to be shipped."""
    return json.dumps(schema(), indent=1) + "\n"


def _closed(description: str, **properties: Schema) -> Schema:
    required = sorted(properties)
    return {"description": description, "properties": properties, "required": required}


def _and(one: Schema, properties: Mapping[str, Schema]) -> Schema:
    return {"allOf": [one], "properties": dict(properties), "required": sorted(properties)}


def _of(kind: Any, found: dict[str, Schema]) -> Schema:
    """The schema of a type hint; those of classes go into `found`, and are referred to."""
    inner, origin = get_args(kind), get_origin(kind)
    if origin in (Union, UnionType):
        return {"anyOf": [_of(one, found) for one in inner if one is not type(None)] + [_NULL]}
    if origin is frozenset or (origin is tuple and inner[-1] is Ellipsis):
        return {"type": "array", "items": _of(inner[0], found)}
    if origin is tuple:
        items = [_of(one, found) for one in inner]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(inner[1], found)}
    return {"type": _PLAIN[kind]} if kind in _PLAIN else _referred(kind, found)


_NULL: Schema = {"type": "null"}


def _referred(kind: type, found: dict[str, Schema]) -> Schema:
    name = kind.__name__
    if name not in found:
        found[name] = {}  # of itself, should it have one inside
        found[name] = _class(kind, found)
    return {"$ref": f"#/$defs/{name}"}


def _class(kind: type, found: dict[str, Schema]) -> Schema:
    if kind is Case:
        return _CASE
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind], "description": getdoc(kind) or ""}
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    needed = [f.name for f in fields(kind) if f.default is MISSING is f.default_factory]
    return {
        "type": "object",
        "description": getdoc(kind) or "",
        "properties": {field.name: _of(hints[field.name], found) for field in fields(kind)},
        "required": needed,
    }
