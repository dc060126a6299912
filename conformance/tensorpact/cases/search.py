"""What Hypothesis searches: the open axes, which no list can exhaust.

Shapes, strides, bits, nestings, numbers, hostile objects at any place. The examples are drawn
first and judged like every other case, so that a run can be repeated and a crash resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hypothesis import given, seed
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tensorpact.backends.protocol import ALL, Claims
from tensorpact.cases import calls, dtypes, layouts
from tensorpact.cases.feasible import feasible
from tensorpact.cases.hermetic import drawing, hermetic
from tensorpact.cases.memory_families import CONTENTS, block, suits
from tensorpact.cases.memory_families import states as every_state
from tensorpact.cases.model import (
    DLPACKS,
    EXPORTERS,
    Argument,
    Block,
    Case,
    Leaf,
    Nest,
    Node,
    State,
    Values,
    call,
    py,
    scalar,
)
from tensorpact.cases.things import SEQUENCES, THINGS
from tensorpact.cases.twists import Outcome, named

_INGEST = frozenset({"as_tensor", "asarray", "tensor"})


@lru_cache(maxsize=64)
def examples(family: str, claims: Claims, count: int, run_seed: int) -> tuple[Case, ...]:
    """Up to `count` different cases; the same for the same claims and seed, in any process.

    None for a backend that has no operation which the family needs.
    """
    search = FAMILIES[family]
    if not search.operations & claims.operations:
        return ()
    found: dict[Case, None] = {}

    @seed(run_seed)
    @drawing(count)
    @given(search.strategy(claims))
    def collect(case: Case) -> None:
        found[case] = None

    with hermetic():
        collect()
    return tuple(found)


# --------------------------------------------------------------------------- blocks


@st.composite
def _shapes(draw: st.DrawFn) -> tuple[int, ...]:
    rank = draw(st.integers(0, 5))
    lengths = st.sampled_from((1, 2, 3, 0, 4, 5, 7)) if rank < 4 else st.integers(0, 2)
    return tuple(draw(lengths) for _ in range(rank))


@st.composite
def _strided(draw: st.DrawFn, shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Byte strides: a permutation of steps with gaps, signs, repeats, and odd bytes at times."""
    order = draw(st.permutations(range(len(shape))))
    strides, reach = [0] * len(shape), itemsize
    odd = draw(st.integers(0, 9)) == 0
    for axis in order:
        step = reach * draw(st.sampled_from((1, 1, 2, 3))) + (1 if odd else 0)
        strides[axis] = draw(st.sampled_from((1, 1, 1, -1, 0))) * step
        reach = max(reach, step * max(shape[axis], 1))
    return tuple(strides)


@st.composite
def _blocks(draw: st.DrawFn, claims: Claims) -> Block:
    dtype = draw(st.sampled_from(claims.dtypes))
    shape = draw(_SHAPES)
    exporter = draw(_EXPORTER)
    named = exporter in _UNSTRIDED or draw(st.booleans())
    strides = None if named else draw(_strided(shape, dtypes.itemsize(dtype)))
    bits = draw(st.integers(0, 2**16))
    return block(
        exporter=exporter,
        dtype=dtype,
        shape=shape,
        layout=draw(_LAYOUT) if named else "strides",
        strides=strides,
        alignment=draw(_ALIGNMENT),
        foreign_order=draw(_SELDOM),
        readonly=draw(_SELDOM),
        content=draw(st.sampled_from((*CONTENTS, f"bits:{bits}"))),
        twist=draw(_TWIST) if exporter in DLPACKS else "",
    )


_SHAPES = _shapes()
_EXPORTER = st.sampled_from(EXPORTERS)
_UNSTRIDED = ("own", "array.array", "bytearray", "bytes", "mmap")
_LAYOUT = st.sampled_from(layouts.NAMES)
_ALIGNMENT = st.sampled_from((64, 64, 16, 8, 4, 2, 1))
_SELDOM = st.sampled_from((False,) * 9 + (True,))
_TWIST = st.one_of(st.just(""), st.sampled_from(named(Outcome.TAKEN, Outcome.OPEN)))


def _feasible_blocks(claims: Claims) -> SearchStrategy[Block]:
    return _blocks(claims).filter(lambda made: feasible(made, claims))


def _block_cases(claims: Claims) -> SearchStrategy[Case]:
    choices = {o: calls.argument_product(o, claims) for o in sorted(claims.operations)}
    sources, states = _feasible_blocks(claims), st.sampled_from(every_state(claims))

    @st.composite
    def cases(draw: st.DrawFn) -> Case:
        made = draw(sources)
        fitting = [o for o in choices if suits(o, made.exporter)]
        operation = draw(st.sampled_from(fitting or list(choices)))
        chosen = draw(st.sampled_from(choices[operation]))
        return Case(made, calls.resolved(operation, chosen, made.dtype, claims), draw(states))

    return cases()


