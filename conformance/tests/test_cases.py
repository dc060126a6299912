"""Cases are values: they survive JSON, come to life as described, and read as code."""

from __future__ import annotations

import array
import mmap
from dataclasses import replace
from itertools import combinations, product
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from case_strategies import CASES, SHAPES
from tensorpact.backends.find import load
from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.cases import checked, contents, dtypes, exporters, layouts, plan
from tensorpact.cases.as_json import from_json, to_json
from tensorpact.cases.build import build
from tensorpact.cases.covering import covering
from tensorpact.cases.families import FAMILIES
from tensorpact.cases.feasible import feasible, possible
from tensorpact.cases.live import Unbuildable
from tensorpact.cases.model import (
    HOST_EXPORTERS,
    STORY,
    Block,
    Case,
    Values,
    call,
    py,
)
from tensorpact.cases.shrink import shrink
from tensorpact.cases.spell import spell
from tensorpact.guarantees import select
from tensorpact.judge import Judge
from tensorpact.probes.observe import PYTHON_DTYPES

CLAIMS = claims_of(backend)


@given(CASES)
def test_a_case_survives_json(case: Case) -> None:
    assert from_json(to_json(case)) == case


@pytest.mark.parametrize("data", [{}, {"source": {}}, {"source": {"block": {"x": 1}}, "call": {}}])
def test_what_is_no_case_is_named_so(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a case"):
        from_json(data)


BLOCK: dict[str, Any] = {"source": {"block": {}}, "call": {"operation": "asarray"}}
TOLD: dict[str, Any] = {"call": {"operation": STORY}}


def _block(**fields: Any) -> dict[str, Any]:
    return {**BLOCK, "source": {"block": fields}}


def _asked(operation: str, **arguments: Any) -> dict[str, Any]:
    return {**BLOCK, "call": {"operation": operation, **arguments}}


def _told(*steps: list[Any]) -> dict[str, Any]:
    return {**TOLD, "source": {"story": [["make", 0, "ndarray float32 4 C"], *steps]}}


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (BLOCK | {"schedule": "repeatd"}, "schedule 'repeatd' is unknown; did you mean 'repeated'"),
        (BLOCK | {"schedul": "repeated"}, "'schedul' is unknown; did you mean 'schedule'"),
        (BLOCK | {"state": {"warnings": "errors"}}, "state.warnings 'errors'.*mean 'error'"),
        (BLOCK | {"state": {"warning": "error"}}, "'warning' is unknown; did you mean 'warnings'"),
        (BLOCK | {"state": {"default_real": "float46"}}, "default_real 'float46'.*'float64'"),
        (BLOCK | {"source": {"block": {}, "story": []}}, "block and story"),
        (_block(twist="legacyy"), "twist 'legacyy' is unknown; did you mean 'legacy'"),
        (_block(exporter="ndaray"), "exporter 'ndaray' is unknown; did you mean 'ndarray'"),
        (_block(layout="gap"), "layout 'gap' is unknown; did you mean 'gaps'"),
        (_block(dtype="float23"), "dtype 'float23' is unknown; did you mean 'float32'"),
        (_block(dtype=3), "dtype 3 is unknown"),
        (_block(content="countin"), "content 'countin' is unknown; did you mean 'counting'"),
        (_block(shap=[2]), "'shap' is unknown; did you mean 'shape'"),
        (_block(shape=[2, -1]), "shape .* does not fit"),
        (_block(shape="23"), "shape '23' does not fit"),
        (_block(readonly=1), "readonly 1 does not fit"),
        (BLOCK | {"source": {"values": {"lists": []}}}, "sequence 'lists'.*'list'"),
        (BLOCK | {"source": {"values": ["flaot", "0x1p0"]}}, "'flaot' is unknown; did you mean"),
        (BLOCK | {"source": {"values": ["int", "one"]}}, "value 'one' is no int"),
        (BLOCK | {"source": {"values": ["thing", "sett"]}}, "thing 'sett'.*'set'"),
        (_asked("asaray"), "operation 'asaray' is unknown; did you mean 'asarray'"),
        (_asked("asarray", dtype="flot32"), "argument dtype 'flot32'.*'float32'"),
        (_asked("asarray", dtype="python:flot"), "argument dtype 'python:flot'.*'python:float'"),
        (_asked("__dlpack__", max_version="1"), "max_version '1' does not fit"),
        (_asked("__dlpack__", max_version="1.x"), "max_version '1.x' does not fit"),
        (_asked("__dlpack__", dl_device="ours"), "dl_device 'ours' does not fit"),
        (_asked("__dlpack__", stream="first"), "stream 'first' does not fit"),
        (_asked(STORY), "a story is called 'story'"),
        (_told(["drp", 0, ""]), "verb 'drp' is unknown; did you mean 'drop'"),
        (_told(["call", 0, "asarray dtype=flot32"]), "step 1, .*'flot32'.*'float32'"),
        (_told(["export", 0, "np.from_dlpak"]), "did you mean 'np.from_dlpack'"),
        (_told(["view", 0, "a:"]), "step 1, view 'a:'"),
        (_told(["make", 0, "ndarray float32 4 C readnoly"]), "step 1, .*does not fit"),
    ],
)
def test_a_name_that_nobody_knows_is_refused_with_those_that_come_close(
    data: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=f"^not a case: .*{named}"):
        from_json(data)


def test_the_dtypes_that_are_pythons_own_are_those_that_a_probe_makes() -> None:
    assert set(checked.PYTHON_DTYPES) == set(PYTHON_DTYPES)


@pytest.mark.parametrize("name", ["numpy", "reference", "torch"])
def test_every_planned_case_can_be_read_back(name: str) -> None:
    if name == "torch":
        pytest.importorskip("torch")
    for batch in plan.batches(claims_of(load(name)), "quick", 0, select()):
        assert [from_json(to_json(case)) for case in batch.cases] == list(batch.cases)


def test_a_library_is_never_asked_for_a_dtype_that_it_lacks() -> None:
    """Even where what is put in has that dtype, as the bytes have that `frombuffer` reads."""
    few = {name: backend.dtypes[name] for name in ("bool", "int64", "float32", "float64",
                                                   "complex64", "complex128")}  # fmt: skip
    lacking = replace(backend, name="lacking", dtypes=few)
    claims, guarantees = claims_of(lacking), select(("lifetime", "error"))
    assert "frombuffer" in claims.operations
    held = Block("bytes", "uint8", (8,), alignment=0, readonly=True)
    read = Case(held, call("frombuffer", dtype="uint8"))
    assert possible(read, CLAIMS)
    assert not possible(read, claims)
    batches = plan.batches(claims, "quick", 0, guarantees)
    cases = [c for b in batches for c in b.cases if "uint8" in str(c)]
    with Judge(lacking, guarantees) as judge:
        for case in cases[::20]:
            judge.judge(case)
    assert any(isinstance(c.source, Block) and c.source.dtype == "uint8" for c in cases)
    assert all(c.call.dtype != "uint8" for c in cases)


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


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_the_same_for_the_same_seed_and_feasible(family: str) -> None:
    make = FAMILIES[family]
    found = list(make(CLAIMS, Random("0"), 200))
    assert found == list(make(CLAIMS, Random("0"), 200))
    assert all(possible(case, CLAIMS) for case in found)


def test_a_bigger_budget_tries_more() -> None:
    counts = [sum(len(b.cases) for b in plan.batches(CLAIMS, budget, 0, select()))
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


NAMESPACE = {
    "np": np,
    "numpy": np,
    "array": array,
    "mmap": mmap,
    "SimpleNamespace": SimpleNamespace,
    **vars(exporters),
}


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
