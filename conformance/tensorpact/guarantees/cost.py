"""cost: what it may cost."""

from __future__ import annotations

import mmap
from dataclasses import replace
from math import prod

from reftensor.rules import Memory, Need
from tensorpact.backends.protocol import Claims
from tensorpact.cases.dtypes import RAW, itemsize
from tensorpact.cases.live import TOUCHED
from tensorpact.cases.model import Block, Case, Leaf, Values
from tensorpact.cases.things import THINGS
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.predicates import EVERY, INGEST
from tensorpact.guarantees.promises import safety
from tensorpact.guarantees.sharing_checks import FEW_BYTES, FEW_PAGES
from tensorpact.trial import Trial

TITLE = "what it may cost"

COPIES = 1.5
"""A copy may touch so many times the pages of its result; a copy of a copy touches twice."""

FEW_QUESTIONS = 32
"""So many questions a call may ask of a few arrays, whatever is in them."""


# --------------------------------------------------------------------------- checks


def asks_no_element(trial: Trial) -> Judgement:
    """Longer arrays are asked for no more than short ones; or the user is warned."""
    if trial.observed.result is None or not trial.related:
        return SKIP
    many, few = trial.observed.asked, trial.related[0].observed.asked
    if many is None or few is None or trial.related[0].observed.result is None:
        return SKIP
    if trial.observed.first_warnings or many <= 2 * few + FEW_QUESTIONS:
        return PASS
    return Failure(
        "as many questions as for arrays of a few elements, or a warning",
        f"{many} questions about elements, lengths and numbers, where short arrays are "
        f"asked {few}, and no warning",
        Demand("questions", 2 * few + FEW_QUESTIONS),
    )


def takes_one_result(trial: Trial) -> Judgement:
    """The pages touched are those of the result, and few others."""
    observed, expected = trial.observed, trial.expected
    result, block = observed.result, trial.case.block
    if result is None or block is None or observed.touched is None or _copied(trial, block):
        return SKIP
    if expected.memory is not Memory.COPY or not expected.accepted or Need.DEVICE in expected.needs:
        return SKIP
    if result.dtype is None or result.dtype not in RAW:
        return SKIP
    pages = prod(result.shape) * itemsize(result.dtype) // mmap.PAGESIZE
    if observed.touched <= COPIES * pages + FEW_PAGES:
        return PASS
    return Failure(
        f"at most {COPIES} times the pages of the result, which are {pages}",
        f"{observed.touched} pages of memory touched",
    )


def _copied(trial: Trial, block: Block) -> bool:
    """Whether the exporter made a copy; one of the old protocol does so for another dtype."""
    return bool(trial.observed.copies) or block.exporter == "array_protocol_old"


def keeps_nothing(trial: Trial) -> Judgement:
    """What a call allocated that raised is freed when the exception is gone."""
    observed = trial.observed
    if observed.raised is None or observed.kept is None:
        return SKIP
    if observed.kept <= FEW_BYTES:
        return PASS
    return Failure(
        f"at most {FEW_BYTES} bytes in use that were not before", f"{observed.kept} bytes"
    )


# --------------------------------------------------------------------------- cases


def _asked_many(case: Case, _: Claims) -> bool:
    root = case.root
    return isinstance(root, Leaf) and root.kind == "thing" and bool(_shorter(root.text))


def _shorter(name: str) -> str:
    """The like of a thing that counts, with few elements in each array."""
    few = name.replace("_long", "_short")
    return few if few != name and few in THINGS and THINGS[few].asked else ""


def _with_short_arrays(case: Case, _: Claims) -> tuple[Case, ...]:
    assert isinstance(case.root, Leaf)
    short = Leaf("thing", _shorter(case.root.text))
    return (replace(case, source=Values(short)),)


def _counted(case: Case, _: Claims) -> bool:
    return isinstance(case.source, Block) and case.source.content == TOUCHED


# --------------------------------------------------------------------------- the table

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="cost.stacking",
        level=Level.SHOULD,
        over="values",
        sentence="Arrays in a list, or behind `__array__`, are taken array by array: the work that "
        "is done in Python does not grow with the number of elements in each, or the user is "
        "warned.",
        why="A batch of images becomes a tensor a thousand times slower than it has to, and "
        "nothing says so.",
        operations=INGEST,
        promised_by=(safety("no hidden pass over the elements, one by one"),),
        applies=_asked_many,
        check=asks_no_element,
        related=_with_short_arrays,
    ),
    Guarantee(
        id="cost.copy-memory",
        level=Level.SHOULD,
        over="memory",
        sentence="A copy, or a conversion to another dtype, takes the memory of its result and "
        "little else.",
        why="The array that fills a third of the memory cannot be copied, though there is room.",
        operations=EVERY,
        promised_by=(safety("no copy of a copy"),),
        applies=_counted,
        check=takes_one_result,
    ),
    Guarantee(
        id="cost.refusal-keeps-nothing",
        level=Level.SHOULD,
        over="memory",
        sentence="A call that raises leaves no memory in use behind.",
        why="A service that refuses bad requests for a week runs out of memory.",
        operations=EVERY,
        promised_by=(safety("nothing leaks"),),
        applies=_counted,
        check=keeps_nothing,
        after_warning=True,
    ),
)
