"""The families of cases over DLPack exports that are made by hand, as twists have them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls, dtypes, layouts
from tensorpact.cases.draw import evenly, sampled
from tensorpact.cases.feasible import feasible
from tensorpact.cases.memory_families import (
    ALIGNMENTS,
    SHAPES,
    block,
    drawn,
    known_dtypes,
)
from tensorpact.cases.model import DLPACKS, Argument, Block, Case, call
from tensorpact.cases.twists import Outcome, named
from tensorpact.expectation import KIND_OF_EXPORTER

_HARMLESS = named(Outcome.TAKEN, Outcome.OPEN)
_USELESS = named(Outcome.REFUSED, Outcome.RAISED)


def importing(claims: Claims) -> list[tuple[str, str]]:
    """Each operation with the exporters that it is documented to take; from_dlpack with all."""
    return [
        (operation, exporter)
        for operation, exporter in product(sorted(claims.operations), DLPACKS)
        if operation == "from_dlpack" or claims.accepted(operation, KIND_OF_EXPORTER[exporter])
    ]


def twisted(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """What the protocol allows, with every argument, on blocks of every kind."""
    rows = [
        (operation, exporter, twist, chosen)
        for operation, exporter in importing(claims)
        for twist in _HARMLESS
        for chosen in calls.argument_product(operation, claims)
    ]
    for operation, exporter, twist, chosen in evenly(rows * 4, 2 * limit, random, _given):
        dtype = random.choice(claims.dtypes)
        made = drawn(random, claims, exporter=exporter, twist=twist, dtype=dtype,
                     foreign_order=False)  # fmt: skip
        if made is not None and not _traits(made) & claims.limits:
            yield Case(made, calls.resolved(operation, chosen, dtype, claims))


def _given(row: tuple[str, str, str, dict[str, Argument]]) -> tuple[str, ...]:
    return row[0], *row[3]


def plainly(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """The same without arguments, and what NumPy exports, in every layout, protected and not."""
    rows = product(importing(claims), ("", *_HARMLESS), layouts.NAMES, (False, True))
    for (operation, exporter), twist, layout, readonly in sampled(rows, 2 * limit, random):
        fixed = {"exporter": exporter, "twist": twist, "layout": layout, "readonly": readonly}
        dtype = random.choice(claims.dtypes)
        made = drawn(random, claims, **fixed, dtype=dtype, foreign_order=False)
        if made is not None and not _traits(made) & claims.limits:
            yield Case(made, call(operation))


def _traits(made: Block) -> frozenset[str]:
    """What of its layout a library may be unable to describe: a twist makes no difference then,
    and the other families try it without."""
    return layouts.traits(made.shape, layouts.byte_strides(made), dtypes.itemsize(made.dtype))


def every_dtype(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every dtype in every generation, those that NumPy cannot export, too."""
    for (operation, exporter), dtype, shape in product(
        importing(claims), known_dtypes(claims), SHAPES
    ):
        made = block(exporter=exporter, dtype=dtype, shape=shape, twist="plain")
        if feasible(made, claims):
            yield Case(made, call(operation))


def offsets(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every dtype at every alignment, said by the pointer or by the offset."""
    twists = ("plain", "pointer_256", "offset_8", "offset_64", "offset_item")
    rows = product(importing(claims), claims.dtypes, ALIGNMENTS, twists)
    for (operation, exporter), dtype, alignment, twist in sampled(rows, limit, random):
        shape = random.choice(((3,), (), (2, 3), (1,)))
        made = block(exporter=exporter, dtype=dtype, shape=shape, alignment=alignment, twist=twist)
        if feasible(made, claims):
            yield Case(made, call(operation))


def refused(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """What no consumer can know, and exporters that raise, with and without a copy."""
    return _plain_ones(_USELESS, claims, random)


def contradictory(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Fields that contradict each other; few and plain, as each may end its process."""
    del random, limit
    for (operation, exporter), twist in product(importing(claims), named(Outcome.DOUBTED)):
        made = block(exporter=exporter, shape=(2,), twist=twist)
        if feasible(made, claims):
            yield Case(made, call(operation))


def _plain_ones(twists: tuple[str, ...], claims: Claims, random: Random) -> Iterator[Case]:
    for (operation, exporter), twist in product(importing(claims), twists):
        copies: list[dict[str, Argument]] = [{}]
        if claims.takes(operation, "copy"):
            copies += [{"copy": True}, {"copy": False}]
        for chosen in copies:
            dtype = random.choice(claims.dtypes)
            made = block(exporter=exporter, dtype=dtype, shape=random.choice(SHAPES), twist=twist)
            for fitting in (made, block(exporter=exporter, twist=twist)):
                if feasible(fitting, claims):
                    yield Case(fitting, call(operation, **chosen))
                    break


FAMILIES = {
    "dlpack twists": twisted,
    "dlpack layouts": plainly,
    "dlpack dtypes": every_dtype,
    "dlpack offsets": offsets,
    "dlpack refusals": refused,
    "dlpack contradictions": contradictory,
}
