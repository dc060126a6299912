"""A bar on a terminal's stderr while something runs, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@contextmanager
def progress() -> Iterator[Tell | None]:
    """What to call with the progress; None where nobody watches."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda said, done, total: bar.update(
            task, description=said, completed=done, total=total
        )
