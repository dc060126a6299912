"""The page: data, style and script in one file, from a template that escapes what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tensorpact.errors import UsageError
from tensorpact.reports.html.cards import cards
from tensorpact.reports.html.coverage import tried
from tensorpact.reports.html.embedded import all_printable, as_json, csp_hash
from tensorpact.reports.html.marks import MARKS
from tensorpact.reports.html.matrix import groups, guarantees
from tensorpact.reports.html.runs import runs
from tensorpact.reports.matrix import ordered
from tensorpact.reports.model import Report

if TYPE_CHECKING:
    from jinja2 import Template

_STYLES = ("colours", "page", "filters", "matrix", "bars", "card", "narrow")
_SCRIPTS = (
    *("page", "fragment", "bars", "tried", "copy", "matrix"),
    *("findings", "card", "filters", "theme", "main"),
)
"""One module when put together, in this order."""


def page(reports: Sequence[Report], *, strict: bool = False) -> str:
    """One HTML file with all of the reports: a matrix of verdicts, and a card of every cell.

    It loads nothing, and equal reports give equal text. Under `strict` a broken SHOULD counts
    against conformance. Raises UsageError where there is no report.
    """
    if not reports:
        raise UsageError("there is no report to show; give at least one")
    style = "\n".join(_text(f"style/{name}.css") for name in _STYLES)
    script = "\n".join(_text(f"script/{name}.js") for name in _SCRIPTS)
    ids = ordered(reports)
    shown = all_printable(_data(reports, strict))
    return _template().render(
        **shown,
        policy=f"default-src 'none'; style-src {csp_hash(style)}; script-src {csp_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        data=as_json(shown),
        cards=[as_json(all_printable(cards(report, ids))) for report in reports],
    )


def _data(reports: Sequence[Report], strict: bool) -> dict[str, Any]:
    """What the page shows before a card is opened."""
    rows = guarantees(reports, strict)
    return {
        "marks": [asdict(mark) for mark in MARKS.values()],
        "groups": groups(rows),
        "guarantees": rows,
        "runs": runs(reports, strict),
        "tried": tried(reports),
    }


def _text(name: str) -> str:
    return (files(__package__).joinpath(name)).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_text),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html.jinja")
