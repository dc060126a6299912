"""Docstrings of module attributes, which Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from types import ModuleType


def attribute_docs(module: ModuleType) -> Mapping[str, str]:
    """The string below each assignment at the top of a module, by the name assigned to."""
    body = ast.parse(inspect.getsource(module)).body
    return {
        _name(statement): inspect.cleandoc(text)
        for statement, following in pairwise(body)
        if _name(statement) and (text := _string(following))
    }


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return name
    return ""


def _string(statement: ast.stmt) -> str:
    match statement:
        case ast.Expr(ast.Constant(str(text))):
            return text
    return ""
