"""The verdicts of several reports as a small JSON file, a line a guarantee, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tensorpact.reports.matrix import labels, rows
from tensorpact.reports.model import Report
from tensorpact.reports.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class Column:
    """A run: what was judged, by which version of tensorpact, and how it came out."""

    label: str
    name: str
    suite: str
    python: str
    platform: str
    budget: str
    seed: int
    summary: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What a guarantee counts as in one run, its verdict, and on how many cases it was judged."""

    counts_as: Standing
    verdict: str
    judged: int
    failed: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Runs side by side; a cell is None where a run says nothing of the guarantee."""

    columns: tuple[Column, ...]
    cells: Mapping[str, tuple[Cell | None, ...]]


def verdicts(reports: Sequence[Report], strict: bool = False) -> Verdicts:
    """The verdicts of these reports, guarantees in the order of the table."""
    columns = tuple(
        Column(
            label,
            report.header.claims.name,
            report.header.suite,
            report.header.python,
            report.header.platform,
            report.header.budget,
            report.header.seed,
            report.summary(strict),
        )
        for label, report in zip(labels(reports), reports, strict=True)
    )
    cells = {
        row.id: tuple(
            None if r is None else Cell(standing(r, strict), str(r.verdict), r.judged, r.failed)
            for r in row.results
        )
        for row in rows(reports)
    }
    return Verdicts(columns, cells)


def as_text(found: Verdicts) -> str:
    """JSON, a line a guarantee, so that versions of the file can be compared."""
    columns = ",\n".join(json.dumps(asdict(column)) for column in found.columns)
    cells = ",\n".join(
        f"{json.dumps(id)}: {json.dumps([_plain(cell) for cell in row])}"
        for id, row in found.cells.items()
    )
    return f'{{"columns": [\n{columns}\n], "guarantees": {{\n{cells}\n}}}}\n'


def from_text(text: str) -> Verdicts:
    """The inverse of `as_text`. Raises ValueError, TypeError or KeyError for other text."""
    data = json.loads(text)
    columns = tuple(Column(**column) for column in data["columns"])
    cells = {id: tuple(map(_cell, row)) for id, row in data["guarantees"].items()}
    return Verdicts(columns, cells)


def _plain(cell: Cell | None) -> list[Any] | None:
    return None if cell is None else [cell.counts_as, cell.verdict, cell.judged, cell.failed]


def _cell(data: list[Any] | None) -> Cell | None:
    return None if data is None else Cell(Standing(data[0]), *data[1:])
