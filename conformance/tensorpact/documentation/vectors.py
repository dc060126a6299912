"""The page of golden vectors: the README that lies beside them, and every field of their schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from tensorpact.documentation.markdown import code, sections, table
from tensorpact.vectors.files import PACKAGE, SCHEMA, vectors

Schema = Mapping[str, Any]
COLUMNS = ("field", "holds", "")
_KINDS = {"string": "a string", "integer": "an integer", "boolean": "true or false"}

_FIELDS = (
    "What every field may hold, printed from `schema.json`. A field in bold must be there; "
    "an object has no fields but these."
)
_WHERE = (
    "The files lie in the installed package `tensorpact_fixtures`, in the folder `vectors`. "
    "[How to use the golden vectors](how-to-vectors.md) has a whole runner."
)


def page() -> str:
    """The format as prose, how many vectors there are, and the fields; nothing without fixtures."""
    try:
        folder = files(PACKAGE) / "vectors"
        readme = (folder / "README.md").read_text(encoding="utf-8")
        schema: Schema = json.loads((folder / SCHEMA).read_text(encoding="utf-8"))
    except ModuleNotFoundError:
        return "# Golden vectors"
    return sections(
        readme, "## The files", _WHERE, _files(), "## The fields", _FIELDS, *_all(schema)
    )


def _files() -> str:
    rows = [(code(f"{name}.json"), str(len(found))) for name, found in vectors().items()]
    return table(("file", "vectors"), rows)


def _all(schema: Schema) -> Iterator[str]:
    """The fields of a file, then those of each object that it is made of, as a section each."""
    yield sections("### a file", _said(schema), _fields(schema))
    for name, part in schema["$defs"].items():
        yield sections(f"### {name}", _said(part), _part(part))


def _part(part: Schema) -> str:
    return _fields(part) if "properties" in part else f"It holds {_holds(part)}."


def _fields(part: Schema) -> str:
    required = part.get("required", ())
    rows = [
        (f"**{code(name)}**" if name in required else code(name), _holds(each), _said(each))
        for name, each in part["properties"].items()
    ]
    return table(COLUMNS, rows)


def _said(part: Schema) -> str:
    default = f"Default: {code(json.dumps(part['default']))}." if "default" in part else ""
    described = re.sub(r"__\w+__", lambda name: code(name[0]), part.get("description", ""))
    return " ".join(filter(None, (described, default)))


def _holds(part: Schema) -> str:
    """What a part may be, in words, with links to the parts that have a section."""
    match part:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"enum": values}:
            return f"one of {code(*map(json.dumps, values))}"
        case {"const": value}:
            return code(json.dumps(value))
        case {"anyOf": choices} | {"oneOf": choices} if all(map(_is_type, choices)):
            return " or ".join(map(_holds, choices))
        case {"prefixItems": items}:
            return f"an array of {len(items)}: {', '.join(map(_holds, items))}"
        case {"type": "array", "items": each}:
            return f"an array, each item {_holds(each)}"
        case {"type": "object", "properties": fields}:
            return f"an object of {', '.join(f'{code(n)}: {_holds(f)}' for n, f in fields.items())}"
    return _plain(part)


def _is_type(part: Schema) -> bool:
    return "$ref" in part or "enum" in part or "type" in part


def _plain(part: Schema) -> str:
    kinds = [part["type"]] if isinstance(part["type"], str) else part["type"]
    kinds = [_KINDS.get(kind, kind) for kind in kinds]
    pattern = f" that matches {code(part['pattern'])}" if "pattern" in part else ""
    least = f", {part['minimum']} or more" if "minimum" in part else ""
    return " or ".join(kinds) + pattern + least
