"""The texts of the files, made from templates."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import jinja2

WIDTH = 60
"""A longer list has a name a line."""


def rendered(template: str, **values: Any) -> str:
    """The text of a template with these values. Its signs are << >> and <% %>: {{ }} is YAML's."""
    return _environment().get_template(f"{template}.jinja").render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tensorpact.scaffold"),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # what is written is no markup
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["listed"] = _listed
    return environment


def _listed(names: Iterable[str]) -> str:
    """A list as `ruff format` leaves it in an entry of a field of the backend."""
    quoted = [f'"{name}"' for name in names]
    line = ", ".join(quoted)
    if len(line) <= WIDTH:
        return f"[{line}]"
    return "".join(["[", *(f"\n            {name}," for name in quoted), "\n        ]"])
