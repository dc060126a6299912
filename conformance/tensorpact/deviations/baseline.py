"""From the findings of a run to entries of a deviation file, and from there into its text.

What stands in a file is never rewritten: new entries come behind it, and stale ones are at most
turned into comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from tensorpact.cases.axes import axes_of
from tensorpact.cases.region import Condition, Point, Region, valued
from tensorpact.cases.short import shortened
from tensorpact.deviations.model import Kind
from tensorpact.reports.model import Finding, Report, Verdict
from tensorpact.runner.tasks import ALONE

HEAD = """\
# Known deviations, written by `tensorpact baseline`: see docs/deviations.md.
# Say of each what it is (kind: defect, documented, undecided) and why it is there (reason).
"""

DROPPED = "# No longer fails; `tensorpact baseline --drop-stale` made a comment of it."


@dataclass(frozen=True, slots=True)
class Entry:
    """A deviation that a run found: a region, and the finding that shows it."""

    finding: Finding
    region: Region

    def __str__(self) -> str:
        """The entry as it stands in a file."""
        finding = self.finding
        axes = ", ".join(f"{_key(c.axis)} = {_values(c)}" for c in self.region.conditions)
        lines = [
            "[[deviation]]",
            f"guarantee = {_quoted(finding.guarantee)}",
            f"kind = {_quoted(Kind.UNDECIDED)}",
            f"reason = {_quoted(f'required: {finding.required}; seen: {finding.seen}')}",
            *([f"axes = {{ {axes} }}"] if axes else []),
            f"witness = [{_quoted(shortened(finding.case))}]",
        ]
        return "\n".join(lines) + "\n"


def entries_of(report: Report) -> tuple[Entry, ...]:
    """An entry for every new finding of which no other entry's region says as much."""
    found: list[Entry] = []
    for finding in sorted(_new(report), key=lambda finding: -finding.count):
        region = _including(_trusted(finding), axes_of(finding.case))
        others = (other for other in found if other.finding.guarantee == finding.guarantee)
        if not any(_covers(other.region, region) for other in others):
            found.append(Entry(finding, region))
    order = {result.id: number for number, result in enumerate(report.results)}
    return tuple(sorted(found, key=lambda entry: order[entry.finding.guarantee]))


def _new(report: Report) -> Iterator[Finding]:
    """Of guarantees that were asked for: of the others too few cases were judged."""
    for result in report.results:
        if result.selected:
            yield from (finding for finding in result.new if finding.detail != ALONE)


def _trusted(finding: Finding) -> Region | None:
    """Where it lies, with one condition an axis, as a file has them.

    Not everywhere, for deaths and where cases pass: that would be a licence for every other one.
    """
    where = finding.where
    anywhere = finding.verdict is Verdict.FAIL and not finding.kept
    if where is None or not (where.conditions or anywhere):
        return None
    one_each = {condition.axis: condition for condition in reversed(where.conditions)}
    return Region(tuple(c for c in where.conditions if one_each[c.axis] == c))


def _including(region: Region | None, point: Point) -> Region:
    """The region with this point inside; the point alone where none is known."""
    if region is None:
        axes = dict.fromkeys(value.partition("=")[0] for value in point)
        return Region(tuple(Condition(axis, tuple(sorted(valued(point, axis)))) for axis in axes))
    return Region(tuple(_meeting(condition, point) for condition in region.conditions))


def _meeting(condition: Condition, point: Point) -> Condition:
    values = valued(point, condition.axis)
    if not values.isdisjoint(condition.values):
        return condition
    return replace(condition, values=(*condition.values, *sorted(values)))


def _covers(wider: Region, region: Region) -> bool:
    """Whether each condition of the one is at least as narrow in the other."""
    values = {condition.axis: set(condition.values) for condition in region.conditions}
    return all(
        condition.axis in values and values[condition.axis] <= set(condition.values)
        for condition in wider.conditions
    )


# --------------------------------------------------------------------------- the text of a file


def appended(text: str, entries: Iterable[Entry]) -> str:
    """The text with the entries behind what stands there, which is left as it is."""
    blocks = [text.rstrip("\n") + "\n" if text.strip() else HEAD, *map(str, entries)]
    return "\n".join(blocks)


def without(text: str, numbers: Collection[int]) -> str:
    """The text with the entries of these numbers, counted from 1, turned into comments.

    What stands between entries stays: it may belong to the next. Raises ValueError where the
    entries cannot be told apart in the text.
    """
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _START.match(line)]
    if len(starts) != text.count("[[deviation]]") or (numbers and max(numbers) > len(starts)):
        raise ValueError("its entries cannot be told apart: each starts with a line [[deviation]]")
    for number in sorted(numbers, reverse=True):
        start = starts[number - 1]
        end = starts[number] if number < len(starts) else len(lines)
        while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
            end -= 1
        commented = [f"# {line}".rstrip() for line in lines[start:end]]
        lines[start:end] = [DROPPED, *commented]
    return "\n".join(lines) + "\n"


_START = re.compile(r"\s*\[\[deviation\]\]")


def _key(axis: str) -> str:
    return axis if re.fullmatch(r"[\w-]+", axis, re.ASCII) else _quoted(axis)


def _values(condition: Condition) -> str:
    texts = [_quoted(value) for value in condition.values]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _quoted(text: str) -> str:
    """A TOML string: that of JSON, where DEL and what is outside of Unicode are escaped, too."""
    sound = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return json.dumps(sound, ensure_ascii=False).replace("\x7f", "\\u007F")
