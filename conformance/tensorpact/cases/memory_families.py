"""The families of cases over data that has memory: arrays, buffers, exporters, own tensors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from random import Random
from typing import Any, Literal

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls, dtypes, layouts
from tensorpact.cases.covering import covering
from tensorpact.cases.draw import evenly, sampled
from tensorpact.cases.feasible import feasible
from tensorpact.cases.model import (
    EXPORTERS,
    Argument,
    Block,
    Call,
    Case,
    State,
    call,
)

SHAPES: tuple[tuple[int, ...], ...] = (
    (2, 3), (), (3,), (0,), (1,), (1, 3), (3, 1), (2, 0, 3), (2, 3, 4), (1, 2, 1, 3), (12,),
    (1, 0, 3),
)  # fmt: skip
SIZES = (1, 2, 7, 8, 10, 16, 63, 64, 65, 100, 255, 1000, 4096, 10_000)
LARGE = (65_537, 300_000)
"""Numbers of elements on both sides of the thresholds at which libraries change their ways."""

ALIGNMENTS = (64, 32, 16, 8, 4, 2, 1)
CONTENTS = ("counting", "limits", "specials", "payloads", "fractions", "wide")
CORE = ("float32", "int64", "bool", "complex64", "uint8", "float64")


def known_dtypes(claims: Claims) -> tuple[str, ...]:
    """The backend's dtypes, the ones met most often first."""
    return tuple(sorted(claims.dtypes, key=lambda d: CORE.index(d) if d in CORE else len(CORE)))


def block(**fields: Any) -> Block:
    """A block; own tensors and flat buffers leave their alignment to the allocator."""
    exporter = fields.get("exporter", "ndarray")
    if exporter in ("own", "accelerated", "array.array", "bytearray", "bytes", "mmap"):
        fields["alignment"] = 0
    if exporter == "bytes":
        fields["readonly"] = True
    return Block(**fields)


def suits(operation: str, exporter: str) -> bool:
    """Whether the operation is meant for the exporter; what is not is tried on its own."""
    if operation == "from_numpy":
        return exporter in ("ndarray", "subclass", "memmap")
    if operation == "frombuffer":
        return exporter in ("array.array", "bytearray", "bytes", "memoryview", "mmap", "ndarray")
    if operation == "from_dlpack":
        return exporter in ("own", "ndarray", "subclass", "dlpack", "dlpack_old",
                            "dlpack_ignores_copy", "capsule", "accelerated")  # fmt: skip
    return True


def states(claims: Claims) -> list[State]:
    """Every state that the backend has: each default alone, the default device in both forms."""
    found = [State()]
    if "default_real" in claims.abilities:
        others = [d for d in ("float64", "float32") if d in claims.dtypes]
        found += [State(default_real=d) for d in others if d != claims.defaults.real]
    for form in _FORMS:
        if f"default_device:{form}" in claims.abilities:
            found += [State(default_device=name, device_form=form) for name in claims.devices]
    return found


_FORMS: tuple[Literal["setting", "context"], ...] = ("setting", "context")


def _varied(random: Random, **fixed: Any) -> dict[str, Any]:
    """A block's remaining fields at random: plain in about half of the cases."""
    drawn: dict[str, Any] = {
        "shape": random.choice(SHAPES),
        "layout": random.choice(layouts.NAMES) if random.random() < 0.5 else "C",
        "alignment": random.choice(ALIGNMENTS) if random.random() < 0.4 else 64,
        "content": random.choice(CONTENTS) if random.random() < 0.4 else "counting",
        "readonly": random.random() < 0.15,
        "foreign_order": random.random() < 0.08,
    }
    return drawn | fixed


def drawn(random: Random, claims: Claims, **fixed: Any) -> Block | None:
    """A feasible block with the given fields; None when some dozens of draws find none.

    None at once where the fields alone rule out the plainest of blocks; a layout or a twist may
    need a shape of its own.
    """
    shaped = "layout" in fixed or "twist" in fixed
    if not shaped and not feasible(block(**{"shape": (3,), **fixed}), claims):
        return None
    for turn in range(40):
        fields = _varied(random, **fixed)
        if turn > 15:
            fields |= {"layout": "C", "foreign_order": False, "readonly": False} | fixed
        if turn > 25:
            fields |= {"shape": (3,)} | fixed
        made = block(**fields)
        if feasible(made, claims):
            return made
    return None


