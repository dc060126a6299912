"""Cases are values: they survive JSON, come to life as described, and read as code."""

from __future__ import annotations

import array
import mmap
from itertools import combinations, product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from case_strategies import CASES, SHAPES
from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.cases import contents, dtypes, exporters, layouts, plan
from tensorpact.cases.build import build
from tensorpact.cases.covering import covering
from tensorpact.cases.feasible import feasible, possible
from tensorpact.cases.live import Unbuildable
from tensorpact.cases.model import (
    HOST_EXPORTERS,
    Block,
    Case,
    Values,
    call,
    from_json,
    py,
    to_json,
)
from tensorpact.cases.shrink import shrink
from tensorpact.cases.spell import spell
from tensorpact.guarantees import select

CLAIMS = claims_of(backend)


@given(CASES)
def test_a_case_survives_json(case: Case) -> None:
    assert from_json(to_json(case)) == case


@pytest.mark.parametrize("data", [{}, {"source": {}}, {"source": {"block": {"x": 1}}, "call": {}}])
def test_what_is_no_case_is_named_so(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a case"):
        from_json(data)


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
@given(shape=SHAPES)
def test_a_recipe_makes_the_strides_that_its_layout_has(
    layout: str, shape: tuple[int, ...]
) -> None:
    if not layouts.exists(layout, shape) or 0 in shape:
        return
    recipe = layouts.LAYOUTS[layout](shape)
    made = np.empty(recipe.base, "f4")[recipe.index]
    made = made.transpose(recipe.axes) if recipe.axes else made
    made = np.broadcast_to(made, shape) if recipe.expand else made
    used = [n > 1 for n in shape]
    wanted = layouts.strides_of(layout, shape, 4)
    assert [s for s, u in zip(made.strides, used, strict=True) if u] == [
        s for s, u in zip(wanted, used, strict=True) if u
    ]


@given(shape=SHAPES)
def test_elements_that_share_bytes_are_known_to(shape: tuple[int, ...]) -> None:
    for layout in layouts.NAMES:
        if layouts.exists(layout, shape):
            strides = layouts.strides_of(layout, shape, 4)
            offsets = [
                sum(i * s for i, s in zip(index, strides, strict=True))
                for index in np.ndindex(shape)
            ]
            touching = any(abs(a - b) < 4 for a, b in combinations(offsets, 2))
            assert layouts.aliased(shape, strides, 4) == touching


BLOCKS = [
    block
    for exporter, dtype, layout, alignment in product(
        HOST_EXPORTERS, ("float32", "uint8"), layouts.NAMES, (0, 1, 64)
    )
    if feasible(block := Block(exporter, dtype, (3, 1, 2), layout, alignment=alignment), CLAIMS)
    or feasible(block := Block(exporter, dtype, (3,), layout, alignment=alignment), CLAIMS)
]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_live_source_is_what_the_block_says(block: Block) -> None:
    live = build(block, backend)
    assert live.get is not None
    assert live.address is not None
    if block.alignment:
        low_bit = live.address & -live.address
        assert min(low_bit, 64) == block.alignment
    if live.put is not None:
        count = len(live.get()) // dtypes.itemsize(block.dtype)
        live.put(contents.pattern(block.dtype, count, 1))
        assert live.aliased or live.get() == contents.pattern(block.dtype, count, 1)


@pytest.mark.parametrize("exporter", HOST_EXPORTERS)
def test_every_exporter_is_reached(exporter: str) -> None:
    assert any(block.exporter == exporter for block in BLOCKS) or exporter == "bytes"


def test_a_write_behind_a_memory_map_reaches_its_file() -> None:
    live = build(Block("memmap"), backend)
    assert live.get is not None
    live.obj[0, 0] = 7.0
    assert np.frombuffer(live.get(), "f4")[0] == 7.0


@pytest.mark.parametrize("dtype", ["bool", "int8", "bfloat16", "float16", "complex64"])
def test_successive_patterns_differ_at_every_element(dtype: str) -> None:
    size = dtypes.itemsize(dtype)
    previous = contents.pattern(dtype, 50, 0)
    for turn in (1, 2, 3):
        now = contents.pattern(dtype, 50, turn, previous)
        both = zip(previous, now, strict=True)
        same = np.array([a == b for a, b in both]).reshape(-1, size)
        assert not same.all(axis=1).any()
        previous = now


# --------------------------------------------------------------------------- plan

AXES = {"a": (1, 2, 3), "b": ("x", "y"), "c": (True, False), "d": tuple(range(5))}


def test_a_covering_array_has_every_possible_pair() -> None:
    def allowed(row: tuple[Any, ...]) -> bool:
        return not (row[0] == 1 and row[1] == "x")

    rows = covering(AXES, allowed, "seed")
    values = list(AXES.values())
    for (i, one), (j, two) in combinations(list(enumerate(values)), 2):
        missing = {(a, b) for a in one for b in two} - {(row[i], row[j]) for row in rows}
        assert missing == ({(1, "x")} if (i, j) == (0, 1) else set())
    assert len(rows) < 30


@pytest.mark.parametrize("family", plan.FAMILIES)
def test_a_family_is_the_same_for_the_same_seed_and_feasible(family: str) -> None:
    make = plan.FAMILIES[family]
    found = list(make(CLAIMS, Random("0"), 200))
    assert found == list(make(CLAIMS, Random("0"), 200))
    assert all(possible(case, CLAIMS) for case in found)


def test_a_bigger_budget_tries_more() -> None:
    counts = [sum(b.stop - b.start for b in plan.batches(CLAIMS, budget, 0, select()))
              for budget in ("quick", "standard")]  # fmt: skip
    assert counts[0] < counts[1]


# --------------------------------------------------------------------------- shrinking, spelling


@given(CASES)
def test_shrinking_ends_and_keeps_the_operation(case: Case) -> None:
    small = shrink(case, lambda _: True, 60)
    assert small.call.operation == case.call.operation


def test_shrinking_keeps_what_the_failure_needs() -> None:
    big = Case(Block(dtype="int16", shape=(2, 3, 4), layout="negative", readonly=True),
               call("asarray", copy=True, dtype="int16"))  # fmt: skip
    small = shrink(big, lambda c: c.block is not None and c.block.readonly, 200)
    assert small == Case(Block(shape=(2,), readonly=True), call("asarray"))
    ints = Case(Values(py([[1, 2**70], [2.5, True]])), call("asarray", dtype="int8"))
    small = shrink(ints, lambda c: "1180591620717411303424" in str(c), 200)
    assert small == Case(Values(py(2**70)), call("asarray"))


NAMESPACE = {"np": np, "numpy": np, "array": array, "mmap": mmap, **vars(exporters)}


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.exporter not in ("memmap", "capsule")], ids=str
)
def test_a_spelled_block_is_code_that_makes_it(block: Block) -> None:
    code = spell(Case(block, call("asarray")), CLAIMS).rpartition("\n")[0]
    made: dict[str, Any] = dict(NAMESPACE)
    exec(code, made)
    live = build(block, backend)
    if isinstance(live.obj, np.ndarray):
        assert made["x"].shape == live.obj.shape
        assert made["x"].dtype == live.obj.dtype


@given(CASES)
def test_every_case_can_be_spelled(case: Case) -> None:
    if possible(case, CLAIMS):
        assert spell(case, CLAIMS).splitlines()[-1].lstrip().startswith("np.")


def test_what_cannot_be_built_says_why() -> None:
    with pytest.raises(Unbuildable, match="one dimension"):
        build(Block("bytearray", "uint8", (2, 2)), backend)
