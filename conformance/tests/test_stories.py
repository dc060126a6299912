"""Stories: what only a sequence of operations shows is found, and shrinks to a few plain calls."""

from __future__ import annotations

import ast
import ctypes
import gc
import os
import weakref
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reftensor
from tensorpact.backends.array_api_strict import backend as strict_backend
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, claims_of, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases import stories, story_search
from tensorpact.cases.as_json import from_json, to_json
from tensorpact.cases.model import STORY, Case, Step, Story, call
from tensorpact.cases.shrink import shrink
from tensorpact.cases.spell import spell
from tensorpact.errors import AdapterFault
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.judge import Judge
from tensorpact.reports.model import Finding
from tensorpact.runner.batch import Judging
from tensorpact.runner.limits import Limits
from tensorpact.runner.outcome import CRASHES
from tensorpact.runner.subject import Inherited, lend, take_back
from tensorpact.runner.tasks import examine
from verdicts import Array, Operation, verdict

AGREE, LOCKS = "sharing.handles-agree", "sharing.locks-follow-handles"
SOME = 150
MANY = 300


def story(*steps: tuple[Any, ...]) -> Case:
    return Case(Story(tuple(Step(*step) for step in steps)), call(STORY))


@cache
def examples(name: str) -> tuple[Case, ...]:
    backend = {b.name: b for b in (reference_backend, numpy_backend, strict_backend)}[name]
    return story_search.examples("stories", claims_of(backend), SOME, 0)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Collections look at what the stories leave, not at the whole test process."""
    gc.freeze()
    yield
    gc.unfreeze()


# --------------------------------------------------------------------------- faults

ARRAY = ("make", 0, "ndarray float32 4 C")
BYTES = ("make", 0, "bytearray uint8 8 C")


def over_numpy(name: str, **operations: Operation) -> Backend:
    return derive(numpy_backend, operations=operations, name=name)


class Marked(np.ndarray):
    """An array that weak references can be followed by."""


def wiping() -> Backend:
    """Memory is wiped when the first of those that share it is given up."""

    def asarray(data: Any, **given: Any) -> Array:
        made = np.asarray(data, **given)
        if not isinstance(data, np.ndarray) or not np.shares_memory(made, data):
            return made
        marked = made.view(Marked)
        if marked.flags.writeable:
            weakref.finalize(marked, made.fill, 0)
        return marked

    return over_numpy("wiping", asarray=asarray)


def recycling() -> Backend:
    """The third copy of a kind lies in the memory of the first."""
    pool: dict[Any, list[Array]] = {}

    def asarray(data: Any, **given: Any) -> Array:
        made = np.asarray(data, **given)
        if given.get("copy") is not True:
            return made
        known = pool.setdefault((made.dtype, made.shape), [])
        known.append(made if len(known) < 2 else known.pop(0))
        known[-1][...] = made
        return known[-1]

    return over_numpy("recycling", asarray=asarray)


def separating() -> Backend:
    """A tensor that is imported again leaves the memory that it had shared until then."""
    seen: weakref.WeakSet[Any] = weakref.WeakSet()

    def from_dlpack(data: Any, **given: Any) -> Any:
        made = reftensor.from_dlpack(data, **given)
        if isinstance(data, reftensor.Tensor):
            if data in seen:
                alone = data.duplicate()
                data.storage, data.layout, data.offset = alone.storage, alone.layout, 0
            seen.add(data)
        return made

    return derive(reference_backend, operations={"from_dlpack": from_dlpack}, name="separating")


class Keeping(np.ndarray):
    """An array that keeps what it was made of alive, and no more than that."""

    owner: object = None


def unlocked() -> Backend:
    """A buffer is read where it lies, and its lock is given back at once."""

    def frombuffer(data: Any, dtype: Any = float, count: int = -1, offset: int = 0) -> Array:
        there = np.frombuffer(data, dtype, count, offset)
        address, size = there.__array_interface__["data"][0], there.nbytes
        memory = (ctypes.c_char * size).from_address(address)
        made = np.ndarray(there.shape, dtype, memoryview(memory)).view(Keeping)
        made.owner = data
        return made

    return over_numpy("unlocked", frombuffer=frombuffer)


def locked() -> Backend:
    """Every buffer that was read once is held for good."""
    held: list[memoryview] = []

    def frombuffer(data: Any, *given: Any, **more: Any) -> Array:
        held.append(memoryview(data))
        return np.frombuffer(data, *given, **more)

    return over_numpy("locked", frombuffer=frombuffer)


FAULTS = (
    (wiping(), AGREE, 3),
    (recycling(), AGREE, 5),
    (separating(), AGREE, 6),
    (unlocked(), LOCKS, 3),
    (locked(), LOCKS, 4),
)


@pytest.mark.parametrize(("faulty", "id", "steps"), FAULTS, ids=lambda v: getattr(v, "name", ""))
def test_a_fault_of_sequences_is_found_and_told_in_a_few_steps(
    faulty: Backend, id: str, steps: int
) -> None:
    found = story_search.examples("stories", claims_of(faulty), MANY, 0)
    with Judge(faulty, [TABLE[id]]) as judge:

        def fails(case: Case) -> bool:
            return any(isinstance(judgement, Failure) for _, judgement in judge.judge(case))

        failing = islice((case for case in found if fails(case)), 3)
        lengths = [len(_steps(shrink(case, fails))) for case in failing]
    assert min(lengths) <= steps


def _steps(case: Case) -> tuple[Step, ...]:
    assert isinstance(case.source, Story)
    return case.source.steps


@pytest.mark.parametrize(("faulty", "id", "_"), FAULTS, ids=lambda v: getattr(v, "name", ""))
def test_a_fault_of_sequences_breaks_no_other_guarantee_of_stories(
    faulty: Backend, id: str, _: int
) -> None:
    found = story_search.examples("stories", claims_of(faulty), MANY, 0)
    assert verdict(faulty, found).broken == {id}


@pytest.mark.parametrize("backend", [reference_backend, numpy_backend, strict_backend],
                         ids=lambda b: b.name)  # fmt: skip
def test_sound_backends_keep_what_stories_ask_of_them(backend: Backend) -> None:
    seen = verdict(backend, examples(backend.name))
    assert AGREE in seen.kept
    assert not seen.broken


# --------------------------------------------------------------------------- fairness


def unaddressed(name: str, **changes: Any) -> Backend:
    """NumPy's adapter without a word on where tensors lie."""
    return derive(numpy_backend, name=name, address=None, strides=None, **changes)


