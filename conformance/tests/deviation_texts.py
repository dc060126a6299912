"""Deviation files for tests, made out of cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.short import shortened

SHARED = "sharing.array-is-shared"
CRASHES = "error.nothing-crashes"
HALF = Case(Block(dtype="float16"), call("asarray"))
AXES = {"dtype": ["float16"]}


def entry(
    guarantee: str = SHARED,
    case: Case = HALF,
    axes: Mapping[str, object] | None = AXES,
    **fields: str,
) -> str:
    """An entry; further fields are TOML, and an empty one is left out."""
    pairs = [(json.dumps(axis), json.dumps(value)) for axis, value in (axes or {}).items()]
    table = ", ".join(f"{axis} = {value}" for axis, value in pairs)
    lines = {
        "guarantee": json.dumps(guarantee),
        "kind": '"defect"',
        "reason": '"nobody had the time"',
        "axes": "" if axes is None else f"{{ {table} }}",
        "witness": json.dumps([shortened(case)]),
    } | fields
    body = "\n".join(f"{name} = {value}" for name, value in lines.items() if value)
    return f"[[deviation]]\n{body}\n"


def written(path: Path, *texts: str) -> str:
    """The name of a new file with these texts."""
    path.write_text("\n".join(texts), encoding="utf-8")
    return str(path)
