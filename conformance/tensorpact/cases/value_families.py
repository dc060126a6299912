"""The families of cases over data that is written out: scalars, sequences, and no data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement, permutations, product
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls, dtypes
from tensorpact.cases.device_families import absent_devices
from tensorpact.cases.draw import sampled
from tensorpact.cases.feasible import feasible
from tensorpact.cases.memory_families import block, states
from tensorpact.cases.model import Argument, Case, Leaf, Nest, Node, State, Values, call, py, scalar
from tensorpact.cases.things import THINGS

_INGEST = {"as_tensor", "tensor", "asarray"}

INTS = tuple(
    sorted(
        {0, 1, 2, 300, -1, 10**20, -(10**20), 10**400, 2**24 + 1, 2**53 + 1}
        | {2**bits + step for bits in (7, 8, 15, 16, 31, 32, 63, 64) for step in (-1, 0, 1)}
        | {-(2**bits) + step for bits in (7, 15, 31, 63) for step in (-1, 0)}
    )
)
FLOATS = (
    0.0, -0.0, 0.5, 1.5, -1.5, 0.1, 1e-3, 255.9, -0.9, 300.5, 1e5, 65504.0, 65519.999, 65520.0,
    1e30, -1e30, 1e39, 3.4028235677973366e38, 3.4028234e38, 1e-45, 7e-46,
    1e-320, 5e-324, 2.0**24 + 1,
    1 + 2.0**-24, 1 + 2.0**-24 + 2.0**-50, 1 + 2.0**-11, 1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-8,
    1 + 2.0**-8 + 2.0**-30, 2.0**-25, 2.0**-25 + 2.0**-60, 2.0**-134, 2.0**-150, 2.0**63, 2.0**64,
    -(2.0**63), 2.0**31, math.inf, -math.inf, math.nan, 1.7976931348623157e308,
    -1e5, -65520.0, -1e39, -1.7976931348623157e308,
)  # fmt: skip
"""Ties and near-ties of every format's rounding, the ends of every range, and beyond."""

COMPLEX = (1j, 1 + 2j, complex(-0.0, 0.0), complex(math.nan, 1.0), complex(1.5, -math.inf), 1e30j)


def _containers(leaf: Node) -> tuple[Node, ...]:
    return (
        leaf,
        Nest("list", (leaf,)),
        Nest("tuple", (leaf,)),
        Nest("list", (Nest("list", (leaf,)), Nest("list", (leaf,)))),
    )


def _ingests(claims: Claims) -> list[str]:
    return sorted(claims.operations & _INGEST)


