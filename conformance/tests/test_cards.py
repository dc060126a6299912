"""The card of a failure, as a stranger reads it: a few of each kind, compared word by word.

`UPDATE_CARDS=1 pytest conformance/tests/test_cards.py` writes them anew, to be read before they
are kept: somebody who has never seen the project must be able to say from each what is wrong,
why it matters, and what to do next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import faulty
from tensorpact.backends.protocol import Backend, claims_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.region import Condition, Region
from tensorpact.guarantees import TABLE
from tensorpact.reports.model import Finding, GuaranteeResult, Header, KnownDeviation, Verdict
from tensorpact.reports.plain import result_text
from tensorpact.runner.compared import compared
from tensorpact.runner.limits import Limits
from tensorpact.runner.replay import replay
from tensorpact.runner.results import spelled
from tensorpact.runner.subject import lend, take_back
from tensorpact_fixtures.zoo import members

CARDS = Path(__file__).parent / "cards"
SHARED, CRASHES = "sharing.array-is-shared", "error.nothing-crashes"
PLAIN = Case(Block("ndarray", "float32", (2,), alignment=64), call("asarray"))
FATAL = Case(Block("ndarray", "float16", (2,), alignment=64), call("asarray"))
PATIENTLY, QUICKLY = Limits(), Limits(case_seconds=1.0)
"""For a call that never ends; under load, others may take a second."""

WHERE = Region((Condition("operation", ("asarray",)), Condition("shape", ("0-d", "rank 1"))))
REPRODUCER = """\
import numpy as np
import mylib

x = np.arange(1, 3, dtype='float32')
result = mylib.asarray(x)
x[...] = 0
assert result.tolist() == x.tolist(), 'a write to the source does not show in the result'
"""


def found(backend: Backend, case: Case, guarantee: str, limits: Limits = PATIENTLY) -> Finding:
    """What a run finds of one case, as it comes on the card."""
    reference = lend(backend)
    try:
        finding = replay(reference, case, limits).finding(guarantee)
    finally:
        take_back(reference)
    assert finding is not None
    claims = claims_of(backend)
    return replace(spelled(finding, claims), reference=compared(finding, claims, limits))


def card(backend: Backend, finding: Finding, *known: KnownDeviation) -> str:
    header = Header(claims_of(backend), "1", "3", "Linux", "2", 0, "quick", (), backend.name)
    guarantee = TABLE[finding.guarantee]
    verdict = Verdict.KNOWN if finding.known else finding.verdict
    result = GuaranteeResult(
        guarantee.id, guarantee.level, verdict, 9, 1, (finding,), {}, {}, deviations=known
    )
    return result_text(result, header)


def of_the_zoo(name: str) -> str:
    member = members()[name]
    backend = member.make()
    return card(backend, found(backend, member.witness[0], member.breaks))


def copied() -> Finding:
    return found(faulty.copying, PLAIN, SHARED)


def known() -> str:
    deviation = KnownDeviation(
        SHARED, "1", "documented", "asarray copies.", "https://example.org/1", "shape=0-d", 12
    )
    return card(faulty.copying, replace(copied(), known="1"), deviation)


MADE: Mapping[str, Callable[[], str]] = {
    "a-copy": lambda: card(faulty.copying, replace(copied(), count=12, where=WHERE)),
    "a-reproducer": lambda: card(faulty.copying, replace(copied(), reproducer=REPRODUCER)),
    "a-crash": lambda: card(faulty.aborting, found(faulty.aborting, FATAL, CRASHES)),
    "a-hang": lambda: card(faulty.sleeping, found(faulty.sleeping, FATAL, CRASHES, QUICKLY)),
    "a-known-deviation": known,
    **{
        name: partial(of_the_zoo, name)
        for name in (
            "text-is-a-number",
            "default-devices-move-tensors",
            "one-sibling-halves-floats",
            "empty-first-rows-decide",
        )
    },
}

_ADDRESSES = re.compile(r"0x[0-9a-f]{6,}")


@pytest.mark.parametrize("name", MADE)
def test_cards_read_as_they_did(name: str) -> None:
    seen = _ADDRESSES.sub("0x…", MADE[name]()) + "\n"
    path = CARDS / f"{name}.txt"
    if os.environ.get("UPDATE_CARDS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(CARDS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_card_fits_a_screen(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    copied = ("    ", "  replay ", "            <")  # code, commands and addresses stay whole
    assert len(lines) <= 40
    assert all(len(line) <= 80 or line.startswith(copied) for line in lines)