COPYING: dict[str, Operation] = {
    "asarray": lambda data, **given: np.array(data, **{**given, "copy": True}),
    "from_dlpack": lambda data, **_: np.from_dlpack(data).copy(),
}
FAIR = (
    unaddressed("sharing where it can"),
    unaddressed("copying always", operations=COPYING),
    unaddressed("views are copies", view=lambda t, index: t[index].copy()),
    derive(numpy_backend, name="copying with addresses", operations=COPYING),
    derive(numpy_backend, name="constants", write=None, immutable=True),
)


@pytest.mark.parametrize("backend", FAIR, ids=lambda b: b.name)
def test_who_shares_and_who_copies_is_no_matter_as_long_as_it_stays_so(backend: Backend) -> None:
    found = story_search.examples("stories", claims_of(backend), SOME, 0)
    assert not verdict(backend, found).broken


def test_what_goes_apart_later_is_condemned_without_addresses_too() -> None:
    made: list[Array] = []

    def asarray(data: Any, **given: Any) -> Array:
        made.append(np.asarray(data, **given).view(Marked))
        return made[-1]

    hidden = unaddressed("hidden", operations={"asarray": asarray})
    apart = derive(hidden, read=lambda t: b"\0" * t.nbytes if np.ptp(t) == 0 else t.tobytes())
    told = [ARRAY, ("call", 0, "asarray"), ("write", 0, "20+"), ("write", 1, "30")]
    assert verdict(hidden, [story(*told)]).kept >= {AGREE}
    assert verdict(apart, [story(*told)]).broken == {AGREE}


def nothing(*_: Any, **__: Any) -> Any:
    raise TypeError("no")


def test_a_library_that_refuses_everything_is_not_put_to_the_test() -> None:
    backend = derive(
        numpy_backend, operations=dict.fromkeys(numpy_backend.operations, nothing), make=None
    )
    kept = verdict(backend, examples("numpy")).kept
    assert not {AGREE, LOCKS} & kept


def test_a_write_that_fails_is_a_fault_of_the_adapter_and_not_a_refusal() -> None:
    def write(tensor: Any, _: bytes) -> None:
        tensor.writ()

    with pytest.raises(AdapterFault):
        verdict(derive(numpy_backend, write=write), examples("numpy"))


