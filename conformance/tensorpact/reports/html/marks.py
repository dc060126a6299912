"""The marks of the matrix: what a cell says of a guarantee and a backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tensorpact.reports.model import GuaranteeResult, Verdict

ADVISED = "advised"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in a cell, and what it means. `key` names its colour and its sign."""

    key: str
    word: str
    meaning: str


MARKS: Mapping[str, Mark] = {
    said: Mark(said.replace(" ", "-"), said.removesuffix(" deviation"), meaning)
    for said, meaning in (
        (Verdict.FAIL, "broken by at least one case"),
        (Verdict.CRASH, "the process died, twice"),
        (Verdict.TIMEOUT, "the call did not come back, twice"),
        (Verdict.STALE, "a known deviation is no longer true"),
        (ADVISED, "a SHOULD is broken, which does not count against conformance"),
        (Verdict.KNOWN, "broken in no other way than is known"),
        (Verdict.PASS, "put to the test, and kept by every case"),
        (Verdict.OBSERVED, "recorded, and never scored"),
        (Verdict.NOT_EXERCISED, "claimed, and no case put it to the test"),
        (Verdict.NOT_CLAIMED, "the library follows none of its authorities"),
    )
}
"""Every mark, the worst first, by its verdict or "advised"."""


def mark_of(result: GuaranteeResult, strict: bool) -> Mark:
    """The mark of a result: its verdict, or that it is no more than advice."""
    return MARKS[ADVISED if result.advises(strict) else result.verdict]
