"""Files that a command writes."""

from __future__ import annotations

from pathlib import Path


def writable(file: Path) -> None:
    """Raise UsageError where the file cannot be written, before a run is spent on it."""
    from tensorpact.errors import UsageError

    there = file.exists()
    try:
        with file.open("a", encoding="utf-8"):
            pass
        if not there:
            file.unlink()
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}; name another file") from error
