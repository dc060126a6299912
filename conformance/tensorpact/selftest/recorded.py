"""A kill matrix as a file, and the ones that are published with this version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from tensorpact.errors import HarnessFault, UsageError
from tensorpact.selftest.matrix import Matrix, Row

PACKAGE, FOLDER = "tensorpact_fixtures", "matrix"
"""Where the published matrices lie: one file a budget."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is published of a member at one budget.

    `cases` and `seconds` are those until the right guarantee condemned it, at the first seed at
    which it did; `others` are the guarantees that condemned it too, None where they were not
    asked. `found` is the number of
    seeds at which it was condemned, by this budget; `late` by standard where quick let it pass.
    """

    cases: int | None
    seconds: float | None
    found: int
    late: int
    others: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Published:
    """A kill matrix as it was recorded, with what it was recorded by."""

    budget: str
    seeds: int
    suite: str
    members: Mapping[str, Record]


def write(matrix: Matrix, path: Path) -> None:
    """Write the matrix to a file. Raises UsageError for a file that cannot be written."""
    lines = [
        f"{json.dumps(row.member.name)}: {json.dumps(_encoded(row))}"
        for row in sorted(matrix.rows, key=lambda row: row.member.name)
    ]
    head = {"budget": matrix.budget, "seeds": matrix.seeds, "suite": version("tensorpact")}
    body = ",\n".join(lines)
    text = f'{json.dumps(head)[:-1]}, "members": {{\n{body}\n}}}}\n'
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}; name a file that can be written"
        ) from error


def _encoded(row: Row) -> dict[str, Any]:
    first = next((kill for kill in row.kills if kill is not None), None)
    return {
        "cases": first and first.cases,
        "seconds": first and round(first.seconds, 2),
        "found": sum(kill is not None for kill in row.kills),
        "late": len(row.late),
        "others": None if row.others is None else sorted(row.others),
    }


def published(budget: str) -> Published | None:
    """The matrix that was recorded with this budget, None where none was.

    Raises HarnessFault for a file that cannot be read.
    """
    try:
        file = files(PACKAGE) / FOLDER / f"{budget}.json"
        if not file.is_file():
            return None
        found = json.loads(file.read_text(encoding="utf-8"))
        members = {name: _decoded(record) for name, record in found["members"].items()}
        return Published(found["budget"], found["seeds"], found["suite"], members)
    except ModuleNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise HarnessFault(f"the recorded matrix of {budget} cannot be read: {error}") from error


def _decoded(record: dict[str, Any]) -> Record:
    others = record["others"]
    return Record(**{**record, "others": None if others is None else tuple(others)})
