"""What the guarantees say of a backend on a few cases, for tests of the guarantees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, derive
from tensorpact.backends.reference import backend as reference_backend
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


@dataclass(frozen=True)
class Fault:
    """A faulty backend, the guarantee that must find it, and cases that are enough for that.

    `sound` is the same backend without the fault. `also`: what else it may rightly break.
    """

    id: str
    name: str
    faulty: Backend
    cases: tuple[Case, ...]
    sound: Backend
    also: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.id}: {self.name}"


def numpy_fault(
    id: str, name: str, asarray: Operation, *cases: Case, also: tuple[str, ...] = ()
) -> Fault:
    """A fault in np.asarray, and in `tensor` too, so that the two do not disagree."""
    operations = {"asarray": asarray, "tensor": asarray}
    faulty = derive(numpy_backend, operations=operations, name="faulty")
    return Fault(id, name, faulty, cases, numpy_backend, frozenset(also))


def reference_fault(
    id: str, name: str, operations: dict[str, Operation], *cases: Case, also: tuple[str, ...] = ()
) -> Fault:
    """A fault in operations of the reference."""
    faulty = derive(reference_backend, operations=operations, name="faulty")
    return Fault(id, name, faulty, cases, reference_backend, frozenset(also))


def given(data: object, operation: str = "asarray", **arguments: Any) -> Case:
    """A call on written-out data."""
    return Case(Values(py(data)), call(operation, **arguments))


def thing(name: str, operation: str = "asarray", **arguments: Any) -> Case:
    """A call on one of `cases.things.THINGS`."""
    return Case(Values(Leaf("thing", name)), call(operation, **arguments))


def node(root: Node, operation: str = "asarray", **arguments: Any) -> Case:
    """A call on data whose node is at hand."""
    return Case(Values(root), call(operation, **arguments))
