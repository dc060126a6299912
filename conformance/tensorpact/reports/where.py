"""A region of the axes in words, as it stands on the card of a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tensorpact.cases.region import ABSENT, Condition, Region
from tensorpact.cases.twists import TWISTS

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
    whole = [_WORDS[axis, value] for value in values if (axis, value) in _WORDS]
    others = [_value(value) for value in values if (axis, value) not in _WORDS]
    listed = [having.format(_listed(others))] if others else []
    return " or ".join([*absent, *whole, *listed])


_WITH: Mapping[str, str] = {
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
    "alignment": "aligned to no more than {}",
    "content": "values: {}",
    "step": "a story with: {}",
}

_WITHOUT: Mapping[str, str] = {
    "exporter": "plain values",
    "container": "data with memory",
    "holds": "data with memory",
    "asked dtype": "no dtype asked for",
    "dtype": "plain values",
    "flag": "without flags",
    "schedule": "called once",
}

_WORDS: Mapping[tuple[str, str], str] = {
    ("exporter", "own"): "a tensor of the library itself",
    ("exporter", "ndarray"): "a NumPy array",
    ("exporter", "subclass"): "a subclass of ndarray",
    ("exporter", "memmap"): "np.memmap",
    ("exporter", "array_interface"): "an object with __array_interface__",
    ("exporter", "array_protocol"): "an object with __array__",
    ("exporter", "array_protocol_old"): "an object with __array__ that knows no copy=",
    ("exporter", "dlpack"): "an object with __dlpack__",
    ("exporter", "dlpack_old"): "an object with __dlpack__ before 1.0",
    ("exporter", "dlpack_ignores_copy"): "an object with __dlpack__ that ignores copy=",
    ("exporter", "capsule"): "a DLPack capsule",
    ("holds", "nothing"): "empty",
    ("source device", "host"): "on the host",
    ("flag", "lazy conjugate"): "with a pending conjugation",
    ("flag", "lazy negative"): "with a pending negation",
    ("flag", "grad leaf"): "that requires a gradient",
    ("flag", "grad history"): "with a gradient's history",
    **{("flag", f"twist {name}"): f"DLPack: {twist.text}" for name, twist in TWISTS.items()},
}
"""Values that the names of axes do not explain."""


def _value(value: str) -> str:
    kind, _, dtype = value.partition(":")
    return f"np.{dtype} scalars" if kind == "scalar" and dtype else value


def _listed(words: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(words))
    more = [f"{len(distinct) - _MOST} more"] if len(distinct) > _MOST else []
    return " or ".join([*distinct[:_MOST], *more])
