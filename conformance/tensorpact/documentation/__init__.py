"""The pages of the documentation that are made from the code, so that they cannot drift.

Each page is a plain function of the tables that it prints; `write` and `stale` are the only
ones that touch files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from tensorpact.documentation import (
    commands,
    conformance,
    deviations,
    guarantees,
    index,
    kill_matrix,
    mutation,
    pictures,
    protocol,
    reach,
    report_format,
    rules,
    vectors,
)
from tensorpact.documentation.markdown import GENERATED
from tensorpact.errors import UsageError


def pages() -> Mapping[str, str]:
    """Every generated page and picture, by its path below the documentation's folder."""
    texts = {
        "index.md": index.page(),
        "rules.md": rules.page(),
        "backends.md": protocol.page(),
        "cli.md": commands.page(),
        "reach.md": reach.page(),
        "mutation.md": mutation.page(),
        "findings.md": deviations.page(),
        "conformance.md": conformance.page(),
        "report-format.md": report_format.page(),
        "vectors.md": vectors.page(),
        **guarantees.pages(),
        **kill_matrix.pages(),
        **pictures.pictures(),
    }
    return {path: f"{GENERATED}\n\n{text.strip()}\n" for path, text in texts.items()}


def write(folder: Path) -> None:
    """Write every page into the folder and delete generated ones that are no longer made.

    Pages that were written by hand are left alone: they lack the generated pages' first line.
    Raises UsageError for a folder that cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = pages()
        for path in _left_over(folder, made):
            (folder / path).unlink()
        for path, text in made.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {error.filename or folder}: {error.strerror}; "
            "name a directory that can be written"
        ) from error


def stale(folder: Path) -> tuple[str, ...]:
    """The pages that differ from what `write` would write, missing and left-over ones too."""
    made = pages()
    changed = [path for path, text in made.items() if _read(folder / path) != text]
    return (*changed, *_left_over(folder, made))


def _left_over(folder: Path, made: Collection[str]) -> list[str]:
    files = sorted([*folder.rglob("*.md"), *folder.rglob("*.svg")])
    found = (path.relative_to(folder).as_posix() for path in files)
    return [p for p in found if p not in made and _read(folder / p).startswith(GENERATED)]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