# --------------------------------------------------------------------------- values

_NUMBERS: SearchStrategy[Node] = st.one_of(
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.floats(width=16),
    st.complex_numbers(),
).map(py)
_SCALARS: SearchStrategy[Node] = st.builds(
    scalar,
    st.sampled_from([name for name in dtypes.STANDARD if name != "bool"]),
    st.integers(0, 100),
)
_LETTERS = "01.-+eExXnaif jé\u00bd\u0663\u4e2d\0\n\U0001f600"
"""What numbers are written with, and what is not. They are drawn one by one: a strategy for texts
has Hypothesis read its table of all characters, which takes up to a second."""
_TEXT: SearchStrategy[Node] = st.one_of(
    st.lists(st.sampled_from(_LETTERS), max_size=3).map("".join),
    st.binary(max_size=3),
    st.none(),
).map(py)
_THINGS: SearchStrategy[Node] = st.sampled_from([Leaf("thing", name) for name in THINGS])
_KINDS = st.sampled_from(("list", "list", "list", "tuple", *SEQUENCES))


def _nested(leaves: SearchStrategy[Node]) -> SearchStrategy[Node]:
    return st.recursive(
        leaves,
        lambda inner: st.builds(Nest, _KINDS, st.lists(inner, max_size=4).map(tuple)),
        max_leaves=12,
    )


@st.composite
def _regular(draw: st.DrawFn, leaves: SearchStrategy[Node]) -> Node:
    shape = draw(_SHAPES)
    kind = draw(st.sampled_from(("list", "tuple")))

    def nest(rest: tuple[int, ...]) -> Node:
        if not rest:
            return draw(leaves)
        return Nest(kind, tuple(nest(rest[1:]) for _ in range(rest[0])))

    return nest(shape[:3])


def _cases_over(
    roots: SearchStrategy[Node], operations: frozenset[str], claims: Claims
) -> SearchStrategy[Case]:
    """Calls with every argument on values that the strategy gives, in every state."""
    choices = [
        (operation, chosen)
        for operation in sorted(operations)
        for chosen in calls.argument_product(operation, claims)
    ]

    def made(root: Node, choice: tuple[str, dict[str, Argument]], dtype: str, state: State) -> Case:
        return Case(Values(root), calls.resolved(*choice, dtype, claims), state)

    return st.builds(
        made,
        roots,
        st.sampled_from(choices),
        st.sampled_from(claims.dtypes),
        st.sampled_from(every_state(claims)),
    )


def _number_cases(claims: Claims) -> SearchStrategy[Case]:
    leaves = (_NUMBERS, _SCALARS, _NUMBERS | _SCALARS)
    roots = st.one_of(*(_regular(kind) for kind in leaves), *(_nested(kind) for kind in leaves))
    return _cases_over(roots, claims.operations & _INGEST, claims)


def _hostile_cases(claims: Claims) -> SearchStrategy[Case]:
    return _cases_over(_nested(st.one_of(_THINGS, _TEXT, _NUMBERS)), claims.operations, claims)


def _stack_cases(claims: Claims) -> SearchStrategy[Case]:
    small = _feasible_blocks(claims).filter(lambda made: len(made.shape) < 4)
    roots = st.builds(lambda made, n: Nest("list", (made,) * n), small, st.integers(1, 3))
    return _cases_over(roots, claims.operations & _INGEST, claims)


@st.composite
def _bounds_cases(draw: st.DrawFn, claims: Claims) -> Case:
    size = draw(st.integers(1, 64))
    exporter = draw(st.sampled_from(("bytearray", "bytes", "mmap", "array.array")))
    near = st.integers(-2, size + 2)
    anything = st.one_of(near, near, st.integers(-(2**66), 2**66))
    made = block(exporter=exporter, dtype="uint8", shape=(size,), content="counting")
    dtype = draw(st.sampled_from(claims.dtypes))
    return Case(made, call("frombuffer", dtype=dtype, offset=draw(anything), count=draw(anything)))


@dataclass(frozen=True, slots=True)
class Search:
    """A strategy for a backend, and the operations of which it needs one."""

    strategy: Callable[[Claims], SearchStrategy[Case]]
    operations: frozenset[str] = ALL


FAMILIES: Mapping[str, Search] = {
    "memory": Search(_block_cases),
    "numbers": Search(_number_cases, _INGEST),
    "hostile": Search(_hostile_cases),
    "bounds": Search(_bounds_cases, frozenset({"frombuffer"})),
    "arrays in sequences": Search(_stack_cases, _INGEST),
}
