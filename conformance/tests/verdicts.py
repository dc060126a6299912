"""What the guarantees say of a backend on a few cases, for tests of the guarantees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorpact.backends.protocol import Backend
from tensorpact.cases.model import Case, Leaf, Node, Values, call, py
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure, Note
from tensorpact.judge import Judge

Array = np.ndarray[Any, Any]
Operation = Callable[..., Any]


@dataclass(frozen=True)
class Verdict:
    """The ids that were kept and those that were broken, and what OBSERVE guarantees saw."""

    kept: frozenset[str]
    broken: frozenset[str]
    notes: tuple[str, ...]


def verdict(backend: Backend, cases: Iterable[Case]) -> Verdict:
    """Judges the cases by the check of every guarantee that there is, and by no golden vector."""
    judge = Judge(backend, tuple(TABLE.values()), vectors={})
    with judge:
        found = [each for case in cases for each in judge.judge(case)]
    broken = frozenset(g.id for g, judgement in found if isinstance(judgement, Failure))
    kept = frozenset(g.id for g, _ in found) - broken
    return Verdict(kept, broken, tuple(j.outcome for _, j in found if isinstance(j, Note)))


def given(data: object, operation: str = "asarray", **arguments: Any) -> Case:
    """A call on written-out data."""
    return Case(Values(py(data)), call(operation, **arguments))


def thing(name: str, operation: str = "asarray", **arguments: Any) -> Case:
    """A call on one of `cases.things.THINGS`."""
    return Case(Values(Leaf("thing", name)), call(operation, **arguments))


def node(root: Node, operation: str = "asarray", **arguments: Any) -> Case:
    """A call on data whose node is at hand."""
    return Case(Values(root), call(operation, **arguments))
