"""What a guarantee counts as in a report: one word for each, in the order of the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from tensorpact.reports.model import BROKEN, GuaranteeResult, Verdict


class Standing(StrEnum):
    """A SHOULD that is broken is advised, not failed; a stale deviation of either fails."""

    PASSED = "passed"
    FAILED = "failed"
    KNOWN = "known"
    ADVISED = "advised"
    NOT_CLAIMED = "not claimed"
    NOT_EXERCISED = "not exercised"
    OBSERVED = "observed"


_OF: Mapping[Verdict, Standing] = {
    Verdict.PASS: Standing.PASSED,
    Verdict.KNOWN: Standing.KNOWN,
    Verdict.STALE: Standing.FAILED,
    Verdict.NOT_CLAIMED: Standing.NOT_CLAIMED,
    Verdict.NOT_EXERCISED: Standing.NOT_EXERCISED,
    Verdict.OBSERVED: Standing.OBSERVED,
}


def standing(result: GuaranteeResult, strict: bool = False) -> Standing:
    """What the result counts as; under `strict` a SHOULD is as binding as a MUST."""
    if result.verdict in BROKEN or result.stale:
        return Standing.FAILED if result.breaks(strict) else Standing.ADVISED
    return _OF[result.verdict]


def counted(results: Iterable[GuaranteeResult], strict: bool = False) -> Counter[Standing]:
    """How many results count as what."""
    return Counter(standing(result, strict) for result in results)
