"""One run for several askers, in one process or in many: the first makes it, the others wait."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Collection
from pathlib import Path

from tensorpact.backends.protocol import Backend
from tensorpact.deviations.files import loaded, named_files
from tensorpact.errors import Fault, TensorpactError
from tensorpact.guarantees import select
from tensorpact.reports.jsonlines import from_json_lines, to_json_lines
from tensorpact.reports.model import Report
from tensorpact.runner.run import INTERRUPTED, Options, run


class SharedRun:
    """A run that is made when its report is first asked for.

    `key` tells it from other runs of the same session. Raises UsageError as `select` does, and
    for files of deviations that are not as they have to be.
    """

    def __init__(self, backend: Backend | str, key: str, options: Options) -> None:
        self.backend, self.key, self.options = backend, key, options
        self.ids = [guarantee.id for guarantee in select(options.get("only", ()))]
        loaded(named_files(options.get("deviations", ())))
        self._outcome: Report | TensorpactError | None = None

    @property
    def over(self) -> bool:
        return self._outcome is not None

    def narrow(self, ids: Collection[str]) -> None:
        """Judge only these."""
        self.ids = [id for id in self.ids if id in ids]

    def report(self, directory: Path | None) -> Report:
        """The report, by way of a file in the directory where other processes share one.

        Raises the same TensorpactError every time if the run ended in one.
        """
        if self._outcome is None:
            try:
                self._outcome = self._run(directory)
            except TensorpactError as error:
                self._outcome = error
        if isinstance(self._outcome, TensorpactError):
            raise self._outcome
        return self._outcome

    def _run(self, directory: Path | None) -> Report:
        if directory is None:
            return self._made()
        name = hashlib.sha256(repr((self.key, self.ids)).encode()).hexdigest()
        return once(directory / f"{name}.jsonl", self._made)

    def _made(self) -> Report:
        """What was found before a fault is a report too; Ctrl-C ends the session that asks."""
        options: Options = {**self.options, "only": self.ids}
        try:
            report = run(self.backend, **options)
        except Fault as fault:
            if fault.report is None:
                raise
            return fault.report
        if report.incomplete == INTERRUPTED:
            raise KeyboardInterrupt
        return report


def once(path: Path, make: Callable[[], Report]) -> Report:
    """The report that lies at `path`, or else the one made here, which is then left there.

    The lock falls when its holder dies, so that a run that was killed is made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                return from_json_lines(lines)
        report = make()
        unfinished = path.with_suffix(".part")
        unfinished.write_text("".join(to_json_lines(report)), encoding="utf-8")
        unfinished.rename(path)
        return report