def test_what_was_lent_read_only_is_never_written() -> None:
    protected = story(("make", 0, "ndarray float32 4 C readonly"), ("call", 0, "asarray"),
                      ("write", 1, "20"), ("write", 0, "30"))  # fmt: skip
    writes: list[bytes] = []
    watched = derive(numpy_backend, write=lambda _, data: writes.append(data))
    assert AGREE in verdict(watched, [protected]).kept
    assert not writes


# --------------------------------------------------------------------------- crashes


def aborting() -> Backend:
    """The conversion of what a conversion gave ends the process."""

    def asarray(data: Any, **given: Any) -> Array:
        if isinstance(data, Marked):
            os.abort()
        made = np.asarray(data, **given)
        return made.view(Marked) if "dtype" in given else made

    return over_numpy("aborting", asarray=asarray)


@pytest.fixture
def lent() -> Iterator[Inherited]:
    reference = lend(aborting())
    yield reference
    take_back(reference)


LONG = story(
    ARRAY,
    ("write", 0, "20+"),
    ("call", 0, "asarray dtype=float64 copy=True"),
    ("view", 2, "::2"),
    ("export", 2, "np.from_dlpack"),
    ("write", 4, "33"),
    ("drop", 3),
    ("collect",),
    ("call", 2, "asarray copy=False"),
    ("write", 8, "44+"),
)


def test_a_crash_in_a_story_shrinks_to_the_steps_that_it_needs(lent: Inherited) -> None:
    judging = Judging(lent, tuple(TABLE), [LONG], Limits())
    judging.to_the_end()
    (death,) = (f for f in judging.result().findings if f.guarantee == CRASHES)
    smaller = _examined(lent, death)
    assert [step.verb for step in _steps(smaller.case)] == ["make", "call", "call"]
    assert spell(smaller.case, claims_of(numpy_backend)).endswith("np.asarray(x1)")


def _examined(lent: Inherited, death: Finding) -> Finding:
    return examine(lent, claims_of(aborting()), tuple(TABLE), death, Limits())


# --------------------------------------------------------------------------- the language


def test_the_same_seed_tells_the_same_stories() -> None:
    claims = claims_of(numpy_backend)
    told = [story_search.examples.__wrapped__("stories", claims, 30, seed) for seed in (3, 3, 4)]
    assert told[0] == told[1] != told[2]


def test_the_stories_have_every_verb_and_most_of_them_several_steps() -> None:
    found = [_steps(case) for case in examples("reference")]
    assert {step.verb for steps in found for step in steps} == set(stories.VERBS)
    assert sum(len(steps) > 3 for steps in found) > len(found) / 2


def test_a_story_survives_json_and_can_be_spelled() -> None:
    claims = claims_of(numpy_backend)
    for case in examples("numpy"):
        assert from_json(to_json(case)) == case
        assert ast.parse(spell(case, claims))


def test_a_spelled_story_is_code_that_does_what_it_says() -> None:
    told = story(
        BYTES,
        ("call", 0, "frombuffer dtype=int16 offset=2"),
        ("view", 1, "::2"),
        ("write", 2, "7"),
        ("write", 0, "3"),
        ("write", 2, "20+"),
        ("drop", 1),
    )
    names: dict[str, Any] = {"np": np}
    exec(spell(told, claims_of(numpy_backend)), names)  # code of our own making
    assert names["x0"] == b"\3\3\x14\0\3\3\x15\0"
    assert verdict(numpy_backend, [told]).kept >= {AGREE}


@given(st.data())
def test_a_part_of_a_story_is_a_story(data: st.DataObject) -> None:
    steps = _steps(data.draw(st.sampled_from(examples("numpy"))))
    first = data.draw(st.integers(0, len(steps) - 1))
    part = stories.without(steps, first, data.draw(st.integers(first + 1, len(steps))))
    assert len(part) < len(steps)
    assert all(_is_told(part, step) for step in part)


def _is_told(steps: Sequence[Step], step: Step) -> bool:
    if step.verb in ("make", "collect"):
        return True
    return steps[step.handle].verb in stories.MAKING


def test_a_bypassed_step_leaves_its_work_to_its_parent() -> None:
    steps = _steps(story(ARRAY, ("call", 0, "asarray"), ("view", 1, "1:"), ("write", 2, "5")))
    expected = _steps(story(ARRAY, ("view", 0, "1:"), ("write", 1, "5")))
    assert stories.bypassing(steps, 1) == expected
