"""The page of rule tables, printed from `reftensor.rules`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import zip_longest

from reftensor import rules
from reftensor.rules import Column, DefaultDtype, Memory, PythonKind
from tensorpact.documentation.markdown import code, sections, table
from tensorpact.documentation.source import attribute_docs


def page() -> str:
    """The rules, one table a section, each with where it is read from."""
    docs = attribute_docs(rules)
    tables: tuple[tuple[str, str, Callable[[], str]], ...] = (
        ("Which dtype Python numbers become", "INFERENCE", inference),
        ("Which complex dtype follows a default real dtype", "COMPLEX_OF_REAL", _complex_of_real),
        ("How dtyped scalars of one sequence promote", "promote", _promotion),
        ("Which device the result is on", "PLACEMENT", _placement),
        ("Whose memory the result uses", "MEMORY", _memory),
        ("How a value gets into a dtype", "CONVERSION", _conversion),
        ("How data is refused", "REFUSALS", refusals),
    )
    docs = {**docs, "promote": inspect.getdoc(rules.promote) or ""}
    parts = [f"## {title}\n\n{render()}\n\n{docs[name]}" for title, name, render in tables]
    intro = "This page is printed from the module `reftensor.rules`, which says of itself:"
    quote = "\n".join(f"> {line}".rstrip() for line in (inspect.getdoc(rules) or "").splitlines())
    return sections("# The rules", intro, quote, *parts)


def inference() -> str:
    """Which dtype Python numbers become, as a table."""
    rows = [
        (str(kind) if kind else "an empty sequence", _dtype(entry))
        for kind, entry in rules.INFERENCE.items()
    ]
    return table(("data", "dtype"), rows)


def _dtype(entry: DefaultDtype | str) -> str:
    return f"the {entry}" if isinstance(entry, DefaultDtype) else code(entry)


def _complex_of_real() -> str:
    rows = [(code(real), code(wide)) for real, wide in rules.COMPLEX_OF_REAL.items()]
    return table(("default real", "default complex"), rows)


def _promotion() -> str:
    names = [name for members in rules.WIDTHS.values() for name in members]
    names.insert(names.index("float16") + 1, "bfloat16")
    rows = [[code(a), *(_promoted(a, b) for b in names)] for a in names]
    return table(["", *(code(name) for name in names)], rows)


def _promoted(a: str, b: str) -> str:
    return rules.promote(a, b) or "none"


def _placement() -> str:
    orders = rules.PLACEMENT
    rows = zip_longest(*orders.values(), fillvalue="")
    columns = ["place", *(code(operation) for operation in orders)]
    return table(columns, [[str(n), *map(str, row)] for n, row in enumerate(rows, 1)])


def _memory() -> str:
    header = ["the data is …", "…", *map(called, rules.COLUMNS)]
    rows = [
        [str(data), str(need), *(outcome(cells[column]) for column in rules.COLUMNS)]
        for (data, need), cells in rules.MEMORY.items()
    ]
    return table(header, rows)


def called(column: Column) -> str:
    """An operation as it is called, with its `copy` where it takes one."""
    operation, copy = column
    takes_copy = (operation, True) in rules.COLUMNS
    return f"`{operation}` copy={copy}" if takes_copy else code(operation)


def outcome(memory: Memory | None) -> str:
    """A cell of the table of memory: sharing in bold, refusing in italics."""
    match memory:
        case None:
            return "–"
        case Memory.SAME | Memory.SHARE:
            return f"**{memory}**"
        case Memory.REFUSE:
            return f"*{memory}*"
    return str(memory)


def _conversion() -> str:
    kinds = list(rules.WIDTHS)
    rows = [
        [f"Python {source}", *(str(rules.CONVERSION[source, kind]) for kind in kinds)]
        for source in PythonKind
    ]
    return table(["", *(f"to {kind}" for kind in kinds)], rows)


def refusals() -> str:
    """With which exceptions data is refused, as a table."""
    rows = [
        (str(refusal), code(*(error.__name__ for error in errors)))
        for refusal, errors in rules.REFUSALS.items()
    ]
    return table(("what is refused", "with"), rows)
