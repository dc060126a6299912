"""The page on what real libraries keep and break, printed from recorded runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.resources import files

from tensorpact.documentation.markdown import code, sections, table
from tensorpact.errors import HarnessFault
from tensorpact.guarantees import GROUPS, TABLE
from tensorpact.reports.markdown import SIGNS
from tensorpact.reports.standing import Standing
from tensorpact.reports.verdicts import Cell, Verdicts, from_text
from tensorpact.selftest.recorded import FOLDER, PACKAGE

FILE = "libraries.json"
_HOW = (
    "Each column is a run of everything, without known deviations. To see the findings behind a "
    "cell, run it again: `tensorpact run LIBRARY`. [What the libraries break](findings.md) says "
    "of each what happens, whether it is documented, and where it was reported."
)


def page() -> str:
    """The libraries side by side; without recorded runs, a page that says so."""
    found = _recorded()
    if found is None:
        return sections("# Conformance of libraries", "No runs were recorded with this version.")
    legend = ", ".join(f"{SIGNS[what]} {what}" for what in Standing)
    return sections(
        "# Conformance of libraries",
        _HOW,
        _sums(found),
        f"{legend}. A SHOULD that is broken is advised, not failed.",
        *(_group(group, found) for group in GROUPS),
        "## How it was recorded",
        "\n".join(f"- {column.summary}; {_by(found, n)}" for n, column in enumerate(found.columns)),
        "`tensorpact report FILE… --format matrix` writes the file that this page is made of.",
    )


def _recorded() -> Verdicts | None:
    """Raises HarnessFault for a file that cannot be read."""
    try:
        file = files(PACKAGE) / FOLDER / FILE
        return from_text(file.read_text(encoding="utf-8")) if file.is_file() else None
    except ModuleNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise HarnessFault(f"the recorded runs of libraries cannot be read: {error}") from error


def _sums(found: Verdicts) -> str:
    counts = [Counter(cell.counts_as for cell in _cells(found, n)) for n in _numbers(found)]
    used = [what for what in Standing if any(count[what] for count in counts)]
    rows = [
        (column.label, *(str(count[what]) for what in used))
        for column, count in zip(found.columns, counts, strict=True)
    ]
    return table(("library", *(f"{SIGNS[what]} {what}" for what in used)), rows)


def _numbers(found: Verdicts) -> range:
    return range(len(found.columns))


def _cells(found: Verdicts, number: int) -> Iterator[Cell]:
    return (cell for row in found.cells.values() if (cell := row[number]) is not None)


def _group(group: str, found: Verdicts) -> str:
    ids = [id for id in found.cells if id in TABLE and TABLE[id].group == group]
    rows = [(_linked(id), *map(_word, found.cells[id])) for id in ids]
    titles = ("guarantee", *(column.label for column in found.columns))
    return (
        sections(f"## {group}", f"What it is about: {GROUPS[group]}.", table(titles, rows))
        if rows
        else ""
    )


def _linked(id: str) -> str:
    anchor = id.replace(".", "")
    return f"[{id}](guarantees/{TABLE[id].group}.md#{anchor}) ({TABLE[id].level})"


def _word(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    failed = f": {cell.failed} of {cell.judged} cases" if cell.failed else ""
    return f"{SIGNS[cell.counts_as]} {cell.counts_as}{failed}"


def _by(found: Verdicts, number: int) -> str:
    column = found.columns[number]
    return f"budget {code(column.budget)}, tensorpact {column.suite}, Python {column.python}"
