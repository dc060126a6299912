"""Findings as plain text: the promise, the call, what was required, and what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from textwrap import fill, indent

from tensorpact.authorities import AUTHORITIES
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Case
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Guarantee, Promise
from tensorpact.reports.model import (
    BROKEN,
    Finding,
    GuaranteeResult,
    Header,
    KnownDeviation,
    Verdict,
)
from tensorpact.reports.replay_id import UNNAMED, ReplayId
from tensorpact.reports.where import in_words
from tensorpact.reproducers.source_text import needs_ours

_WIDTH, _COLUMNS = 9, 80


OWED = "safety"
"""The authority of what no document of the library has to say."""

SHOWN = 5
"""How many findings of a guarantee are shown where not all are asked for."""


UNSELECTED = "not selected, but seen in this run: "


def result_text(
    result: GuaranteeResult,
    header: Header,
    most: int | None = SHOWN,
    rest: str = "`tensorpact run --all` shows them",
) -> str:
    """The guarantee with who promises it, then at most `most` findings; can be read alone.

    Of different operations first; `rest` says where the others are to be seen. What is known
    comes last, in short. Whatever the backend said is made printable.
    """
    unasked = "" if result.selected else UNSELECTED
    head = unasked + _head(result, header.claims)
    findings = telling_first(result.new)
    shown = [finding_text(finding, header.named) for finding in findings[:most]]
    left = len(findings) - len(shown)
    if left:
        shown.append(f"  and {left} more; {rest}")
    return "\n\n".join([head, *shown, *map(known_text, (*result.stale, *result.upheld))])


FOREIGN = "This version of tensorpact does not know this guarantee."


def _head(result: GuaranteeResult, claims: Claims) -> str:
    """As `head_text` has it; of a guarantee of another version, what the report says itself."""
    guarantee = TABLE.get(result.id)
    if guarantee is None:
        title = f"{result.id} ({result.level}): {result.verdict}"
        return "\n".join([printable(title), _wrapped(printable(stated(result)), "  ")])
    cases = [finding.case for finding in result.new or result.findings]
    return head_text(guarantee, result.verdict, cases, claims)


def stated(result: GuaranteeResult) -> str:
    """The promise in one sentence, as the report has it or as it is today."""
    guarantee = TABLE.get(result.id)
    return result.sentence or (guarantee.sentence if guarantee is not None else FOREIGN)


def known_line(result: GuaranteeResult) -> str:
    """A guarantee with how many known deviations it has, and how many cases they cover."""
    cases = sum(deviation.count for deviation in result.deviations)
    entries = len(result.deviations)
    noun = "deviation" if entries == 1 else "deviations"
    return f"  {result.id} ({result.level}): {entries} {noun}, {number_of_cases(cases)}"


def known_text(deviation: KnownDeviation) -> str:
    """A known deviation: why it is one, where it is said, and what is stale about it."""
    count = f" ({number_of_cases(deviation.count)})" if deviation.count else ""
    facts = [
        ("stale", deviation.stale),
        ("known", f"{deviation.kind}: {deviation.reason}{count}"),
        ("where", deviation.where),
        ("issue", deviation.issue),
    ]
    return "\n".join(_fact(name, printable(value)) for name, value in facts if value)


def head_text(guarantee: Guarantee, verdict: Verdict, cases: Iterable[Case], claims: Claims) -> str:
    """The guarantee, what became of it, and who promises it for the operations of the cases."""
    promised = [
        _fact("expected" if promise.authority == OWED else "promised", cited(promise))
        for promise in promises_of(guarantee, cases, claims)
    ]
    title = f"{guarantee.id} ({guarantee.level}): {verdict}"
    if verdict in (Verdict.KNOWN, Verdict.STALE):
        return title  # nobody broke a promise anew
    broken = [_fact("matters", guarantee.why)] if verdict in BROKEN else []
    return "\n".join([title, _wrapped(guarantee.sentence, "  "), *promised, *broken])


def telling_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings so that the first few differ: one of each operation, the commonest first."""
    seen: Counter[str] = Counter()
    ranks = []
    for finding in sorted(findings, key=lambda finding: -finding.count):
        operation = finding.case.call.operation
        ranks.append((seen[operation], finding))
        seen[operation] += 1
    return [finding for _, finding in sorted(ranks, key=lambda ranked: ranked[0])]


