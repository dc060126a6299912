"""A finding as the Markdown of an issue, for the authors of the library.

What the library said is text of others: it stands in blocks of code that it cannot end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Guarantee, Promise
from tensorpact.reports.fences import fenced, inline
from tensorpact.reports.model import Finding, Header
from tensorpact.reports.plain import OWED, cited, printable, promises_of
from tensorpact.reports.replay_id import UNNAMED, ReplayId
from tensorpact.reports.where import in_words
from tensorpact.reproducers.clean import Ended
from tensorpact.reproducers.source_text import needs_ours


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """A finding that was tried once more, as it is now, and where.

    `ended` is how its reproducer ended; None where there is none, and `why` says why then.
    `versions` are names with what is installed.
    """

    finding: Finding
    why: str
    ended: Ended | None
    versions: tuple[tuple[str, str], ...]


def issue(header: Header, tried: TriedAgain) -> str:
    """The title as a heading, then what an issue tracker asks for."""
    finding = tried.finding
    guarantee = TABLE[finding.guarantee]
    promises = tuple(promises_of(guarantee, [finding.case], header.claims))
    parts = [
        f"# {_title(finding)}",
        f"Required: {inline(finding.required)}\n\nSeen: {inline(finding.seen)}",
        "## Reproducer",
        _about(tried),
        fenced(finding.reproducer or finding.call, "python"),
        *(["It ends so:", fenced(_output(tried.ended), "text")] if tried.ended else []),
        "## Why it is expected",
        _why_expected(guarantee, promises),
        "## What it does to a program",
        guarantee.why,
        "## Versions",
        "\n".join(f"- {name}: {inline(version)}" for name, version in tried.versions),
        _origin(finding, header),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _why_expected(guarantee: Guarantee, promises: Sequence[Promise]) -> str:
    """The promise in our words and who makes it, or that no document does."""
    documents = [f"- {cited(promise)}" for promise in promises if promise.authority != OWED]
    if documents:
        return "\n".join(
            [f"{guarantee.sentence} By these documents, in other words:\n", *documents]
        )
    reasons = "; ".join(promise.section for promise in promises)
    return f"{guarantee.sentence} No document says so; it is what a program counts on: {reasons}."


_LONGEST = 90


def _title(finding: Finding) -> str:
    """The call, what kind of defect it is, and where."""
    call = inline(finding.call.splitlines()[-1].strip())
    region = finding.explanation
    where = in_words(region) if region is not None and not finding.kept else ""
    what = finding.defect or " ".join(printable(finding.seen).split())
    return f"{call}: {shorten(what, _LONGEST, placeholder=' …')}{f' ({where})' if where else ''}"


def _about(tried: TriedAgain) -> str:
    """What to know before the script is run, or why there is none that was seen to fail."""
    script = tried.finding.reproducer
    if tried.ended is None:
        what = "The script of the report, not run again" if script else "The call"
        return f"{what}: {tried.why}."
    if needs_ours(script):
        return "It needs `tensorpact`, which makes the input: `pip install tensorpact`."
    return ""


def _output(ended: Ended) -> str:
    said = "" if ended.how == "asserted" else f"({ended.how})"
    return "\n".join(filter(None, [printable(ended.output).strip(), said]))


def _origin(finding: Finding, header: Header) -> str:
    again = ReplayId(header.named or UNNAMED, finding.guarantee, finding.case)
    said = f"Found by tensorpact {header.suite} as `{finding.guarantee}`"
    return f"{said}; `tensorpact replay {again}` shows all that was seen."
