"""The families of cases over sources that only one guarantee asks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls
from tensorpact.cases.model import Block, Case, Nest, Values, call


def accelerated(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Arrays of another library on each accelerator, given to what takes them."""
    del random, limit
    if "make" not in claims.abilities:
        return
    places = sorted(claims.accelerators)
    for operation in sorted(claims.operations & {"as_tensor", "tensor", "asarray", "from_dlpack"}):
        for device in places:
            dtype = next(d for d in ("float32", *claims.dtypes) if d in claims.dtypes_on(device))
            for chosen in calls.argument_product(operation, claims):
                made = Block("accelerated", dtype, (3,), alignment=0, device=device)
                yield Case(made, calls.resolved(operation, chosen, dtype, claims))


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


FAMILIES = {"accelerated": accelerated, "tracked": tracked}
