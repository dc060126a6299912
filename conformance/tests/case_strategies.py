"""Hypothesis strategies for cases: any node, any case, whether or not it can be built."""

from __future__ import annotations

from hypothesis import strategies as st

from tensorpact.cases import dtypes, layouts
from tensorpact.cases.model import EXPORTERS, Block, Case, Node, State, Values, call, py, scalar

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
NUMBERS = st.one_of(st.booleans(), st.integers(), st.floats(), st.complex_numbers())

BLOCKS = st.builds(
    Block,
    exporter=st.sampled_from(EXPORTERS),
    dtype=st.sampled_from([*dtypes.RAW, *dtypes.FOREIGN]),
    shape=SHAPES,
    layout=st.sampled_from(layouts.NAMES),
    strides=st.none() | SHAPES,
    alignment=st.sampled_from([0, 1, 8, 64]),
    readonly=st.booleans(),
)
_LEAVES: st.SearchStrategy[Node] = st.one_of(
    NUMBERS.map(py),
    st.text(max_size=3).map(py),
    st.binary(max_size=3).map(py),
    st.just(py(None)),
    st.builds(scalar, st.sampled_from(list(dtypes.STANDARD)), st.integers(0, 100)),
)
NODES = st.recursive(
    _LEAVES | BLOCKS, lambda inner: st.lists(inner, max_size=3).map(lambda items: py(items))
)
CALLS = st.builds(
    lambda operation, given: call(operation, **given),
    st.sampled_from(["as_tensor", "asarray", "from_dlpack"]),
    st.fixed_dictionaries(
        {},
        optional={
            "copy": st.sampled_from([None, True, False]),
            "dtype": st.sampled_from(list(dtypes.RAW)),
            "device": st.sampled_from(["cpu#0", "cpu#1"]),
        },
    ),
)
CASES = st.builds(
    Case,
    st.one_of(BLOCKS, NODES.map(Values)),
    CALLS,
    st.builds(State, default_real=st.sampled_from(["", "float64"])),
)
