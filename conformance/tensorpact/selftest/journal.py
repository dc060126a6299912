"""Examinations as lines of JSON, so that what was found outlives a self-test that was cut off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from tensorpact.errors import UsageError
from tensorpact.selftest.examination import Examination, Kill
from tensorpact.selftest.exams import Exam, Manner

Options = Mapping[str, Any]
"""What a self-test is told that decides what an examination comes to."""


_TELLING = {"cli", "documentation", "reports", "__main__.py", "pytest_plugin.py"}


def sources() -> str:
    """A digest of all that decides a verdict: the reference, the harness and the zoo.

    How a verdict is told decides none.
    """
    digest = hashlib.sha256()
    for package in ("reftensor", "tensorpact", "tensorpact_fixtures"):
        root = find_spec(package)
        for folder in (root.submodule_search_locations or ()) if root is not None else ():
            for path in sorted(Path(folder).rglob("*.py")):
                if not _TELLING & {*path.relative_to(folder).parts}:
                    digest.update(path.read_bytes())
    return digest.hexdigest()


class Journal:
    """What was found so far, and where to write down what is found."""

    def __init__(self, known: Mapping[Exam, Examination], file: TextIO | None) -> None:
        self.known = dict(known)
        self._file = file

    def note(self, exam: Exam, examination: Examination) -> None:
        self.known[exam] = examination
        if self._file is not None:
            self._file.write(json.dumps([asdict(exam), asdict(examination)]) + "\n")
            self._file.flush()


@contextmanager
def journal(path: Path | None, options: Options) -> Iterator[Journal]:
    """The journal at this path, gone on with where there is one; kept in memory without a path.

    Raises UsageError for a file that cannot be written, and for the journal of a self-test
    with other options.
    """
    if path is None:
        yield Journal({}, None)
        return
    known = _read(path, options) if path.exists() else {}
    try:
        with path.open("a", encoding="utf-8") as file:
            if not path.stat().st_size:
                file.write(json.dumps(dict(options)) + "\n")
            yield Journal(known, file)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}; name a file that can be written"
        ) from error


def _read(path: Path, options: Options) -> dict[Exam, Examination]:
    """A line that was cut off counts for nothing, nor does an examination that failed."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line for line in file if line.endswith("\n")]
        if lines and json.loads(lines[0]) != dict(options):
            raise UsageError(
                f"{path} is of a self-test with another budget, or of other sources: "
                "delete it or name another file"
            )
        found = [_parsed(*json.loads(line)) for line in lines[1:]]
    except (LookupError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is no journal of a self-test ({error}): name another file"
        ) from error
    return {exam: examination for exam, examination in found if not examination.trouble}


def _parsed(exam: dict[str, Any], examination: dict[str, Any]) -> tuple[Exam, Examination]:
    kills = tuple(Kill(**kill) for kill in examination.pop("kills"))
    manner = Manner(exam.pop("manner"))
    return Exam(manner=manner, **exam), Examination(kills=kills, **examination)
