"""A region of the axes in words, as it stands on the card of a finding."""

from __future__ import annotations

from collections.abc import Sequence

from tensorpact.cases.region import ABSENT, Condition, Region

_MOST = 4
"""So many values of an axis are named."""

_CONDITIONS = 5
_TELLING = 8
"""A condition with more values than this says little."""


def in_words(region: Region) -> str:
    """The conditions, the most telling first: "asarray; copy=False; 0-d".

    One with many values says little, and is left out beside others; so is what comes late.
    """
    telling = [c for c in region.conditions if len(c.values) <= _TELLING] or region.conditions
    return "; ".join(map(_condition, telling[:_CONDITIONS]))


def _condition(condition: Condition) -> str:
    axis, values = condition.axis, [v for v in condition.values if v != ABSENT]
    start, _, argument = axis.partition(":")
    if start == "argument":
        without, having = f"no {argument}=", f"{argument}={{}}"
        values = [value.partition("#")[0] or "''" for value in values]
    else:
        without = _WITHOUT.get(axis, f"no {axis}")
        having = _WITH.get(axis, axis + " {}")
    absent = [without] if ABSENT in condition.values else []
    present = [having.format(_listed(values))] if values else []
    return " or ".join([*absent, *present])


_WITH = {
    "operation": "{}",
    "exporter": "{}",
    "container": "{}",
    "holds": "holding {}",
    "schedule": "{}",
    "asked dtype": "asked for {} dtype",
    "dtype": "of {}",
    "shape": "{}",
    "layout": "layout {}",
    "flag": "{}",
    "source device": "on {}",
    "alignment": "alignment {}",
    "content": "values: {}",
}

_WITHOUT = {
    "exporter": "plain values",
    "container": "data with memory",
    "holds": "data with memory",
    "asked dtype": "no dtype asked for",
    "dtype": "plain values",
    "flag": "without flags",
    "schedule": "called once",
}


def _listed(words: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(words))
    more = [f"{len(distinct) - _MOST} more"] if len(distinct) > _MOST else []
    return " or ".join([*distinct[:_MOST], *more])
