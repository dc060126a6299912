"""What can go wrong, by whose fault; every class knows the exit code of the command line.

A defect of the backend is not an exception but a finding of the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from tensorpact.reports.model import Report


class TensorpactError(Exception):
    """One sentence for the user: what is wrong, and what to do about it."""

    exit_code: ClassVar[int] = 3


class UsageError(TensorpactError):
    """The user asked for something that does not exist or cannot be done."""

    exit_code = 2


class Fault(TensorpactError):
    """A run cannot go on. `report` is incomplete and has what was found until then.

    It is None where the fault came before any case was judged.
    """

    report: Report | None = None


class AdapterFault(Fault):
    """The adapter of a backend failed, so nothing more can be said about the backend."""


class HarnessFault(Fault):
    """tensorpact itself failed; the text holds what a report of the bug needs."""


class NonConformance(TensorpactError, AssertionError):
    """A backend breaks a guarantee that it claims; `report` says which. Raised by `check`."""

    exit_code = 1

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message, report)
        self.report = report

    def __str__(self) -> str:
        return str(self.args[0])
