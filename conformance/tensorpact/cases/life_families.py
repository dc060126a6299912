"""The families of cases about lifetimes: who keeps what alive, whatever the order of release."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, product
from random import Random
from typing import Any

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls, dtypes, layouts, memory_families, twists
from tensorpact.cases.device_families import absent_devices
from tensorpact.cases.draw import sampled
from tensorpact.cases.feasible import feasible
from tensorpact.cases.memory_families import known_dtypes, suits
from tensorpact.cases.model import (
    DLPACKS,
    HOST_EXPORTERS,
    Argument,
    Block,
    Case,
    Leaf,
    Nest,
    Source,
    State,
    Values,
    call,
    scalar,
)
from tensorpact.cases.schedules import CAPSULES, ORDERS
from tensorpact.cases.things import THINGS
from tensorpact.cases.twists import Outcome

SHAPES: tuple[tuple[int, ...], ...] = ((3,), (2, 3), (1,), (1, 3), (0,), (2, 0), (), (100,))
WIDE = (1 << 13,)
"""Elements of eight bytes whose memory shows in that of the process."""

LARGE = (3_000,)
"""More elements than what is small enough to be copied on the way."""

_CAN_COPY = {"as_tensor", "tensor", "asarray", "from_dlpack"}
_LAYOUTS = tuple(name for name in layouts.NAMES if not name.startswith("negative"))
"""Who keeps what alive does not hang on the direction of strides, which other families try."""

_EXPORTERS = ("own", *HOST_EXPORTERS)
_TWISTS = tuple(
    name
    for name in twists.named(Outcome.TAKEN, Outcome.OPEN, Outcome.REFUSED, Outcome.RAISED)
    if name not in ("no_deleter", "no_capsule")
)


def _call_arguments(operation: str, block: Block, claims: Claims) -> list[dict[str, Argument]]:
    """Plain, and what asks for a copy: by its name, another dtype, another device."""
    if operation == "frombuffer":
        return [{"dtype": block.dtype}]
    found: list[dict[str, Argument]] = [{}, {}]
    if claims.takes(operation, "copy"):
        found += [{"copy": True}, {"copy": False}, {"copy": None}]
    if claims.takes(operation, "dtype"):
        found.append({"dtype": calls.other_dtype(block.dtype, claims)})
    if claims.takes(operation, "device"):
        found += [{"device": f"{name}#0"} for name in claims.devices]
    return found


def _block(random: Random, claims: Claims, exporter: str, **fixed: Any) -> Block | None:
    """A feasible block of this exporter, plain in most respects; None where draws find none."""
    for turn in range(20):
        fields: dict[str, Any] = {
            "exporter": exporter,
            "dtype": random.choice(known_dtypes(claims)),
            "shape": random.choice(SHAPES),
            "layout": random.choice(_LAYOUTS) if random.random() < 0.3 and turn < 10 else "C",
            "readonly": random.random() < 0.1 and turn < 10,
        }
        if exporter in DLPACKS and random.random() < 0.8:
            fields["twist"] = random.choice(_TWISTS) if random.random() < 0.6 else "plain"
        if turn > 12:
            fields |= {"shape": (3,), "dtype": "uint8"}
        made = memory_families.block(**fields | fixed)
        if feasible(made, claims):
            return made
    return None


def _on_devices(random: Random, claims: Claims, exporter: str) -> dict[str, Any]:
    """Own tensors lie on every device that holds data."""
    places = [name for name in claims.devices if name not in claims.dataless]
    return {"device": random.choice(places)} if exporter == "own" and random.random() < 0.2 else {}


def releases(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every order of releasing the source, the result, and what was made out of it."""
    rows = [
        (operation, exporter, order)
        for operation, exporter in product(sorted(claims.operations), _EXPORTERS)
        if suits(operation, exporter)
        for order in ORDERS
    ]
    rows += [
        (way, "own", order)
        for way, order in product(sorted(claims.exports), ORDERS)
        if not ORDERS[order].takes
    ]
    of_each = [random.choice([row for row in rows if row[2] == order]) for order in ORDERS]
    more = sampled(rows * 2, max(limit * 3 // 5 - len(of_each), 0), random)
    for operation, exporter, order in (*of_each, *more):
        made = _block(random, claims, exporter, **_on_devices(random, claims, exporter))
        if made is None:
            continue
        if operation in claims.exports:
            yield Case(made, call(operation), schedule=order)
        else:
            chosen = random.choice(_call_arguments(operation, made, claims))
            yield Case(made, call(operation, **chosen), schedule=order)


def repetitions(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """The same call again and again: on everything that lends, accepted and refused."""
    states = (State(), State(warnings="error"), *memory_families.states(claims))
    rows = [
        (operation, exporter, schedule, state)
        for operation, exporter in product(sorted(claims.operations), _EXPORTERS)
        if exporter != "capsule"
        for schedule in ("repeated", "concurrent")
        for state in (states if schedule == "repeated" else (State(),))
    ]
    for operation, exporter, schedule, state in sampled(rows * 3, limit // 6, random):
        made = _block(random, claims, exporter, readonly=_locked(random, exporter, state))
        if made is None:
            continue
        chosen = _call_arguments(operation, made, claims)
        if schedule == "repeated":
            chosen += _contrary_arguments(operation, made, claims)
        yield Case(made, call(operation, **random.choice(chosen)), state, schedule)
    for operation, exporter in product(sorted(claims.operations), ("ndarray", "subclass")):
        locked = memory_families.block(exporter=exporter, shape=(3,), readonly=True)
        if suits(operation, exporter) and feasible(locked, claims):
            given = calls.needed(operation, locked.dtype)
            yield Case(locked, call(operation, **given), State(warnings="error"), "repeated")
    for source in sampled(_written_out(claims, random), limit // 20, random):
        for operation in sorted(claims.operations & {"as_tensor", "tensor", "asarray"}):
            yield Case(source, call(operation), schedule="repeated")


def _contrary_arguments(
    operation: str, block: Block, claims: Claims
) -> Iterator[dict[str, Argument]]:
    """What is refused after the input was looked at."""
    if claims.takes(operation, "device"):
        for name in absent_devices(claims)[:1]:
            yield {"device": f"{name}#0"}
    if claims.takes(operation, "copy") and claims.takes(operation, "dtype"):
        yield {"dtype": calls.other_dtype(block.dtype, claims), "copy": False}


def _locked(random: Random, exporter: str, state: State) -> bool:
    """Read-only memory is what most warnings are about."""
    return exporter == "bytes" or (
        bool(state.warnings) and exporter in ("ndarray", "subclass") and random.random() < 0.7
    )


def _written_out(claims: Claims, random: Random) -> list[Source]:
    """Sequences whose items are objects: array scalars, arrays, own tensors, things that raise.

    What changes while it is read is no longer the same at the next call, and is left out.
    """
    numbers = [Leaf("float", (0.1).hex()), Leaf("int", str(10**9)), Leaf("complex", "0x1p0 0x1p1")]
    scalars = [scalar(dtype, 1) for dtype in claims.dtypes if dtype not in ("bfloat16", "bool")]
    arrays = [Block("ndarray", "float32", shape) for shape in ((), (2,))]
    own = [Block("own", "float32", shape, alignment=0) for shape in ((), (2,))]
    items: list[Any] = [*numbers, *scalars, *arrays]
    items += own if "make" in claims.abilities else []
    steady = (
        name
        for name, each in sorted(THINGS.items())
        if each.raises or not (each.hostile or each.deep or each.iterator)
    )
    things = [Leaf("thing", name) for name in steady]
    nested = [Nest(kind, (item, item)) for item, kind in product(items, ("list", "tuple"))]
    mixed = [Nest("list", (item, Leaf("str", "a"))) for item in items]
    ragged = [Nest("list", (Nest("list", (item, item)), item)) for item in items]
    wrapped = [Nest("list", (thing,)) for thing in things]
    return [Values(each) for each in chain(items, things, nested, mixed, ragged, wrapped)
            if not isinstance(each, Block)]  # fmt: skip


def growth(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Large sources, again and again: what stays of them shows in the memory of the process."""
    wide = next((d for d in ("float64", "int64", "complex64") if d in claims.dtypes), None)
    if wide is None:
        return
    yield from sampled(_growing(claims, wide), max(limit // 20, 20), random)
    own = memory_families.block(exporter="own", dtype=wide, shape=WIDE)
    for way in sorted(claims.exports):
        if feasible(own, claims):
            yield Case(own, call(way), schedule="repeated")
            if way == "__dlpack__":
                yield Case(own, call(way), schedule="unconsumed")


def _growing(claims: Claims, wide: str) -> Iterator[Case]:
    for operation, exporter in product(sorted(claims.operations), ("ndarray", "own", "dlpack")):
        made = memory_families.block(exporter=exporter, dtype=wide, shape=WIDE)
        if not suits(operation, exporter) or not feasible(made, claims):
            continue
        for chosen in _call_arguments(operation, made, claims)[1:]:
            yield Case(made, call(operation, **chosen), schedule="repeated")


def resizings(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Everything that can be resized, by its own means, while it is shared; and the result."""
    del random, limit
    kinds = ("bytearray", "array.array", "mmap", "ndarray")
    for operation, exporter in product(sorted(claims.operations - {"tensor"}), kinds):
        if not suits(operation, exporter):
            continue
        for dtype, shape in product(("uint8", "float32", "int64"), ((3,), (100,))):
            made = memory_families.block(exporter=exporter, dtype=dtype, shape=shape)
            if dtype not in claims.dtypes or not feasible(made, claims):
                continue
            for given in _spans(operation, made):
                yield Case(made, call(operation, **given), schedule="resized")
                if "resize" in claims.abilities:
                    yield Case(made, call(operation, **given), schedule="result resized")


def _spans(operation: str, block: Block) -> list[dict[str, Argument]]:
    """All of the memory; of a buffer also a part in the middle of it."""
    if operation != "frombuffer":
        return [{}]
    whole: dict[str, Argument] = {"dtype": block.dtype}
    return [whole, whole | {"offset": dtypes.itemsize(block.dtype), "count": 1}]


def deletions(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Exports made by hand, whose deleters are counted: taken, refused, empty."""
    operations = sorted(claims.operations & {"as_tensor", "tensor", "asarray", "from_dlpack"})
    for plain in (True, False):
        names = ("plain", "null_when_empty") if plain else _TWISTS
        rows = product(
            operations, DLPACKS, names, ((3,), (0,)), ("source, result", "result, source")
        )
        for operation, exporter, twist, shape, order in sampled(rows, limit // 5, random):
            dtype = random.choice(known_dtypes(claims))
            made = memory_families.block(exporter=exporter, dtype=dtype, shape=shape, twist=twist)
            if feasible(made, claims):
                yield Case(made, call(operation), schedule=order)


def capsules(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Capsules that are consumed twice, and exports that are given back by foreign threads."""
    plain = ("plain", "legacy", "null_strides", "offset_8", "newer_minor")
    operations = sorted(claims.operations & {"as_tensor", "asarray", "from_dlpack"})
    for operation, exporter, twist in product(operations, ("dlpack", "capsule"), plain):
        for dtype in random.sample(known_dtypes(claims), min(2, len(claims.dtypes))):
            made = memory_families.block(exporter=exporter, dtype=dtype, shape=(3,), twist=twist)
            if feasible(made, claims):
                yield Case(made, call(operation), schedule="consumed twice")
    for operation, last in product(sorted(claims.operations - {"tensor"}), CAPSULES):
        made = memory_families.block(dtype="uint8", shape=(8,))
        if suits(operation, "ndarray") and feasible(made, claims):
            given = calls.needed(operation, "uint8")
            yield Case(made, call(operation, **given), schedule=f"source, result, {last}")
    for operation in sorted(claims.operations - {"tensor"}):
        for exporter in ("ndarray", "dlpack", "bytearray"):
            made = memory_families.block(exporter=exporter, dtype="uint8", shape=(8,))
            if suits(operation, exporter) and feasible(made, claims):
                given = calls.needed(operation, "uint8")
                yield Case(made, call(operation, **given), schedule="deleted without the GIL")


def exits(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """A process that ends while results are alive; few, as each starts a process."""
    rows = [
        (operation, exporter)
        for operation, exporter in product(
            sorted(claims.operations - {"frombuffer"}), ("ndarray", "dlpack", "own")
        )
        if suits(operation, exporter)
    ]
    for operation, exporter in sampled(rows, 3, random):
        twist = "plain" if exporter == "dlpack" else ""
        made = memory_families.block(exporter=exporter, dtype="uint8", shape=(8,), twist=twist)
        if feasible(made, claims):
            yield Case(made, call(operation), schedule="kept at exit")


def overwritings(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """What copies memory, whose source is written to before anything looks at the result."""
    rows = [
        (operation, exporter)
        for operation, exporter in product(sorted(claims.operations & _CAN_COPY), _EXPORTERS)
        if suits(operation, exporter) and exporter not in ("bytes", "capsule")
    ]
    rows = sampled(rows * 20, limit // 3, random)
    for number, (operation, exporter) in enumerate(rows):
        shape = LARGE if number % 3 == 0 else random.choice([s for s in SHAPES if 0 not in s])
        fixed = {"shape": shape, "readonly": False, **_on_devices(random, claims, exporter)}
        made = _block(random, claims, exporter, **fixed)
        ways = [] if made is None else _copying(operation, made, claims)
        if made is not None and ways and made.layout != "broadcast":
            yield Case(made, call(operation, **random.choice(ways)), schedule="overwritten")


def _copying(operation: str, block: Block, claims: Claims) -> list[dict[str, Argument]]:
    """The arguments that make for a copy; tensor() needs none."""
    given = _call_arguments(operation, block, claims)
    if operation == "tensor":
        return given
    return [a for a in given if a.get("copy") or a.keys() & {"dtype", "device"}]


FAMILIES = {
    "releases": releases,
    "repetitions": repetitions,
    "growth": growth,
    "resizings": resizings,
    "deletions": deletions,
    "capsules": capsules,
    "exits": exits,
    "overwritings": overwritings,
}
