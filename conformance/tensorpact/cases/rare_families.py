"""The families of cases over sources that only one guarantee asks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls
from tensorpact.cases.build import OVER_ARRAYS, UNTOUCHED
from tensorpact.cases.memory_families import suits
from tensorpact.cases.model import Argument, Block, Case, Nest, Values, call

MANY = (1 << 20,)
"""Elements that fill hundreds of pages at any width."""


def untouched(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Memory that no page of exists yet, from everything that can lend it without a look."""
    del random, limit
    dtypes = [d for d in ("float32", "int64", "uint8") if d in claims.dtypes]
    for operation in sorted(claims.operations - {"tensor"}):
        for exporter in sorted(OVER_ARRAYS):
            if not suits(operation, exporter):
                continue
            for dtype in dtypes:
                given: dict[str, Argument] = {"dtype": dtype} if operation == "frombuffer" else {}
                made = Block(exporter, dtype, MANY, content=UNTOUCHED)
                yield Case(made, call(operation, **given))
                if claims.takes(operation, "copy"):
                    yield Case(made, call(operation, **given, copy=False))


def accelerated(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Arrays of another library on each accelerator, given to what ingests anything."""
    del random, limit
    if "make" not in claims.abilities:
        return
    places = [name for name in claims.devices if name in claims.unaddressable - claims.dataless]
    for operation in sorted(claims.operations & {"as_tensor", "tensor", "asarray"}):
        for device in places:
            for chosen in calls.argument_product(operation, claims):
                made = Block("accelerated", "float32", (3,), alignment=0, device=device)
                yield Case(made, calls.resolved(operation, chosen, "float32", claims))


def tracked(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Sequences of tensors that autograd tracks."""
    del random, limit
    if "grad" not in claims.abilities or "make" not in claims.abilities:
        return
    for operation in sorted(claims.operations & {"as_tensor", "tensor", "asarray"}):
        for shape, state in product(((), (1,), (3,)), ("leaf", "history")):
            made = Block("own", "float32", shape, alignment=0, grad=state)  # type: ignore[arg-type] # of the two
            for count in (1, 2):
                yield Case(Values(Nest("list", (made,) * count)), call(operation))


FAMILIES = {"untouched": untouched, "accelerated": accelerated, "tracked": tracked}
