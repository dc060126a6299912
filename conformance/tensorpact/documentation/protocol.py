"""The page of the adapter protocol, printed from its dataclasses."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, Field, fields
from typing import Any

from tensorpact.backends import find, protocol
from tensorpact.documentation.markdown import code, sections, table
from tensorpact.documentation.source import attribute_docs


def page() -> str:
    """What an adapter says of its library, field by field, and the names it may use."""
    docs = attribute_docs(protocol)
    return sections(
        "# The adapter protocol",
        inspect.getdoc(protocol) or "",
        *map(_dataclass, (protocol.Backend, protocol.Device)),
        "## The names that an adapter may use",
        _named("Operations", docs["ALL"], protocol.ALL),
        _named("Kinds of data", docs["KINDS"], protocol.KINDS),
        _named("Layout limits", docs["LAYOUT_LIMITS"], protocol.LAYOUT_LIMITS),
        f"### Keywords\n\n{docs['KEYWORDS']}",
        table(("operation", "keywords"), _keywords()),
        f"## derive\n\n{inspect.getdoc(protocol.derive)}",
        f"## How a backend is found\n\n{inspect.getdoc(find)}",
        table(("built in", "import path"), [(code(n), code(p)) for n, p in find.BUILT_IN.items()]),
    )


def _dataclass(cls: type[Any]) -> str:
    rows = [(code(f.name), code(str(f.type)), _need(f)) for f in fields(cls)]
    return sections(
        f"## {cls.__name__}",
        table(("field", "type", ""), rows),
        inspect.getdoc(cls) or "",
    )


def _need(field: Field[Any]) -> str:
    without = field.default is MISSING and field.default_factory is MISSING
    return "required" if without else "optional"


def _named(title: str, doc: str, names: frozenset[str]) -> str:
    return f"### {title}\n\n{code(*sorted(names))}\n\n{doc}"


def _keywords() -> list[tuple[str, str]]:
    return [
        (code(operation), code(*sorted(names)) or "none")
        for operation, names in protocol.KEYWORDS.items()
    ]
