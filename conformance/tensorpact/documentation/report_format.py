"""The page on the format of a report, printed from its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorpact.documentation.markdown import code, sections, table
from tensorpact.reports.jsonlines import FORMAT
from tensorpact.reports.schema import schema

_INTRODUCTION = (
    "`tensorpact run BACKEND -o report.jsonl` writes a report while it runs: JSON lines, UTF-8, "
    "each an object whose `line` says what it is. A file without the line `end` is the trace of "
    "a run that was cut off: it is incomplete, and every reader must say so. "
    "`tensorpact report` shows such files, `tensorpact diff` compares two, and "
    "`tensorpact replay` tries their findings again."
)
_VERSIONS = (
    "The header's `format` is {format}. Fields may be added to a format, so a reader leaves out "
    "what it does not know. Whatever else changes gets the next number, and tensorpact reads "
    "every format that there was; a file without the field is of format 1. The schema of a line "
    "([JSON Schema 2020-12](https://json-schema.org/draft/2020-12/schema)) is shipped as "
    "`tensorpact/reports/schema.json`."
)
_LINES = {
    "header": "the first line: what is judged, by what, and where; [Header](#header)",
    "found": "a finding at the moment that it was found, neither shrunk nor counted; results "
    "supersede it",
    "result": "what became of one guarantee; [GuaranteeResult](#guaranteeresult)",
    "fault": "what ended the run early",
    "end": "the footer: sums, and whether the backend conforms",
}


def page() -> str:
    """The kinds of lines, and every type in them with its fields."""
    made = schema()
    kinds = [one["properties"]["line"]["const"] for one in made["oneOf"]]
    return sections(
        "# The format of a report",
        _INTRODUCTION,
        _VERSIONS.format(format=FORMAT),
        table(("line", "what it is"), ((code(kind), _LINES[kind]) for kind in kinds)),
        *(_type(name, made["$defs"][name]) for name in made["$defs"]),
    )


def _type(name: str, definition: dict[str, Any]) -> str:
    about = " ".join(definition.get("description", "").split())
    if "enum" in definition:
        return sections(f"## {name}", about, "One of " + code(*definition["enum"]) + ".")
    needed = definition.get("required", ())
    rows = [
        (code(field), _form(kind), "yes" if field in needed else "")
        for field, kind in definition["properties"].items()
    ]
    return sections(f"## {name}", about, table(("field", "type", "always there"), rows))


def _form(kind: dict[str, Any]) -> str:
    """The type in words, with a link to those that have a section of their own."""
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in kind:
        return " or ".join(_form(one) for one in kind["anyOf"])
    if "prefixItems" in kind:
        return f"[{', '.join(_forms(kind))}]"
    if kind.get("type") == "array":
        return f"list of {_form(kind['items'])}"
    if "additionalProperties" in kind:
        return f"object, name to {_form(kind['additionalProperties'])}"
    return str(kind.get("type", "any"))


def _forms(kind: dict[str, Any]) -> Iterator[str]:
    return (_form(one) for one in kind["prefixItems"])