def scalars(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every number of interest, in every container, to every dtype and to none."""
    numbers = (True, False, *INTS, *FLOATS, *COMPLEX)
    rows = product(_ingests(claims), numbers, (None, *claims.dtypes))
    for operation, number, dtype in sampled(rows, limit, random):
        given: dict[str, Argument] = {} if dtype is None else {"dtype": dtype}
        for root in _containers(py(number)):
            yield Case(Values(root), call(operation, **given))


def array_scalars(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """NumPy scalars of every dtype, alone, in sequences, and in every state."""
    names = [d for d in (*dtypes.STANDARD, "longdouble") if d != "bfloat16"]
    targets = (None, *claims.dtypes)
    for operation, name, dtype in product(_ingests(claims), names, targets):
        number = 3 if name != "bool" else True
        for root in _containers(scalar(name, number)):
            given: dict[str, Argument] = {} if dtype is None else {"dtype": dtype}
            for state in states(claims) if dtype is None else [State()]:
                yield Case(Values(root), call(operation, **given), state)


def inference(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Sequences of up to three kinds in every order, in every state."""
    python: list[Node] = [py(True), py(2), py(2**70), py(2.5), py(1.5 - 2j)]
    for operation, state in product(_ingests(claims), states(claims)):
        for length in (0, 1, 2, 3):
            for chosen in combinations_with_replacement(python, length):
                for order in sorted(set(permutations(range(length)))):
                    items = tuple(chosen[i] for i in order)
                    yield from _arranged(operation, items, state, random)


def _arranged(
    operation: str, items: tuple[Node, ...], state: State, random: Random
) -> Iterator[Case]:
    yield Case(Values(Nest("list", items)), call(operation), state)
    kind = random.choice(("tuple", "UserList", "deque", "Sequence"))
    yield Case(Values(Nest(kind, items)), call(operation), state)
    if len(items) == 2:
        nested = Nest("list", tuple(Nest("list", (item,)) for item in items))
        yield Case(Values(nested), call(operation), state)


def mixtures(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Sequences of dtyped scalars, of two dtypes, and of dtyped and Python scalars."""
    dtyped: list[Node] = [scalar(d, 3 if d != "bool" else True) for d in dtypes.STANDARD]
    python: list[Node] = [py(True), py(2), py(2.5), py(1j)]
    for operation in _ingests(claims):
        for one, two in product(dtyped, [*dtyped, *python]):
            for items in dict.fromkeys(((one, two), (two, one), (one, two, one))):
                yield Case(Values(Nest("list", items)), call(operation))


def _regular(shape: tuple[int, ...], random: Random, kind: str = "list") -> Node:
    if not shape:
        return py(float(random.randrange(100)))
    return Nest(kind, tuple(_regular(shape[1:], random, kind) for _ in range(shape[0])))


_LONG = 100
"""Longer sequences are tried as lists alone: each takes as long as a hundred others."""

NESTED_SHAPES: tuple[tuple[int, ...], ...] = (
    (1,), (5,), (2, 3), (3, 1, 2), (2, 2, 2, 2), (0,), (1, 0), (2, 0), (2, 0, 0), (0, 0), (3, 2, 0),
    (1,) * 8, (64,), (200,), (1500,), (1, 1, 0),
)  # fmt: skip


def nesting(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Regular nestings of lists, tuples and other sequences, empty levels included."""
    kinds = ("list", "tuple", "UserList", "deque", "Sequence")
    for operation, shape, kind in product(_ingests(claims), NESTED_SHAPES, kinds):
        if max(shape) > _LONG and kind != "list":
            continue
        root = _regular(shape, random, kind)
        for chosen in calls.argument_product(operation, claims):
            if random.random() < 0.2 or not chosen:
                yield Case(Values(root), calls.resolved(operation, chosen, "float32", claims))


def _at(path: tuple[int, ...], root: Node, change: Node) -> Node:
    """The nesting with the node at the path replaced."""
    if not path:
        return change
    assert isinstance(root, Nest)
    items = list(root.items)
    items[path[0]] = _at(path[1:], items[path[0]], change)
    return Nest(root.kind, tuple(items))


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for depth in range(1, len(shape) + 1):
        yield from product(*(range(n) for n in shape[:depth]))


def ragged(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Regular nestings with one irregularity, at every place, on every device."""
    devices: list[dict[str, Argument]] = [{}]
    devices += [{"device": f"{name}#0"} for name in claims.devices]
    changes = (py([]), py(7.0), py([7.0]), py([7.0, 7.0, 7.0]), py([[7.0]]), py([[], []]))
    for operation, shape in product(_ingests(claims), ((2,), (3,), (2, 2), (2, 0), (2, 1, 2))):
        regular = _regular(shape, random)
        for path, change in product(_places(shape), changes):
            broken = _at(path, regular, change)
            for given in devices:
                yield Case(Values(broken), call(operation, **given))
            if random.random() < 0.4:
                yield Case(Values(broken), call(operation, dtype=claims.defaults.integer))


def stacks(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Sequences of arrays and of own tensors: equal shapes, 0-d, empty, and unequal ones."""
    shape_lists: tuple[tuple[tuple[int, ...], ...], ...] = (
        ((3,),), ((3,), (3,)), ((), ()), ((),), ((2, 3), (2, 3)), ((0,), (0,)), ((1,), (1,)),
        ((3,), (2,)), ((3,), (1,)), ((2, 3), (3,)), ((), (1,)), ((3,), (0,)), ((0,), (3,)),
    )  # fmt: skip
    exporters = ("ndarray", "own", "array.array", "memoryview", "subclass")
    for operation, shapes, exporter in product(_ingests(claims), shape_lists, exporters):
        for dtype in claims.dtypes:
            blocks = [
                block(exporter=exporter, dtype=dtype, shape=shape, content=content)
                for shape, content in zip(shapes, ("counting", "limits"), strict=False)
            ]
            if all(feasible(b, claims) for b in blocks):
                for chosen in ({}, {"copy": True}) if claims.takes(operation, "copy") else ({},):
                    yield Case(Values(Nest("list", tuple(blocks))), call(operation, **chosen))


TEXTS = (py("abc"), py("1"), py(""), py("3.5"), py(b"ab"), py(b""), py(None))


def texts(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Text and None, alone and at every place of a sequence, with and without arguments."""
    yield from _odd(TEXTS, claims, random)


def things(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """What else is no data, alone and at every place of a sequence."""
    names = [name for name, t in THINGS.items() if not (t.hostile or t.data)]
    yield from _odd([Leaf("thing", name) for name in names], claims, random)


def odd_data(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Data of kinds that no document speaks of, alone and at every place of a sequence."""
    names = [name for name, t in THINGS.items() if t.data and not t.hostile]
    yield from _odd([Leaf("thing", name) for name in names], claims, random)


def _odd(nodes: Sequence[Node], claims: Claims, random: Random) -> Iterator[Case]:
    one = py(1.0)
    kinds = [name for name in ("float32", "int64", "bool", "complex64") if name in claims.dtypes]
    for operation in sorted(claims.operations):
        choices = calls.argument_product(operation, claims)
        for node in nodes:
            roots: tuple[Node, ...] = (
                node,
                Nest("list", (node,)),
                Nest("list", (one, node)),
                Nest("tuple", (node, one)),
                py([[node], [one]]),
            )
            for root, chosen in product(roots, choices):
                if not chosen or random.random() < 0.12 or chosen in ({"dtype": "other"},):
                    given = calls.resolved(operation, chosen, random.choice(kinds), claims)
                    yield Case(Values(root), given)


def hostile(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Each hostile thing, alone and in lists, to a dtype of every kind: each converts its way."""
    del random, limit
    wanted: list[str | None] = [None, *("float32", "int64", "bool", "complex64", "float64")]
    one = py(1.0)
    for name in [name for name, thing in THINGS.items() if thing.hostile]:
        leaf = Leaf("thing", name)
        for operation, dtype in product(sorted(claims.operations), wanted):
            if dtype is not None and not _may_be_given(dtype, operation, claims):
                continue
            given: dict[str, Argument] = {} if dtype is None else {"dtype": dtype}
            yield Case(Values(leaf), call(operation, **given))
            if operation in _INGEST:
                for items in ((leaf,), (one, leaf)):
                    yield Case(Values(Nest("list", items)), call(operation, **given))
            if claims.takes(operation, "copy") and dtype is None:
                for copy in (True, False):
                    yield Case(Values(leaf), call(operation, copy=copy))


def _may_be_given(dtype: str, operation: str, claims: Claims) -> bool:
    return dtype in claims.dtypes and claims.takes(operation, "dtype")


def keywords(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Unknown keywords, other things than dtypes as dtype, devices that do not exist."""
    source = Values(py([1.0, 2.0]))
    for operation in sorted(claims.operations):
        for data in (source, block(exporter="ndarray"), block(exporter="bytearray", dtype="uint8",
                                                              shape=(8,))):  # fmt: skip
            base = calls.needed(operation, "uint8")
            yield Case(data, call(operation, **base, unknown=1))
        if claims.takes(operation, "dtype") and operation != "frombuffer":
            for name in ("float", "int", "bool", "complex", "numpy", "str"):
                yield Case(source, call(operation, dtype=f"python:{name}"))
        if claims.takes(operation, "device"):
            for name in (*absent_devices(claims), f"{claims.host}:", "cpu cpu", "cpu:-1"):
                yield Case(source, call(operation, device=f"{name}#0"))


def values_on_devices(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Plain values on every device in every spelling, under every default device."""
    roots = (
        py(1.5), py([1.5, 2.0]), py([]), py([[1], [2]]), scalar("float32", 1.5), py(True),
        py([2**40, 1]), py(1j),
    )  # fmt: skip
    placed = [s for s in states(claims) if not s.default_real]
    for operation, root, state in product(_ingests(claims), roots, placed):
        for chosen in calls.argument_product(operation, claims):
            yield Case(Values(root), calls.resolved(operation, chosen, "float32", claims), state)


def outliers(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Long sequences in which one element differs, at the end, in the middle, or nested."""
    odd: tuple[Node, ...] = (
        py(2.5), py(1j), py(math.nan), py(2**40 + 1), py(-1), py(300), py(2**63), py(-0.0),
        py(None), py("1"), py([1]), py([]), py(True), scalar("float32", 1.5),
    )  # fmt: skip
    for operation, node, length in product(_ingests(claims), odd, (4, 8, 20)):
        for place in (length - 1, length // 2):
            root = _with_one(node, place, length)
            nested = Nest("list", (_with_one(py(1), 0, length), root))
            for chosen in (None, *random.sample(claims.dtypes, min(3, len(claims.dtypes)))):
                given: dict[str, Argument] = {} if chosen is None else {"dtype": chosen}
                yield Case(Values(root), call(operation, **given))
                yield Case(Values(nested), call(operation, **given))
    for operation, node, length in product(_ingests(claims), odd[:3], (70, 300, 1500)):
        yield Case(Values(_with_one(node, length - 1, length)), call(operation))


def _with_one(node: Node, place: int, length: int) -> Nest:
    """A list of ones with another element in one place."""
    items: list[Node] = [py(1)] * length
    items[place] = node
    return Nest("list", tuple(items))


def wishes_for_gradients(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """requires_grad on plain values and on buffers."""
    roots = (py(1.5), py([1.5, 2.0]), py([1, 2]), py([True]), py([1j]), py([]))
    for operation in _ingests(claims):
        if claims.takes(operation, "requires_grad"):
            for root, wish, dtype in product(roots, (True, False), (None, *claims.dtypes)):
                given: dict[str, Argument] = {} if dtype is None else {"dtype": dtype}
                yield Case(Values(root), call(operation, requires_grad=wish, **given))
    if claims.takes("frombuffer", "requires_grad"):
        source = block(exporter="bytearray", dtype="uint8", shape=(16,))
        for dtype, wish in product(claims.dtypes, (True, False)):
            yield Case(source, call("frombuffer", dtype=dtype, requires_grad=wish))


FAMILIES = {
    "outliers": outliers,
    "wishes for gradients": wishes_for_gradients,
    "scalars": scalars,
    "array scalars": array_scalars,
    "inference": inference,
    "mixtures": mixtures,
    "nesting": nesting,
    "ragged": ragged,
    "stacks": stacks,
    "texts": texts,
    "things": things,
    "odd data": odd_data,
    "hostile": hostile,
    "keywords": keywords,
    "values on devices": values_on_devices,
}
