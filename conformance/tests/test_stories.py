"""Stories: what only a sequence of operations shows is found, and shrinks to a few plain calls."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tensorpact_fixtures.zoo import members
from verdicts import Array, Operation, verdict

AGREE, LOCKS = "sharing.handles-agree", "sharing.locks-follow-handles"
ARRAY = ("make", 0, "ndarray float32 4 C")
BYTES = ("make", 0, "bytearray uint8 8 C")
SOME = 150
MANY = 300


class Marked(np.ndarray):
    """An array of a class of its own."""


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

FAULTS = {
    "shared-memory-is-wiped": 3,
    "third-copies-lie-in-the-first": 6,
    "imported-again-tensors-leave": 6,
    "buffers-are-left-unlocked": 3,
    "buffers-stay-locked": 4,
}
"""Members of the zoo, and in how many steps the fault of each can be told."""


@pytest.mark.parametrize(("name", "steps"), FAULTS.items(), ids=FAULTS)
def test_a_fault_of_sequences_is_found_and_told_in_a_few_steps(name: str, steps: int) -> None:
    member = members()[name]
    faulty = member.make()
    found = story_search.examples("stories", claims_of(faulty), MANY, 0)
    with Judge(faulty, [TABLE[member.breaks]]) as judge:

        def fails(case: Case) -> bool:
            return any(isinstance(judgement, Failure) for _, judgement in judge.judge(case))

        failing = islice((case for case in found if fails(case)), 3)
        lengths = [len(_steps(shrink(case, fails))) for case in failing]
    assert min(lengths) <= steps


def _steps(case: Case) -> tuple[Step, ...]:
    assert isinstance(case.source, Story)
    return case.source.steps


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


def test_a_buffer_that_is_read_as_another_dtype_is_not_followed() -> None:
    torch = pytest.importorskip("tensorpact.backends.torch", exc_type=ImportError)
    raw = story(("make", 0, "array.array float32 2 C"), ("call", 0, "asarray dtype=float64"))
    assert not verdict(torch.backend, [raw]).broken


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

    return derive(numpy_backend, operations={"asarray": asarray}, name="aborting")


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
