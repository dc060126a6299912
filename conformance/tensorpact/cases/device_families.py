"""The families of cases over devices: as source, as target in every spelling, as default."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls
from tensorpact.cases.draw import evenly
from tensorpact.cases.memory_families import drawn, states, suits
from tensorpact.cases.model import HOST_EXPORTERS, Argument, Case, State

BYTES = ("bytearray", "bytes", "mmap")
PLAIN_LAYOUTS = ("C", "C", "F", "offset", "gaps")
"""Layouts that every library can describe."""


def devices(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every device as source, own and foreign, and as target in every spelling."""
    foreign = sorted(claims.accelerators)
    sources = [("own", name) for name in claims.devices]
    sources += [("accelerated", name) for name in foreign]
    sources += [("ndarray", ""), ("array.array", ""), ("dlpack", ""), ("subclass", "")]
    rows = list(_placed(sources, [State()], claims))
    repeated = rows * max(1, limit // max(1, len(rows)))
    for row in evenly(repeated, limit, random, _kind):
        yield from _made(row, claims, random)


def default_devices(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every device as default in both forms, for every kind of source and every call."""
    defaults = [state for state in states(claims) if state.default_device]
    sources = [("own", name) for name in claims.devices]
    sources += [("accelerated", name) for name in sorted(claims.accelerators)]
    sources += [(exporter, "") for exporter in HOST_EXPORTERS]
    for row in evenly(_placed(sources, defaults, claims), limit, random, _kind):
        yield from _made(row, claims, random)


_Placed = tuple[str, tuple[str, str], State, dict[str, Argument]]
"""An operation, an exporter and its device, a state, arguments."""


def _kind(row: _Placed) -> tuple[str, ...]:
    """The operation, the kind of source, and which arguments are given: most calls have few."""
    operation, (exporter, _), _, chosen = row
    return operation, exporter, *chosen


def _placed(
    sources: list[tuple[str, str]], states: list[State], claims: Claims
) -> Iterator[_Placed]:
    for operation in sorted(claims.operations):
        choices = [*calls.argument_product(operation, claims), *_absent(operation, claims)]
        for source, state, chosen in product(sources, states, choices):
            if suits(operation, source[0]):
                yield operation, source, state, chosen


def _made(row: _Placed, claims: Claims, random: Random) -> Iterator[Case]:
    operation, (exporter, device), state, chosen = row
    had = ("uint8",) if exporter in BYTES else claims.dtypes_on(device or claims.host)
    made = drawn(
        random, claims, exporter=exporter, device=device, dtype=random.choice(had),
        readonly=exporter == "bytes", foreign_order=False, layout=random.choice(PLAIN_LAYOUTS),
    )  # fmt: skip
    if made is not None:
        yield Case(made, calls.resolved(operation, chosen, made.dtype, claims), state)


def _absent(operation: str, claims: Claims) -> list[dict[str, Argument]]:
    if not claims.takes(operation, "device"):
        return []
    return [{"device": f"{name}#0"} for name in absent_devices(claims)]


def absent_devices(claims: Claims) -> tuple[str, ...]:
    """Names of devices that do not exist: no such kind, no such index, no device at all.

    Only for devices with memory of their own: for others an index may mean nothing.
    """
    kinds = dict.fromkeys(name.partition(":")[0] for name in claims.accelerators if ":" in name)
    indices = (f"{kind}:{index}" for kind in sorted(kinds) for index in (2, 99))
    return ("nope", f"{claims.host}:x", "", *indices)


FAMILIES = {"devices": devices, "default devices": default_devices}