def finding_text(finding: Finding, named: str) -> str:
    """The call of a finding, what came of it, and how to see it again.

    `named` is the name by which the backend is found, empty where it has none.
    """
    count = _fact("cases", printable(like_this(finding)))
    # Not wrapped: it is to be copied.
    replay = f"  {'replay':<{_WIDTH}} {printable(replay_command(finding, named))}"
    return "\n".join([case_text(finding), count, replay])


def replay_command(finding: Finding, named: str) -> str:
    """What tries the case of a finding again; a shell takes the id as one word, whatever it is."""
    again = ReplayId(named or UNNAMED, finding.guarantee, finding.case)
    return f"tensorpact replay {quote(str(again))}"


def number_of_cases(count: int) -> str:
    """So many cases, in words."""
    return f"{count} case{'s' * (count != 1)}"


def like_this(finding: Finding) -> str:
    """How many cases fail so, and where on the axes they lie."""
    count = f"{finding.count} like this"
    if finding.explanation is None:
        return count
    where = in_words(finding.explanation) or "wherever it was tried"
    others = "point" if finding.kept == 1 else "points"
    passed = f"; it was kept at {finding.kept} other {others} there" if finding.kept else ""
    return f"{count}: {where}{passed}"


def case_text(finding: Finding) -> str:
    """The call of a finding, and what came of it."""
    lines = [_fact(name, printable(value)) for name, value in facts_of(finding)]
    # Not wrapped: it is to be copied.
    return "\n".join([indent(printable(code_of(finding)), "    "), *lines])


def code_of(finding: Finding) -> str:
    """The script that shows it; where there is none, the call."""
    return (finding.reproducer or finding.call).rstrip("\n")


def facts_of(finding: Finding) -> list[tuple[str, str]]:
    """What is known of a finding beside its code, by name; what is not known is left out."""
    facts = [
        ("defect", finding.defect),
        ("required", finding.required),
        ("seen", finding.seen),
        ("reference", finding.reference),
        ("detail", finding.detail),
        ("script", _about_script(finding)),
    ]
    return [(name, value) for name, value in facts if value]


def _about_script(finding: Finding) -> str:
    """What the reader needs for the reproducer besides the library, or why there is none."""
    if finding.reproducer:
        return "needs tensorpact" if needs_ours(finding.reproducer) else ""
    return f"none: {finding.unreproduced}" if finding.unreproduced else ""


def printable(text: str) -> str:
    """The text with control characters escaped, so that it cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else repr(c)[1:-1] for c in text)


def cited(promise: Promise) -> str:
    """Document, version, section and address of a promise, in one line."""
    authority = AUTHORITIES[promise.authority]
    document = f"{authority.document} {authority.version}".strip()
    return f"{document}, {promise.section} <{promise.url}>"


def promises_of(guarantee: Guarantee, cases: Iterable[Case], claims: Claims) -> Iterator[Promise]:
    """Those that bind the operations that broke it; a death breaks also what nobody claims."""
    operations = {case.call.operation for case in cases}
    binding = {p for name in operations for p in guarantee.promises_for(claims, name)}
    return (p for p in guarantee.promised_by if p in binding or not binding)


def _fact(name: str, value: str) -> str:
    """A name and a text, in lines that a terminal of 80 columns shows whole."""
    first, rest = f"  {name:<{_WIDTH}} ", " " * (_WIDTH + 3)
    lines = value.split("\n")
    return "\n".join(_wrapped(line, rest if n else first, rest) for n, line in enumerate(lines))


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    """Words stay whole: addresses, and what is to be copied."""
    return fill(
        text,
        _COLUMNS,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
