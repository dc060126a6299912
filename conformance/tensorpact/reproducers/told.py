"""Stories as scripts: their steps up to the one that goes wrong, and what is asserted then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Block, Case, Step, Story
from tensorpact.cases.spell_story import told
from tensorpact.cases.stories import handles
from tensorpact.cases.words import word
from tensorpact.guarantees.model import Demand, DemandKind
from tensorpact.reproducers.results import nested
from tensorpact.reproducers.typed import Lines

OF_STORIES: tuple[DemandKind, ...] = ("handle", "locked", "unlocked")
"""The kinds of demands on stories; their values begin with a step and a handle."""


def of_story(case: Case, claims: Claims, demand: Demand) -> Iterator[Lines]:
    """The candidates for a demand on a story, the shortest first."""
    assert isinstance(case.source, Story)
    kind, (step, handle, *rest) = demand.kind, demand.value
    steps = case.source.steps[: step + 1]
    for kept in _shorter(steps, kind != "handle"):
        lines = told(replace(case.source, steps=kept), claims)
        yield [*lines, *_asserted(kept, handle, claims, kind, rest)]


def _shorter(steps: tuple[Step, ...], resized: bool) -> Iterator[tuple[Step, ...]]:
    """Without other resizes first, which may be refused rightly.

    A step that does nothing stands in their place, for handles go by the numbers of steps.
    """
    if resized:
        steps = steps[:-1]
    plain = tuple(_NOTHING if step.verb == "resize" else step for step in steps)
    yield plain
    yield steps


_NOTHING = Step("collect")


def _asserted(
    steps: tuple[Step, ...], handle: int, claims: Claims, kind: str, rest: list[Any]
) -> Lines:
    x = f"x{handle}"
    if kind == "handle":
        block = handles(steps, claims)[handle].block
        seen = _elements(x, block, claims)
        wanted = nested(tuple(rest[0]), block.shape)
        return [f"assert {seen} == {wanted}, {seen}"]
    tried = f"try:\n    {x}.append(0)\n    error = None\nexcept BufferError as refused:"
    tried += "\n    error = refused"
    if kind == "locked":
        return [tried, "assert error, 'it was resized while its memory is shared'"]
    return ["gc.collect()", tried, "assert error is None, error"]


def _elements(x: str, block: Block, claims: Claims) -> str:
    if block.exporter == "own":
        return word(claims, "elements of", x=x)
    if block.exporter in ("bytearray", "array.array"):
        return f"list({x})"
    if block.exporter == "dlpack":
        return f"np.asarray({x.replace('x', 'a', 1)}).tolist()"
    return f"{x}.tolist()"
