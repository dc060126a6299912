"""A case that was tried again, as text: the finding, everything seen, and who else judged it."""

from __future__ import annotations

from collections.abc import Iterator

from tensorpact.cases.spell import spell
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure, Judgement, Note
from tensorpact.reports.model import Finding
from tensorpact.reports.plain import case_text, head_text, printable
from tensorpact.runner.replay import Replayed


def replayed_text(found: Replayed, guarantee: str, broken: Finding | None) -> str:
    """What became of the guarantee on the case, then all that is known of the case.

    `broken` is the finding, spelled; None where the guarantee is kept.
    """
    call = spell(found.case, found.claims)
    title = f"{found.claims.name} {found.claims.version}"
    head = head_text(TABLE[guarantee], found.verdict(guarantee), [found.case], found.claims)
    case = case_text(broken or _kept(found, call, guarantee))
    parts = [title, head, case, *_block("seen", found.facts), *_others(found, guarantee)]
    return "\n\n".join(parts)


def _kept(found: Replayed, call: str, guarantee: str) -> Finding:
    """Nothing is required that is not there."""
    return Finding(guarantee, found.verdict(guarantee), found.case, call, "", "")


def _block(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    width = max((len(name) for name, _ in rows), default=0)
    if rows:
        yield "\n".join([title, *(f"  {name:{width}}  {printable(text)}" for name, text in rows)])


def _others(found: Replayed, guarantee: str) -> Iterator[str]:
    said = tuple((id, _said(judgement)) for id, judgement in found.judged if id != guarantee)
    yield from _block("other guarantees that it tests", said)


def _said(judgement: Judgement) -> str:
    match judgement:
        case Failure(required, seen):
            return f"fail: {required}, but {seen}"
        case Note(outcome):
            return outcome
    return judgement.value
