"""What an adapter claims must make sense on its own: names, dtypes, devices and spellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from reftensor.rules import Defaults, kind_of
from tensorpact.backends.faults import calling, checked_claims
from tensorpact.backends.protocol import ALL, KEYWORDS, KINDS, Backend, Device
from tensorpact.cases import dtypes
from tensorpact.cases.model import GIVE

GRAD = ("require", "history", "requires", "has_history", "flows")
LAZY = ("conjugate", "negative")
EVERY_KIND = KINDS | {
    *("array_interface", "array_protocol", "capsule", "bytes", "accelerated"),
}
EVERY_KEYWORD = frozenset().union(*KEYWORDS.values())
FORMS = ("setting", "context")
LARGEST_ALIGNMENT = 2**21
"""A huge page, in bytes: who asks for more shares no memory that a program commonly has."""


def wrong_claims(backend: Backend) -> Iterator[str]:
    """One sentence for each claim that cannot be true.

    Raises AdapterFault for fields of another type than theirs and for unknown names.
    """
    checked_claims(backend)
    yield from _operations(backend)
    yield from _dtypes(backend)
    yield from _devices(backend)
    yield from _device_dtypes(backend)
    yield from _tables(backend)


def _operations(backend: Backend) -> Iterator[str]:
    if not backend.operations:
        yield "there are no operations, so that nothing can be judged"


def _dtypes(backend: Backend) -> Iterator[str]:
    if not backend.dtypes:
        yield "it has no dtypes: name those of the library in `dtypes`"
    for name in sorted(backend.dtypes.keys() - dtypes.RAW.keys()):
        yield f"{name!r} is no standard dtype; those are {', '.join(dtypes.RAW)}"
    for name in _without_default(backend.dtypes, backend.defaults):
        yield f"the default dtype {name!r} is not among the dtypes"
    with calling(backend.name, "a value of dtypes", "the key of a table"):
        counts = Counter(backend.dtypes.values())
    for native, _ in filter(lambda entry: entry[1] > 1, counts.items()):
        names = [name for name, other in backend.dtypes.items() if other == native]
        yield f"the dtypes {', '.join(names)} are one and the same {native!r}"


def _devices(backend: Backend) -> Iterator[str]:
    names = [device.name for device in backend.devices]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two devices are called {name!r}"
    owners: list[tuple[Any, Device]] = []
    for device in backend.devices:
        if not device.spellings:
            yield f"the device {device.name!r} has no spelling"
        for spelling in device.spellings:
            for other in (d for known, d in owners if known == spelling and d is not device):
                yield f"{spelling!r} spells both {other.name!r} and {device.name!r}"
            owners.append((spelling, device))


def _device_dtypes(backend: Backend) -> Iterator[str]:
    for device in backend.devices:
        had = set(backend.dtypes if device.dtypes is None else device.dtypes)
        unknown = sorted(had - backend.dtypes.keys())
        for name in unknown:
            yield f"the dtype {name!r} of the device {device.name!r} is not among the dtypes"
        defaults = device.defaults or backend.defaults
        if unknown or (device.dtypes is None and device.defaults is None):
            continue
        for name in _without_default(had, defaults):
            yield f"the device {device.name!r} lacks its default dtype {name!r}"


def _without_default(had: Collection[str], defaults: Defaults) -> list[str]:
    """The default dtypes that are missing, unless there is none of their kind at all."""
    named = {defaults.integer, defaults.real, defaults.complex}
    kinds = {kind_of(name) for name in dtypes.RAW.keys() & had}
    return sorted(n for n in named - {*had} if n not in dtypes.RAW or kind_of(n) in kinds)


def _tables(backend: Backend) -> Iterator[str]:
    for name, names in backend.authorities.items():
        yield from _unknown(f"authorities[{name!r}]", names, ALL | GIVE)
    for name, names in backend.keywords.items():
        yield from _unknown(f"keywords[{name!r}]", names, EVERY_KEYWORD)
    yield from _unknown("default_device", backend.default_device.keys(), frozenset(FORMS))
    alignment = backend.share_alignment
    if not 1 <= alignment <= LARGEST_ALIGNMENT or alignment.bit_count() != 1:
        yield f"share_alignment is {alignment}, no power of two from 1 to {LARGEST_ALIGNMENT}"
    for table in ("accepts", "keywords"):
        yield from _unknown(table, getattr(backend, table), ALL)
    for name, names in backend.accepts.items():
        yield from _unknown(f"accepts[{name!r}]", names, EVERY_KIND)
    for name in GRAD if backend.grad else ():
        if name not in backend.grad:
            yield f"grad lacks {name!r}; it has all of {', '.join(GRAD)} or is left out"
    for name in sorted(backend.lazy.keys() - set(LAZY)):
        yield f"the pending transform {name!r} is none of {', '.join(LAZY)}"


def _unknown(where: str, names: Collection[str], known: frozenset[str]) -> Iterator[str]:
    for name in sorted(set(names) - known):
        yield f"{where} names {name!r}, which is none of {', '.join(sorted(known))}"
