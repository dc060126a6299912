"""Failing cases become findings, one a cause: a manner of failing, in one region of the axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial, reduce
from typing import Any

from tensorpact.cases.region import Chart, Point, either, explained
from tensorpact.reports.manner import manner
from tensorpact.reports.model import Finding
from tensorpact.runner.evidence import Evidence, kept_at
from tensorpact.runner.outcome import signature

_At = tuple[Point, Finding]


def by_cause(findings: Iterable[Finding], evidence: Sequence[Evidence]) -> tuple[Finding, ...]:
    """One finding for every region that explains where a guarantee is broken in one manner.

    Its example is the first failing case there. A finding that the evidence does not show stays
    as it is.
    """
    alike: defaultdict[tuple[Any, ...], list[_At]] = defaultdict(list)
    unseen = []
    for finding in findings:
        seen = list(_seen(finding, evidence))
        alike[manner(finding)] += seen
        unseen += [] if seen else [finding]
    charts = cache(partial(kept_at, evidence))
    causes = [
        cause for how, seen in alike.items() if seen for cause in _causes(seen, charts(how[0]))
    ]
    return (*causes, *unseen)


def without_doubles(findings: Iterable[Finding], evidence: Sequence[Evidence]) -> Iterator[Finding]:
    """Findings that shrank to one case are one, in a region that has those of all."""
    charts = cache(partial(kept_at, evidence))
    alike: defaultdict[object, list[Finding]] = defaultdict(list)
    for finding in findings:
        alike[finding.guarantee, finding.case, finding.known, finding.verdict].append(finding)
    for group in alike.values():
        first = max(group, key=lambda finding: finding.count)
        if len(group) > 1:
            where = reduce(either, (finding.where for finding in group))
            kept = 0 if where is None else charts(first.guarantee).inside(where)
            count = sum(finding.count for finding in group)
            first = replace(first, count=count, where=where, kept=kept)
        yield first


def _seen(finding: Finding, evidence: Sequence[Evidence]) -> Iterator[_At]:
    """The finding once for every point at which cases fail that it stands for."""
    ours = signature(finding)
    for part in evidence:
        for point, sighting in part.broken_at(ours):
            yield point, replace(finding, case=sighting.case, count=sighting.count)


def _causes(seen: Sequence[_At], kept: Chart) -> Iterator[Finding]:
    """Every failing case counts in the first region that has it.

    What is known of has an explanation in its file.
    """
    first = seen[0][1]
    if first.known:
        yield replace(first, count=sum(finding.count for _, finding in seen))
        return
    left = list(seen)
    for region in explained(list(dict.fromkeys(point for point, _ in seen)), kept):
        here = [finding for point, finding in left if region.has(point)]
        left = [(point, finding) for point, finding in left if not region.has(point)]
        if here:
            count = sum(finding.count for finding in here)
            yield replace(here[0], count=count, where=region, kept=kept.inside(region))
