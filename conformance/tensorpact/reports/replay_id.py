"""The id under which one finding can be tried again: backend, guarantee and case in one word."""

from __future__ import annotations

from dataclasses import dataclass

from tensorpact.cases.model import Case
from tensorpact.cases.short import case_of, shortened
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE, unknown_guarantee

UNNAMED = "_"
"""Stands for a backend that was handed over as an object, and has no name to load it by."""


@dataclass(frozen=True, slots=True)
class ReplayId:
    """`BACKEND/GUARANTEE/CASE`; it holds the case itself, so that no report is needed.

    `backend` is the name by which `tensorpact run` finds it, or "_".
    """

    backend: str
    guarantee: str
    case: Case

    def __str__(self) -> str:
        return f"{self.backend}/{self.guarantee}/{shortened(self.case)}"


def replay_id(text: str) -> ReplayId:
    """The id in this text. Raises UsageError that says which of its parts is wrong."""
    parts = text.strip().rsplit("/", 2)
    if len(parts) != 3 or not parts[0]:
        raise UsageError(
            f"{text!r} is no replay id, nor a file that is there: an id is BACKEND/GUARANTEE/CASE, "
            "as a report prints it"
        )
    backend, guarantee, word = parts
    if guarantee not in TABLE:
        raise UsageError(unknown_guarantee(guarantee))
    try:
        return ReplayId(backend, guarantee, case_of(word))
    except ValueError as error:
        raise UsageError(f"the case {word!r} of the replay id cannot be read: {error}") from error
