"""What mutants of the reference are examined by, beside its own tests: all guarantees.

The golden vectors, and a part of what else a quick run tries, judged in this process.
"""

from __future__ import annotations

import pytest

from tensorpact.backends.protocol import claims_of
from tensorpact.backends.reference import backend
from tensorpact.cases.model import Case
from tensorpact.cases.plan import Batch, batches
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge

GUARANTEES = tuple(TABLE.values())
PART, EACH = 40, 4
"""Cases that one test judges; and out of how many tests that are no golden vectors one is made."""


def _parts() -> dict[str, tuple[Case, ...]]:
    """A few cases of one batch and one operation at a time, so that a test is over soon."""
    parts: dict[str, tuple[Case, ...]] = {}
    for batch in batches(claims_of(backend), "quick", 0, GUARANTEES):
        for operation in sorted({case.call.operation for case in batch.cases}):
            cases = [c for c in batch.cases if c.call.operation == operation and _is_safe(c)]
            step = PART if batch.phase == "vectors" else PART * EACH
            parts |= {
                _name(batch, operation, start): tuple(cases[start : start + PART])
                for start in range(0, len(cases), step)
            }
    return parts


def _name(batch: Batch, operation: str, start: int) -> str:
    return f"{batch.phase} {batch.index} {operation} {start}"


def _is_safe(case: Case) -> bool:
    """Whether it needs no process of its own, and is no matter of counting pages."""
    counted = case.block is not None and case.block.content in ("touched", "untouched", "endless")
    return not counted and case.schedule in ("", "repeated")


PARTS = _parts()


@pytest.mark.parametrize("name", PARTS)
def test_the_reference_conforms(name: str) -> None:
    with Judge(backend, GUARANTEES) as judge:
        for case in PARTS[name]:
            for guarantee, judgement in judge.judge(case):
                assert not isinstance(judgement, Failure), (guarantee.id, case, judgement)
