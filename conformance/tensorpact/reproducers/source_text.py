"""Source text: which names it lacks, and the imports that provide them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping

IMPORTS: Mapping[str, str] = {
    "np": "import numpy as np",
    **{
        name: f"import {name}"
        for name in ("array", "ctypes", "decimal", "enum", "gc", "io", "mmap", "pickle")
    },
    **{name: f"import {name}" for name in ("sys", "tempfile", "threading", "warnings")},
    **{name: f"from collections import {name}" for name in ("UserList", "deque", "namedtuple")},
    "Fraction": "from fractions import Fraction",
    "SimpleNamespace": "from types import SimpleNamespace",
    "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
    **{name: f"from tensorpact.probes import {name}" for name in ("source", "verdict")},
}
"""The names of NumPy and the standard library that a script may use, and our one."""


def tree_of(text: str) -> ast.Module | None:
    """The syntax tree; None for prose, which a spelled case has where it cannot be typed."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def missing_names(tree: ast.Module) -> set[str]:
    """The names that are used and neither built in nor defined anywhere in the text."""
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    defined = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    for node in nodes:
        match node:
            case ast.Import(names=given) | ast.ImportFrom(names=given):
                defined |= {alias.asname or alias.name.partition(".")[0] for alias in given}
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                defined.add(name)
            case ast.arg(arg=name):
                defined.add(name)
            case ast.ExceptHandler(name=str(name)):
                defined.add(name)
    return {node.id for node in names} - defined - set(dir(builtins))


def with_imports(lines: Iterable[str], library: str) -> str | None:
    """The lines under the imports that they need; None where no import provides a name.

    `library` are the import lines of the library under test, which come last.
    """
    body = "\n".join(lines)
    tree = tree_of(body)
    own = [line for line in library.split("; ") if line]
    provided = tree_of("\n".join(own))
    if tree is None or provided is None:
        return None
    missing = missing_names(tree)
    missing -= {name for node in provided.body for name in _provided(node)}
    if not missing <= IMPORTS.keys():
        return None
    first = sorted({IMPORTS[name] for name in missing}, key=_place)
    ours = [line for line in first if "tensorpact" in line]
    others = [line for line in first if line not in ours and line not in own]
    head = "\n".join([*others, *own, *ours])
    return f"{head}\n\n{body}\n"


def _place(line: str) -> tuple[bool, bool, str]:
    """The standard library first, then NumPy."""
    return "numpy" in line, line.startswith("from"), line


def _provided(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def names_in(script: str, library: str) -> frozenset[tuple[str, str]]:
    """The names of the library in a script, each with the module that it is asked of."""
    lines = tree_of("\n".join(library.split("; ")))
    modules = {name for node in lines.body for name in _provided(node)} if lines is not None else {}
    tree = tree_of(script)
    return frozenset(
        (node.value.id, node.attr)
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    )


def needs_ours(script: str) -> bool:
    """Whether a script imports tensorpact."""
    tree = tree_of(script)
    nodes = list(ast.walk(tree)) if tree is not None else []
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    return any(name.partition(".")[0] == "tensorpact" for name in modules)
