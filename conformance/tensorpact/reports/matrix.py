"""Several reports side by side: guarantee × backend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tensorpact.guarantees import GROUPS, TABLE
from tensorpact.guarantees.model import Level
from tensorpact.reports.model import GuaranteeResult, Report
from tensorpact.reports.plain import printable, stated


@dataclass(frozen=True, slots=True)
class Row:
    """A guarantee, and what became of it in each report; None where a report has nothing of it."""

    id: str
    level: Level
    sentence: str
    results: tuple[GuaranteeResult | None, ...]

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]


def rows(reports: Sequence[Report]) -> tuple[Row, ...]:
    """A row for every guarantee of which a report says something, in the order of the table.

    Those that this version does not know end their group.
    """
    by_id = [{result.id: result for result in report.results} for report in reports]
    return tuple(_row(id, [results.get(id) for results in by_id]) for id in ordered(reports))


def ordered(reports: Sequence[Report]) -> list[str]:
    """The guarantees of the reports as in the table; what it does not know ends its group."""
    ids = {result.id: result.group for report in reports for result in report.results}
    known = {id: number for number, id in enumerate(TABLE)}
    groups = {group: number for number, group in enumerate(GROUPS)}
    last = len(known)
    return sorted(ids, key=lambda id: (groups.get(ids[id], last), ids[id], known.get(id, last), id))


def _row(id: str, results: Sequence[GuaranteeResult | None]) -> Row:
    first = next(result for result in results if result is not None)
    return Row(id, first.level, stated(first), tuple(results))


def labels(reports: Sequence[Report]) -> tuple[str, ...]:
    """A name for each report: that of its library, and as much more as tells them apart."""
    named = [
        _printable(
            f"{report.header.claims.name} {report.header.claims.version}",
            f"Python {report.header.python}",
            f"NumPy {report.header.numpy}",
            report.header.platform,
            report.header.budget,
            f"seed {report.header.seed}",
        )
        for report in reports
    ]
    telling = [
        number
        for number in range(len(named[0]) if named else 0)
        if not number or _tells(named, number)
    ]
    texts = [", ".join(parts[number] for number in telling) for parts in named]
    return _numbered(texts)


def _printable(*parts: str) -> tuple[str, ...]:
    return tuple(map(printable, parts))


def _tells(named: Sequence[Sequence[str]], number: int) -> bool:
    """Whether two reports of one library differ in this part."""
    same: Mapping[str, set[str]] = {parts[0]: set() for parts in named}
    for parts in named:
        same[parts[0]].add(parts[number])
    return any(len(values) > 1 for values in same.values())


def _numbered(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts, with a number where one comes more than once."""
    totals, seen = Counter(texts), Counter[str]()
    numbered = []
    for text in texts:
        seen[text] += 1
        numbered.append(f"{text} ({seen[text]})" if totals[text] > 1 else text)
    return tuple(numbered)
