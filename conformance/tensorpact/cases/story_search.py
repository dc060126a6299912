"""What Hypothesis tells: a state machine whose rules add a step each to a story.

It never touches a backend. It knows of every handle what the rules say that it is, so that
each step can be taken; the stories are told in worker processes, like every other case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import product

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls, dtypes, layouts
from tensorpact.cases.feasible import feasible
from tensorpact.cases.hermetic import drawing, hermetic
from tensorpact.cases.memory_families import suits
from tensorpact.cases.model import STORY, Argument, Block, Call, Case, Step, Story, call
from tensorpact.cases.stories import (
    EXPORTS,
    RESIZABLE,
    Handle,
    born,
    detail_of_block,
    detail_of_call,
)
from tensorpact.expectation import KIND_OF_EXPORTER

STEPS = 12
"""The length of a story before it is shrunk."""

SOURCES = 3
"""How many pieces of data the harness has made and holds at a time."""

_DTYPES = ("float32", "int32", "float64", "int64", "uint8", "int16")
_SHAPES = ((4,), (6,), (2, 3), (3, 2), (2, 2, 2))
_LAYOUTS = ("C", "C", "C", "F", "gaps", "negative", "offset", "broadcast")
_VIEWS = ("1:", "::2", "::-1", "T")
_ANY = st.integers(0, (1 << 16) - 1)
_GENERATIONS = st.sampled_from((0, 1, 20, 20))
_TIMES = st.sampled_from((1, 1, 2, 3))
_USE = st.sampled_from(("", "result", "source", "source, again"))
"""What is written when a call is over, and whether the same call is then made once more."""

Made = Handle | MultipleResults[Handle]
"""What a rule gives: a handle, or none."""


@lru_cache(maxsize=16)
def examples(family: str, claims: Claims, count: int, run_seed: int) -> tuple[Case, ...]:
    """Up to `count` different stories; the same for the same claims and seed, in any process.

    None for a backend without an operation.
    """
    if not claims.operations:
        return ()
    found: dict[Story, None] = {}

    @seed(run_seed)
    def begun() -> RuleBasedStateMachine:
        return FAMILIES[family](claims, found)

    quietly = settings(drawing(count), stateful_step_count=STEPS)
    with hermetic():
        run_state_machine_as_test(begun, settings=quietly)  # type: ignore[arg-type]  # it may be a function
    return tuple(Case(story, call(STORY)) for story in found if story.steps)


class Telling(RuleBasedStateMachine):
    """Makes, converts, exports, writes and drops; `steps` is the story so far, put into `found`.

    A rule gets numbers to choose with. Few rules with many choices each: Hypothesis leaves out
    some of them from every story.
    """

    handles: Bundle[Handle] = Bundle("handles")

    def __init__(self, claims: Claims, found: dict[Story, None]) -> None:
        super().__init__()
        self.claims, self.found = claims, found
        self.steps: list[Step] = []
        self.living: list[Handle] = []

    def teardown(self) -> None:
        self.found[Story(tuple(self.steps))] = None

    def _made(self, verb: str, detail: str, parent: Handle | None = None) -> Handle | None:
        step = Step(verb, parent.number if parent is not None else 0, detail)
        made = born(len(self.steps), step, parent, self.claims)
        if made is not None:
            self.steps.append(step)
            self.living.append(made)
        return made

    @initialize(target=handles, choice=_ANY)
    def begin(self, choice: int) -> Made:
        return self._make(_lendable(self.claims), choice)

    @precondition(lambda self: len(self._sources()) < SOURCES)
    @rule(target=handles, choice=_ANY, own=st.booleans())
    def make(self, choice: int, own: bool) -> Made:
        blocks = _own(self.claims) if own else ()
        return self._make(blocks or _lendable(self.claims), choice)

    def _make(self, blocks: tuple[Block, ...], choice: int) -> Made:
        return _or_none(self._made("make", detail_of_block(blocks[choice % len(blocks)])))

    def _sources(self) -> list[Handle]:
        return [handle for handle in self.living if handle.parent is None]

    @rule(target=handles, of=handles, choice=_ANY, times=_TIMES, use=_USE)
    def call(self, of: Handle, choice: int, times: int, use: str) -> Made:
        """One call, or the same several times as in a loop: many a fault comes with the third."""
        return self._called(of, choice, times, use)

    @precondition(lambda self: bool(self.living))
    @rule(target=handles, choice=_ANY, times=_TIMES, use=_USE)
    def call_on_latest(self, choice: int, times: int, use: str) -> Made:
        return self._called(self.living[-1], choice, times, use)

    def _called(self, of: Handle, choice: int, times: int, use: str) -> Made:
        made = self._call_times(of, choice, times)
        if made and use:
            self._write(made[0] if use == "result" else of, 20 + choice % 80, bool(choice & 1))
        if made and use.endswith("again"):
            made += self._call_times(of, choice, 1)
        return multiple(*made)

    def _call_times(self, of: Handle, choice: int, times: int) -> list[Handle]:
        """What the same call makes, several times."""
        block = of.block
        found = _calls(block.exporter, block.dtype, block.shape, self.claims)
        if not found:
            return []
        many = found[choice % len(found)]
        detail = detail_of_call(many[choice // len(found) % len(many)])
        calls = (self._made("call", detail, of) for _ in range(times))
        return [handle for handle in calls if handle is not None]

    @rule(target=handles, of=handles, choice=_ANY, view=st.sampled_from((False, False, True)))
    def show(self, of: Handle, choice: int, view: bool) -> Made:
        """A view or an export; of what is on a device, and of foreign arrays, a view."""
        kind = of.block.exporter
        if kind == "own" and not of.block.device and not view:
            ways = _exports(self.claims)
            return _or_none(self._made("export", ways[choice % len(ways)], of))
        if kind not in ("own", "ndarray") or of.block.shape[0] < 2:
            return multiple()
        views = _views(self.claims) if kind == "own" else _VIEWS
        return _or_none(self._made("view", views[choice % len(views)], of))

    @rule(of=handles, number=st.integers(20, 99), counting=st.booleans())
    def write(self, of: Handle, number: int, counting: bool) -> None:
        self._write(of, number, counting)

    def _write(self, of: Handle, number: int, counting: bool) -> None:
        if of.block.exporter != "own" or self.claims.mutable:
            self.steps.append(Step("write", of.number, f"{number}{'+' * counting}"))

    @rule(of=consumes(handles), collect=st.sampled_from((False,) * 7 + (True,)))
    def drop(self, of: Handle, collect: bool) -> None:
        self._drop(of)
        if collect:
            self.steps.append(Step("collect"))

    def _drop(self, of: Handle) -> None:
        self.steps.append(Step("drop", of.number))
        self.living = [handle for handle in self.living if handle != of]

    def _buffers(self) -> list[Handle]:
        return [handle for handle in self.living if handle.block.exporter in RESIZABLE]

    @precondition(lambda self: bool(self._buffers()))
    @rule(choice=_ANY, generations=_GENERATIONS)
    def resize(self, choice: int, generations: int) -> None:
        """A buffer, as it is, or after what was made of it is given up: what was made directly,
        so that views of it may be left, or everything."""
        found = self._buffers()
        self._resize(found[choice % len(found)], generations)

    @rule(choice=_ANY, times=st.integers(1, 2), view=st.booleans(), generations=_GENERATIONS)
    def borrow(self, choice: int, times: int, view: bool, generations: int) -> None:
        """A whole loan: a buffer, a call or two on it, a view, what is given up, the resize."""
        buffers = [b for b in _lendable(self.claims) if b.exporter in RESIZABLE]
        lent = buffers and self._made("make", detail_of_block(buffers[choice % len(buffers)]))
        if not lent:
            return
        made = self._call_times(lent, choice, times)
        if view and made and made[0].block.shape[0] > 1:
            self._made("view", _views(self.claims)[0], made[0])
        self._resize(lent, generations)

    def _resize(self, buffer: Handle, generations: int) -> None:
        family = {buffer.number}
        for _ in range(generations):
            family = {handle.number for handle in self.living if handle.parent in family}
            for handle in [handle for handle in self.living if handle.number in family]:
                self._drop(handle)
        self.steps.append(Step("resize", buffer.number))


def _or_none(made: Handle | None) -> Made:
    return multiple() if made is None else made


@lru_cache(maxsize=16)
def _lendable(claims: Claims) -> tuple[Block, ...]:
    """What the harness can lend: arrays of many layouts, and about as many buffers."""
    known = [dtype for dtype in _DTYPES if dtype in claims.dtypes]
    arrays = [
        Block("ndarray", dtype, shape, layout, readonly=readonly)
        for dtype, shape, layout in product(known, _SHAPES, _LAYOUTS)
        for readonly in (False, False, False, True)
        if layouts.exists(layout, shape)
    ]
    typed = [d for d in known if d in dtypes.TYPECODES]
    buffers = [Block("bytearray", "uint8", (8,), alignment=0)] * ("uint8" in known)
    buffers += [Block("array.array", dtype, (4,), alignment=0) for dtype in typed]
    times = max(1, len(arrays) // (2 * len(buffers) or 1))
    return (*arrays, *(buffers * times)) or (Block("bytearray", "uint8", (8,), alignment=0),)


@lru_cache(maxsize=16)
def _own(claims: Claims) -> tuple[Block, ...]:
    """The tensors that the adapter can make, on every device that holds data."""
    known = [dtype for dtype in _DTYPES if dtype in claims.dtypes]
    elsewhere = [name for name in _places(claims) if name != claims.host]
    places = [*[""] * max(1, 2 * len(elsewhere)), *elsewhere]
    blocks = (
        Block("own", dtype, shape, layout, alignment=0, device=device)
        for dtype, shape, layout, device in product(known, _SHAPES, ("C", "F", "gaps"), places)
    )
    return tuple(block for block in blocks if feasible(block, claims))


def _places(claims: Claims) -> list[str]:
    return [name for name in claims.devices if name not in claims.dataless]


@lru_cache(maxsize=4096)
def _calls(
    exporter: str, dtype: str, shape: tuple[int, ...], claims: Claims
) -> tuple[tuple[Call, ...], ...]:
    """The calls on such a handle, operation by operation; plain ones stand there repeatedly."""
    kind = KIND_OF_EXPORTER[exporter]
    operations = [
        name
        for name in sorted(claims.operations)
        if suits(name, exporter) and claims.accepted(name, kind)
    ]
    found = (tuple(_calls_of(name, exporter, dtype, shape, claims)) for name in operations)
    return tuple(each for each in found if each)


def _calls_of(
    operation: str, exporter: str, dtype: str, shape: tuple[int, ...], claims: Claims
) -> Iterator[Call]:
    if operation == "frombuffer":
        if exporter in RESIZABLE:
            yield from _readings(dtype, shape, claims)
        return
    if exporter in (*RESIZABLE, "memoryview"):
        # Some libraries read a buffer's bytes as they are, so the dtype must be said.
        if claims.takes(operation, "dtype"):
            yield from (call(operation, dtype=dtype, **more) for more in _copies(operation, claims))
        return
    choices: list[tuple[Mapping[str, Argument], ...]] = [_copies(operation, claims)]
    if claims.takes(operation, "dtype"):
        choices.append(({}, {}, {}, {"dtype": calls.other_dtype(dtype, claims)}))
    if claims.takes(operation, "device"):
        places = _places(claims)
        choices.append((*[{}] * 2 * len(places), *({"device": f"{name}#0"} for name in places)))
    for rows in product(*choices):
        yield call(operation, **{name: value for row in rows for name, value in row.items()})


def _copies(operation: str, claims: Claims) -> tuple[Mapping[str, Argument], ...]:
    if not claims.takes(operation, "copy"):
        return ({},)
    return ({}, {}, {"copy": None}, {"copy": True}, {"copy": False})


def _readings(dtype: str, shape: tuple[int, ...], claims: Claims) -> Iterator[Call]:
    """Readings of a buffer: all of it, the rest from its second element on, its first half, and
    bytes as numbers of four."""
    size = dtypes.itemsize(dtype)
    yield call("frombuffer", dtype=dtype)
    yield call("frombuffer", dtype=dtype)
    yield call("frombuffer", dtype=dtype, offset=size)
    yield call("frombuffer", dtype=dtype, count=shape[0] // 2)
    if dtype == "uint8" and shape[0] % 4 == 0 and "float32" in claims.dtypes:
        yield call("frombuffer", dtype="float32")


@lru_cache(maxsize=16)
def _views(claims: Claims) -> tuple[str, ...]:
    """The views that the library's own tensors can have."""
    impossible = {"::-1"} if "negative" in claims.limits else set()
    impossible |= set() if "permute" in claims.abilities else {"T"}
    return tuple(view for view in _VIEWS if view not in impossible)


@lru_cache(maxsize=16)
def _exports(claims: Claims) -> tuple[str, ...]:
    """The ways out of a tensor; those that go by methods of its own where the adapter has them."""
    return tuple(way for way in EXPORTS if "." in way or way in claims.exports)


FAMILIES: Mapping[str, Callable[[Claims, dict[Story, None]], RuleBasedStateMachine]] = {
    "stories": Telling
}
