"""One entry of a deviation file: from its TOML table to a `Deviation`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tensorpact.backends.protocol import ALL, KEYWORDS
from tensorpact.cases import layouts
from tensorpact.cases.axes import AXES, axes_of
from tensorpact.cases.checked import known, only
from tensorpact.cases.model import EXPORTERS, GIVE, STORY, Case
from tensorpact.cases.region import Condition, Region
from tensorpact.cases.short import case_of
from tensorpact.deviations.model import Deviation, Kind
from tensorpact.deviations.when import When, when
from tensorpact.guarantees import TABLE, unknown_guarantee
from tensorpact.guarantees.model import Level

FIELDS = ("guarantee", "kind", "reason", "issue", "when", "device", "axes", "witness")

KINDS = tuple(kind.value for kind in Kind)

ARGUMENT = "argument:"
_OF_EXPORTS = ("stream", "max_version", "dl_device", "copy", "dtype")
_ARGUMENTS = frozenset({*_OF_EXPORTS, "unknown"}).union(*KEYWORDS.values())
_NAMED = (*AXES, *(f"{ARGUMENT}{name}" for name in sorted(_ARGUMENTS)))

_VALUES: Mapping[str, tuple[str, ...]] = {
    "operation": (*sorted(ALL | GIVE), STORY),
    "exporter": (*EXPORTERS, "accelerated"),
    "layout": (*layouts.NAMES, "strides"),
}
"""The axes of which all values are known."""


def deviation_of(entry: Mapping[str, Any], always: When) -> Deviation:
    """The deviation in a table of a file, of which `always` is the condition of every entry.

    Raises ValueError that says in one sentence what is wrong.
    """
    only("deviation", entry, FIELDS)
    guarantee = _guarantee(_text(entry, "guarantee"))
    if "kind" not in entry:
        raise ValueError(f"it needs a kind: {', '.join(KINDS)}")
    kind = _text(entry, "kind")
    known("kind", kind, KINDS)
    region = region_of(entry.get("axes", {}))
    witness = tuple(_case(word, guarantee) for word in texts(entry, "witness"))
    if not witness:
        raise ValueError("it has no witness: give at least one case that shows it")
    for number, case in enumerate(witness, 1):
        _covers(region, case, number)
    device = _text(entry, "device", optional=True)
    return Deviation(
        guarantee,
        Kind(kind),
        _text(entry, "reason"),
        witness,
        region,
        _issue(_text(entry, "issue", optional=True)),
        always & when(texts(entry, "when"), device),
    )


def region_of(axes: object) -> Region:
    """The region that a table of axes describes. Raises ValueError for an unknown axis."""
    if not isinstance(axes, Mapping):
        raise ValueError('axes are no table: write them as { dtype = ["int8", "int16"] }')
    return Region(tuple(_condition(axis, values) for axis, values in axes.items()))


def _condition(axis: str, values: object) -> Condition:
    known("axis", axis, _NAMED)
    listed = values if isinstance(values, list) else [values]
    if not listed or not all(isinstance(value, bool | int | str) for value in listed):
        raise ValueError(f"axis {axis!r} needs a value, or a list of values")
    texts = tuple(map(str, listed))
    for value in texts:
        if axis in _VALUES and value != "-":
            known(f"value of {axis},", value, _VALUES[axis])
    return Condition(axis, texts)


def _guarantee(name: str) -> str:
    if name not in TABLE:
        raise ValueError(unknown_guarantee(name))
    if TABLE[name].level is Level.OBSERVE:
        raise ValueError(f"{name} is only observed, so that nothing can deviate from it")
    return name


def _case(word: str, guarantee: str) -> Case:
    """Of a word as `cases.short` makes it, or a whole replay id."""
    *ahead, short = word.rsplit("/", 2)
    if ahead and ahead[-1] != guarantee:
        raise ValueError(f"the witness {word!r} is about {ahead[-1]}, not about {guarantee}")
    try:
        return case_of(short)
    except ValueError as error:
        raise ValueError(f"the witness {word!r} cannot be read: {error}") from error


def _covers(region: Region, case: Case, number: int) -> None:
    point = axes_of(case)
    for condition in region.conditions:
        if not Region((condition,)).has(point):
            raise ValueError(
                f"witness {number} lies outside of the axes, which want {condition}: "
                f"it has {', '.join(point)}"
            )


def _issue(text: str) -> str:
    if text and not text.startswith(("https://", "http://")):
        raise ValueError(f"issue {text!r} is no address: it starts with https://")
    return text


def _text(entry: Mapping[str, Any], name: str, optional: bool = False) -> str:
    value = entry.get(name, "" if optional else None)
    if not isinstance(value, str) or not (optional or value.strip()):
        raise ValueError(f"it needs a {name}, a text" if not optional else f"{name} is no text")
    return value.strip()


def texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A text or a list of texts under this name; none where there is no such key."""
    value = entry.get(name, [])
    listed: Iterable[object] = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise ValueError(f"{name} is no list of texts")
    return tuple(text for text in listed if isinstance(text, str))