def arguments(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every argument product of every operation, on every exporter and dtype."""
    rows = [
        (operation, chosen, exporter, dtype)
        for operation in sorted(claims.operations)
        for chosen in calls.argument_product(operation, claims)
        for exporter in EXPORTERS
        for dtype in known_dtypes(claims)
        if suits(operation, exporter)
    ]
    for operation, chosen, exporter, dtype in evenly(rows, limit, random, _arguments_given):
        made = drawn(random, claims, exporter=exporter, dtype=dtype)
        if made is not None:
            yield Case(made, calls.resolved(operation, chosen, dtype, claims))


def _arguments_given(row: tuple[str, dict[str, Argument], str, str]) -> tuple[str, ...]:
    """Most combinations of arguments have many; most calls have few."""
    operation, chosen, _, _ = row
    return operation, *chosen


def _copies(operation: str, claims: Claims) -> list[dict[str, Argument]]:
    extra: list[dict[str, Argument]] = []
    if claims.takes(operation, "copy"):
        extra = [{"copy": True}, {"copy": False}]
    return [{}, *extra]


def layouts_and_shapes(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every layout of every shape, for each operation with and without copying."""
    exporters = ("ndarray", "own", "memoryview", "dlpack", "array_interface", "subclass", "memmap")
    rows = [
        (operation, layout, shape, exporter, chosen)
        for operation in sorted(claims.operations - {"frombuffer"})
        for layout, shape in product(layouts.NAMES, SHAPES)
        for exporter in exporters
        for chosen in _copies(operation, claims) * 2
        if suits(operation, exporter) and layouts.exists(layout, shape)
    ]
    for operation, layout, shape, exporter, chosen in sampled(rows, limit, random):
        dtype = random.choice(known_dtypes(claims))
        made = drawn(random, claims, exporter=exporter, layout=layout, shape=shape, dtype=dtype)
        if made is not None:
            yield Case(made, call(operation, **chosen))


def pairs(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every pair of values of any two axes stands together in some case."""
    operations = sorted(claims.operations)
    axes = {
        "operation": operations,
        "copy": (calls.UNSET, None, True, False),
        "dtype argument": (calls.UNSET, calls.SAME, calls.OTHER),
        "device": (calls.UNSET, *calls.spellings(claims)),
        "exporter": EXPORTERS,
        "dtype": known_dtypes(claims),
        "layout": layouts.NAMES,
        "shape": SHAPES,
        "alignment": ALIGNMENTS,
        "foreign order": (False, True),
        "read-only": (False, True),
        "content": CONTENTS,
        "state": states(claims),
    }
    possible = partial(_possible, claims=claims)
    for row in covering(axes, possible, f"{random.random()}"):
        yield _case_of(row, claims)


def _case_of(row: tuple[Any, ...], claims: Claims) -> Case:
    operation, copy, wanted, device, exporter, dtype, layout, shape = row[:8]
    alignment, foreign, readonly, content, state = row[8:]
    given = {"copy": copy, "dtype": wanted, "device": device}
    chosen = {name: value for name, value in given.items() if value != calls.UNSET}
    made = block(
        exporter=exporter, dtype=dtype, layout=layout, shape=shape, alignment=alignment,
        foreign_order=foreign, readonly=readonly, content=content,
    )  # fmt: skip
    return Case(made, calls.resolved(operation, chosen, dtype, claims), state)


def _possible(row: tuple[Any, ...], claims: Claims) -> bool:
    operation, copy, wanted, device, exporter = row[:5]
    if not suits(operation, exporter):
        return False
    if copy != calls.UNSET and not claims.takes(operation, "copy"):
        return False
    if wanted != calls.UNSET and not claims.takes(operation, "dtype"):
        return False
    if operation == "frombuffer" and wanted != calls.SAME:
        return False
    if device != calls.UNSET and not claims.takes(operation, "device"):
        return False
    source = _case_of(row, claims).block
    return source is not None and feasible(source, claims)


def conversions(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every dtype to every dtype, from arrays and own tensors, with each content."""
    operations = sorted(claims.operations & {"as_tensor", "tensor", "asarray"})
    rows = product(operations, claims.dtypes, claims.dtypes, CONTENTS, ("ndarray", "own"))
    for operation, source, target, content, exporter in sampled(rows, limit, random):
        made = block(exporter=exporter, dtype=source, content=content, shape=(8,))
        if feasible(made, claims):
            yield Case(made, call(operation, dtype=target))
        if exporter == "ndarray":
            swapped = block(dtype=source, content=content, shape=(2, 3), foreign_order=True)
            if feasible(swapped, claims):
                yield Case(swapped, call(operation, dtype=target))


def every_dtype(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every dtype that exists, the backend's, its aliases and the ones that it must refuse."""
    aliases = [f"code:{code}" for codes in dtypes.ALIASES.values() for code in codes]
    names = (*dtypes.RAW, *dtypes.FOREIGN, *aliases)
    for operation in sorted(claims.operations - {"frombuffer"}):
        for dtype, shape, exporter in product(names, SHAPES, ("ndarray", "subclass", "own")):
            made = block(exporter=exporter, dtype=dtype, shape=shape)
            if not feasible(made, claims) or not suits(operation, exporter):
                continue
            yield Case(made, call(operation))
            if claims.takes(operation, "dtype"):
                yield Case(made, call(operation, dtype=random.choice(claims.dtypes)))
            if claims.takes(operation, "copy"):
                yield Case(made, call(operation, copy=random.choice((True, False))))


def sizes(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Sizes on both sides of thresholds, with every alignment of the first element."""
    exporters = ("ndarray", "own", "dlpack", "memoryview", "array.array")
    known = known_dtypes(claims)
    for operation in sorted(claims.operations - {"frombuffer"}):
        suited = [e for e in exporters if suits(operation, e)]
        for size, alignment, exporter in product(SIZES, ALIGNMENTS, suited):
            some = random.sample(known, min(3, len(known)))
            for dtype, chosen in product(some, _copies(operation, claims)):
                shape = (size,) if random.random() < 0.7 else (1, size)
                made = block(exporter=exporter, dtype=dtype, shape=shape, alignment=alignment)
                if feasible(made, claims):
                    yield Case(made, call(operation, **chosen))
    yield from _large(claims, random)


def _large(claims: Claims, random: Random) -> Iterator[Case]:
    """A few large arrays, as they are and converted."""
    for operation in sorted(claims.operations - {"frombuffer"}):
        for size, exporter in product((*LARGE, *SIZES[-3:]), ("ndarray", "own")):
            dtype = random.choice(known_dtypes(claims))
            made = block(exporter=exporter, dtype=dtype, shape=(size,))
            if not feasible(made, claims) or not suits(operation, exporter):
                continue
            choices = _copies(operation, claims)
            if claims.takes(operation, "dtype"):
                choices = [*choices, {"dtype": calls.OTHER}]
            for chosen in choices:
                yield Case(made, calls.resolved(operation, chosen, dtype, claims))


def defaults(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every state, on arrays of every dtype: a default must not reach what carries its own."""
    operations = sorted(claims.operations - {"frombuffer"})
    exporters = ("ndarray", "own", "dlpack", "array.array")
    rows = product(operations, states(claims), claims.dtypes, exporters)
    for operation, state, dtype, exporter in sampled(rows, limit, random):
        for shape in ((), (3,), random.choice(SHAPES)):
            made = drawn(
                random, claims, exporter=exporter, dtype=dtype, shape=shape, foreign_order=False
            )
            if made is not None and suits(operation, exporter):
                yield Case(made, call(operation), state)


def buffers(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """frombuffer over every buffer and dtype, with offsets and counts inside and outside."""
    if "frombuffer" not in claims.operations:
        return
    steps: tuple[int, ...] = (0, 1, 2, 4, 8, 16, 23, 24, 25, -1, -8, 2**31, 2**62, 2**63, -(2**63))
    counts: tuple[int | None, ...] = (None, -1, 0, 1, 2, 3, 24, 25, -2, 2**31, 2**62, 2**63)
    kinds = ("bytearray", "bytes", "mmap", "array.array", "memoryview", "ndarray")
    for kind, dtype in product(kinds, claims.dtypes):
        made = block(exporter=kind, dtype="uint8", shape=(24,), content="counting")
        if not feasible(made, claims):
            continue
        for offset, count in product(steps, counts):
            if random.random() < 0.25 or (offset in (0, 8) and count in (None, 1)):
                yield Case(made, _frombuffer(dtype, offset, count))


def _frombuffer(dtype: str, offset: int, count: int | None) -> Call:
    given: dict[str, Argument] = {"dtype": dtype}
    if offset:
        given["offset"] = offset
    if count is not None:
        given["count"] = count
    return call("frombuffer", **given)


_INGEST_OR_BUFFER = {"as_tensor", "tensor", "asarray", "frombuffer"}


def typed_buffers(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Typed buffers of every dtype and layout, for every operation that takes data at large."""
    kinds = ("array.array", "memoryview", "bytearray", "bytes", "mmap", "ndarray")
    rows = [
        (operation, kind, dtype, readonly, chosen)
        for operation in sorted(claims.operations & _INGEST_OR_BUFFER)
        for kind, dtype, readonly in product(kinds, claims.dtypes, (False, True))
        for chosen in calls.argument_product(operation, claims)
    ]
    drawn_rows = evenly(rows, limit * 2, random, lambda row: (row[0], *row[4]))
    for operation, kind, dtype, readonly, chosen in drawn_rows:
        made = drawn(random, claims, exporter=kind, dtype=dtype, readonly=readonly)
        if made is not None:
            yield Case(made, calls.resolved(operation, chosen, dtype, claims))


def misfits(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Each exporter given to the operations that are not meant for it."""
    for operation, exporter in product(sorted(claims.operations), EXPORTERS):
        if suits(operation, exporter):
            continue
        for dtype in random.sample(known_dtypes(claims), min(3, len(claims.dtypes))):
            made = drawn(random, claims, exporter=exporter, dtype=dtype)
            if made is not None:
                given = calls.needed(operation, dtype)
                yield Case(made, call(operation, **given))


def autograd(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Tensors that require gradients, have a history, or a pending transform."""
    if "grad" not in claims.abilities and not any("lazy" in a for a in claims.abilities):
        return
    rows = [
        (operation, {**chosen, **extra}, tracked, dtype)
        for operation in sorted(claims.operations - {"frombuffer"})
        for chosen in calls.argument_product(operation, claims)
        for extra in _grads(operation, claims)
        for tracked, dtype in product(_TRACKED, claims.dtypes)
        if suits(operation, tracked[0])
    ]
    for operation, chosen, (exporter, grad, lazy), dtype in evenly(
        rows, 4 * limit, random, _tracking
    ):
        made = block(exporter=exporter, dtype=dtype, grad=grad, lazy=lazy, shape=(2, 3))
        if feasible(made, claims):
            yield Case(made, calls.resolved(operation, chosen, dtype, claims))


def _tracking(row: tuple[str, dict[str, Argument], tuple[str, str, str], str]) -> tuple[str, ...]:
    """The operation, what is tracked, and which arguments are given: most calls have few."""
    operation, chosen, tracked, _ = row
    return operation, *tracked, *chosen


_TRACKED = (
    ("own", "", ""), ("own", "leaf", ""), ("own", "history", ""), ("own", "", "conjugate"),
    ("own", "", "negative"), ("ndarray", "", ""),
)  # fmt: skip


def _grads(operation: str, claims: Claims) -> list[dict[str, Argument]]:
    if not claims.takes(operation, "requires_grad"):
        return [{}]
    return [{}, {"requires_grad": True}, {"requires_grad": False}]


FAMILIES = {
    "arguments": arguments,
    "layouts": layouts_and_shapes,
    "pairs": pairs,
    "conversions": conversions,
    "dtypes": every_dtype,
    "sizes": sizes,
    "defaults": defaults,
    "buffers": buffers,
    "typed buffers": typed_buffers,
    "misfits": misfits,
    "autograd": autograd,
}
