"""The front page: where each kind of reader goes on, and the rules at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from reftensor import rules
from reftensor.rules import Conversion, Data, PythonKind
from tensorpact.documentation.markdown import code, sections, table
from tensorpact.documentation.rules import called, inference, outcome, refusals
from tensorpact.guarantees import GROUPS, TABLE

_Name = TypeVar("_Name", bound=Hashable)
_Column = TypeVar("_Column", bound=Hashable)

_INTRODUCTION = (
    "Array libraries promise what happens when data comes in: which dtype comes out, on which "
    "device, and whether the result shares memory with the data or is a copy. tensorpact states "
    "each of these promises as a *guarantee*, keeps them all in a small *reference tensor*, and "
    "*judges any library* by them: PyTorch, NumPy, array-api-strict, or your own."
)
_DATA = (
    "An exporter is an array, a buffer, or an object with DLPack; plain values are scalars and "
    "sequences of them. A dash stands for a call that does not exist."
)
_READERS: Mapping[str, str] = {
    "I want to judge my library": "[The tutorial](tutorial.md) goes from nothing to a judged "
    "library in a quarter of an hour. [How to add a backend](how-to-add-a-backend.md), "
    "[from pytest](how-to-pytest.md), [in continuous integration](how-to-ci.md), "
    "[the command line](cli.md) and [the adapter protocol](backends.md) go on from there.",
    "I want to know what I may rely on": "[The guarantees](guarantees/index.md), a page a group, "
    "each with its authorities and an example; [the rules](rules.md) behind them; "
    "[which library keeps which](conformance.md); and "
    "[what the libraries break](findings.md) today.",
    "I want to understand when memory is shared": "[How sharing works](how-sharing-works.md), in "
    "pictures, with code to try.",
    "I write in another language": "[How to use the golden vectors](how-to-vectors.md): calls and "
    "their outcomes as JSON, and [every field](vectors.md) of it.",
    "I want to live with what is broken": "[Known deviations](deviations.md) keep what is known "
    "apart from what is new.",
    "I want to know whether to trust it": "[How the suite is tested](how-the-suite-is-tested.md), "
    "[the kill matrix](kill-matrix/index.md), [how a run works](how-a-run-works.md), and "
    "[its limits](limits.md).",
    "I want to work on tensorpact": "[The design](design.md) and "
    "[how to add a guarantee](how-to-add-a-guarantee.md).",
}


def page() -> str:
    """Readers, rules, and the groups of guarantees."""
    return sections(
        "# tensorpact",
        _INTRODUCTION,
        _readers(),
        "## The rules at a glance",
        "What the documents promise of `as_tensor`, `tensor`, `asarray`, `from_numpy`, "
        "`frombuffer` and `from_dlpack`, in five tables. [The rules in full](rules.md) say "
        "where each is read from.",
        "### Whose memory the result uses",
        _memory(),
        _DATA,
        "### Which dtype Python numbers become",
        inference(),
        "Scalars and arrays that have a dtype keep it; several in one sequence "
        "[promote](rules.md#how-dtyped-scalars-of-one-sequence-promote).",
        "### Which device the result is on",
        _placement(),
        "### How a number gets into a dtype",
        _conversion(),
        "### How data is refused",
        refusals(),
        f"## The {len(TABLE)} guarantees",
        _groups(),
    )


def _readers() -> str:
    cards = "\n\n".join(f"- **{who}**\n\n    {where}" for who, where in _READERS.items())
    return f'<div class="grid cards" markdown>\n\n{cards}\n\n</div>'


def _memory() -> str:
    """Operations that never differ share a column, and kinds of data that never do a row."""
    columns = _alike(
        {
            column: tuple(outcome(row[column]) for row in rules.MEMORY.values())
            for column in rules.COLUMNS
        }
    )
    cells = zip(*columns, strict=True)
    rows = {who: (str(who[1]), *row) for who, row in zip(rules.MEMORY, cells, strict=True)}
    return table(
        ["the data is", "", *(", ".join(map(called, same)) for same in columns.values())],
        (
            (" or ".join(_short(data) for data, _ in alike), *row)
            for row, alike in _alike(rows).items()
        ),
    )


def _short(data: Data) -> str:
    return data.partition(" (")[0]


def _placement() -> str:
    orders = _alike({operation: tuple(order) for operation, order in rules.PLACEMENT.items()})
    rows = [(code(*same), ", else ".join(map(str, order))) for order, same in orders.items()]
    return table(("", "device"), rows)


def _conversion() -> str:
    """Kinds that are converted alike share a row."""
    rows = [(_conversions(how), str(how)) for how in Conversion]
    return table(("a number of Python", "becomes"), rows)


def _conversions(how: Conversion) -> str:
    """From which kinds to which it is converted so."""
    targets = {
        source: tuple(kind for kind in rules.WIDTHS if rules.CONVERSION[source, kind] is how)
        for source in PythonKind
    }
    alike = _alike({source: found for source, found in targets.items() if found})
    return "; ".join(f"{', '.join(who)} to {', '.join(to)}" for to, who in alike.items())


def _alike(columns: Mapping[_Name, _Column]) -> Mapping[_Column, Sequence[_Name]]:
    """The names that have the same, by what they have."""
    found: dict[_Column, list[_Name]] = {}
    for name, column in columns.items():
        found.setdefault(column, []).append(name)
    return found


def _groups() -> str:
    counts = Counter(guarantee.group for guarantee in TABLE.values())
    rows = [
        (f"[{group}](guarantees/{group}.md)", GROUPS[group], str(counts[group]))
        for group in GROUPS
        if counts[group]
    ]
    return table(("group", "about", "guarantees"), rows)
