"""Where the lines of a report go while it comes about."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from tensorpact.errors import UsageError


class Sink:
    """Writes lines at once; after a failure it writes no more and `trouble` says why."""

    def __init__(self, file: io.FileIO | None) -> None:
        self._file = file
        self.trouble: str | None = None

    def write(self, lines: Iterable[str]) -> None:
        """Unbuffered: a line that was written outlives this process."""
        data = "".join(lines).encode()
        if self._file is None or not data:
            return
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            self.trouble = f"{self._file.name!s} could not be written: {error.strerror}"
            self._file = None


@contextmanager
def opened(path: str | PathLike[str] | None) -> Iterator[Sink]:
    """A sink over a new file, or one that drops everything for None.

    Raises UsageError for a file that cannot be written.
    """
    if path is None:
        yield Sink(None)
        return
    with _created(Path(path)) as file:
        yield Sink(file)


def _created(path: Path) -> io.FileIO:
    try:
        return path.open("wb", buffering=0)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; name another file") from error
