"""How often each value of each axis was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tensorpact.cases.axes import AXES
from tensorpact.reports.model import GuaranteeResult, Report

ByAxis = dict[str, dict[str, int]]


def by_axis(axes: Mapping[str, int]) -> ByAxis:
    """The counts of a result, under the name of the axis and then of the value, commonest first."""
    found: ByAxis = {}
    for name, count in sorted(axes.items(), key=lambda item: (-item[1], item[0])):
        axis, _, value = name.partition("=")
        found.setdefault(axis, {})[value] = count
    return {axis: found[axis] for axis in sorted(found, key=_rank)}


def tried(reports: Sequence[Report]) -> list[tuple[str, list[tuple[str, list[int]]]]]:
    """The judgements along each axis, at each of its values: one number a report.

    A case counts once for every guarantee that it tested.
    """
    totals = [_total(report.results) for report in reports]
    return [
        (axis, [(value, [total[f"{axis}={value}"] for total in totals]) for value in values])
        for axis, values in by_axis(sum(totals, Counter[str]())).items()
    ]


def _total(results: Sequence[GuaranteeResult]) -> Counter[str]:
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.axes)
    return total


def _rank(axis: str) -> tuple[int, str]:
    return (AXES.index(axis) if axis in AXES else len(AXES), axis)
