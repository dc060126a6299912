"""What changed between two reports, as plain text, Markdown or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from tensorpact.reports.codec import encode
from tensorpact.reports.diff import Change, Changed
from tensorpact.reports.fences import cell, inline
from tensorpact.reports.matrix import labels
from tensorpact.reports.model import Finding, Report
from tensorpact.reports.plain import printable
from tensorpact.reports.replay_id import UNNAMED, ReplayId

Changes = Sequence[Changed]


def as_text(old: Report, new: Report, found: Changes) -> str:
    """A line a guarantee, its findings below, and a last line that can be read alone."""
    lines = list(_lines(new, found))
    return "\n".join([*lines, *([""] if lines else []), summary(old, new, found)]) + "\n"


def as_markdown(old: Report, new: Report, found: Changes) -> str:
    """The sums, and a table of all that changed."""
    rows = [
        f"| {one.change} | {cell(one.guarantee)} | {one.level} | {one.old} → {one.new} | "
        f"{'' if one.finding is None else inline(_call(one.finding))} |"
        for one in found
    ]
    head = ["| change | guarantee | level | verdict | finding |", f"|{' --- |' * 5}"]
    table = ["", *head, *rows] if rows else []
    return "\n".join([f"### {cell(summary(old, new, found))}", *table]) + "\n"


def as_json(old: Report, new: Report, found: Changes) -> str:
    """`old` and `new` are the labels of the reports; a change of a guarantee has no finding."""
    named = dict(zip(("old", "new"), labels((old, new)), strict=True))
    changes = [
        {
            "change": one.change,
            "guarantee": one.guarantee,
            "level": one.level,
            "old": one.old,
            "new": one.new,
            "breaks": one.breaks,
            "finding": None if one.finding is None else encode(one.finding),
        }
        for one in found
    ]
    return json.dumps(named | {"changes": changes}, indent=1) + "\n"


FORMATS: Mapping[str, Callable[[Report, Report, Changes], str]] = {
    "terminal": as_text,
    "markdown": as_markdown,
    "json": as_json,
}


def summary(old: Report, new: Report, found: Changes) -> str:
    """Which reports, and how many guarantees and findings changed how."""
    first, second = labels((old, new))
    guarantees = Counter(one.change for one in found if one.finding is None)
    findings = Counter(one.change for one in found if one.finding is not None)
    said = [
        f"{counts[change]} {what}{'s' * (counts[change] != 1)} {change}"
        for what, counts in (("guarantee", guarantees), ("finding", findings))
        for change in Change
        if counts[change]
    ]
    return printable(f"{first} → {second}: {', '.join(said) or 'nothing changed'}")


def unlike(old: Report, new: Report) -> str:
    """In what the two runs differ that tries other cases; empty if in nothing."""
    parts = {
        "library": (old.header.claims.name, new.header.claims.name),
        "suite": (old.header.suite, new.header.suite),
        "budget": (old.header.budget, new.header.budget),
        "seed": (str(old.header.seed), str(new.header.seed)),
        "--only": (" ".join(old.header.only) or "all", " ".join(new.header.only) or "all"),
    }
    return printable(", ".join(f"{name} {a} and {b}" for name, (a, b) in parts.items() if a != b))


def _lines(new: Report, found: Changes) -> Iterator[str]:
    said = None
    for one in found:
        if one.finding is None or one.guarantee != said:
            change = one.change if one.finding is None else "broken as before"
            yield printable(
                f"{change:8} {one.guarantee} ({one.level}): {one.old}"
                + (f" → {one.new}" if one.new != one.old else "")
            )
            said = one.guarantee
        if one.finding is not None:
            call, *others = one.finding.call.splitlines() or [""]
            yield printable(f"  {one.change:8} {call.strip()}")
            yield from (printable(f"           {line}") for line in others)
            yield f"           {printable(one.finding.seen)}"
            if one.change in (Change.BROKEN, Change.NEW):
                again = ReplayId(new.header.named or UNNAMED, one.guarantee, one.finding.case)
                yield f"           tensorpact replay {again}"


def _call(finding: Finding) -> str:
    return " ".join(line.strip() for line in finding.call.splitlines())
