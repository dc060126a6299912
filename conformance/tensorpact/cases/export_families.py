"""The families of cases over what own tensors give out: DLPack exports, ndarrays, buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random
from typing import Any

from tensorpact.backends.protocol import Claims
from tensorpact.cases import layouts
from tensorpact.cases.calls import UNSET
from tensorpact.cases.draw import sampled
from tensorpact.cases.feasible import feasible, possible
from tensorpact.cases.memory_families import CONTENTS, SHAPES, known_dtypes
from tensorpact.cases.model import Argument, Block, Case, call

VERSIONS: tuple[Argument, ...] = (UNSET, None, "0.8", "1.0", "1.1", "1.9", "2.0")
COPIES: tuple[Argument, ...] = (UNSET, None, True, False)
DEVICES: tuple[Argument, ...] = (UNSET, None, "own", "1.0", "2.0", "12.0", "12.1", "99.0")
"""The devices that an export is asked for: the tensor's own, the host, CUDA, two extension
devices, and a type that DLPack does not have."""
STREAMS: tuple[Argument, ...] = (UNSET, UNSET, None, -1, 0, 1, 2)

_LAYOUTS = tuple(layouts.LAYOUTS)


def arguments(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """The product of all arguments of `__dlpack__`, each on a tensor at random."""
    if "__dlpack__" not in claims.exports:
        return
    streams = (*STREAMS, *_own_streams(claims))
    rows = list(product(VERSIONS, COPIES, DEVICES, streams))
    for version, copy, device, stream in sampled(rows * 4, limit, random):
        given = {"max_version": version, "copy": copy, "dl_device": device, "stream": stream}
        made = _drawn(claims, random)
        case = _case(made, given) if made is not None else None
        if case is not None and possible(case, claims):
            yield case


def tensors(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every dtype in every layout of every shape, exported without a copy and with one."""
    if "__dlpack__" not in claims.exports:
        return
    for made in _varied(claims, random, limit):
        given = {"max_version": random.choice(VERSIONS), "copy": random.choice(COPIES)}
        yield _case(made, given)


def lent(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Every dtype in every layout of every shape, given out as an ndarray or a buffer."""
    ways = sorted(claims.exports - {"__dlpack__"})
    for made in _varied(claims, random, limit // 2 if ways else 0):
        yield Case(made, call(random.choice(ways)))


_TRAITS: tuple[Mapping[str, Any], ...] = (
    {}, {}, {"readonly": True}, {"grad": "leaf"}, {"grad": "history"}, {"lazy": "conjugate"},
    {"lazy": "negative"}, {"grad": "leaf", "lazy": "conjugate"},
)  # fmt: skip


_ROUNDS = 8


def _varied(claims: Claims, random: Random, limit: int) -> Iterator[Block]:
    """Own tensors: dtypes, layouts and shapes in all combinations, the rest at random."""
    rows = list(product(known_dtypes(claims), _LAYOUTS, SHAPES)) * _ROUNDS
    found = 0
    for dtype, layout, shape in random.sample(rows, len(rows)):
        if found >= limit:
            return
        device, traits = random.choice(_devices(claims)), random.choice(_TRAITS)
        made = _block(dtype, layout, shape, device, random, **traits)
        if made is not None and feasible(made, claims):
            found += 1
            yield made


def _drawn(claims: Claims, random: Random) -> Block | None:
    """A feasible tensor; None when some dozens of draws find none."""
    for _ in range(40):
        traits = random.choice(_TRAITS) if random.random() < 0.3 else {}
        layout = random.choice(_LAYOUTS) if random.random() < 0.5 else "C"
        made = _block(
            random.choice(claims.dtypes),
            layout,
            random.choice(SHAPES),
            random.choice(_devices(claims)),
            random,
            **traits,
        )
        if made is not None and feasible(made, claims):
            return made
    return None


def _block(
    dtype: str, layout: str, shape: tuple[int, ...], device: str, random: Random, **traits: Any
) -> Block | None:
    if not layouts.exists(layout, shape):
        return None
    content = random.choice(CONTENTS) if random.random() < 0.3 else "counting"
    return Block("own", dtype, shape, layout, alignment=0, device=device, content=content, **traits)


def _devices(claims: Claims) -> tuple[str, ...]:
    """The host three times as often as all the others together."""
    others = tuple(name for name in claims.devices if name != claims.host)
    return (*(("",) * max(1, 3 * len(others))), *others)


def _own_streams(claims: Claims) -> tuple[str, ...]:
    """The streams that devices have, by their number among those of the device."""
    return tuple(f"#{k}" for k in range(max((n for _, n in claims.streams), default=0)))


def _case(made: Block, given: Mapping[str, Argument]) -> Case:
    passed = {name: value for name, value in given.items() if value != UNSET}
    return Case(made, call("__dlpack__", **passed))


FAMILIES = {"export arguments": arguments, "exported tensors": tensors, "lent tensors": lent}
