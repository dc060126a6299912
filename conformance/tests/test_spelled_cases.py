"""The printed lines of a case are Python, and do on each library what the case did."""

from __future__ import annotations

import array
import collections
import contextlib
import mmap
import tempfile
from collections.abc import Iterator, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.find import load
from tensorpact.backends.protocol import Backend, Claims, claims_of
from tensorpact.cases.families import FAMILIES
from tensorpact.cases.model import Block, Case, leaves
from tensorpact.cases.plan import BUDGETS
from tensorpact.cases.spell import spell
from tensorpact.judge import Judge
from tensorpact.probes.raising import raised_by
from tensorpact.runner.isolation import How, Note, isolate
from tensorpact.trial import Observed

CASES = 120
SPELLED = ("layouts", "arguments", "autograd", "devices", "defaults", "buffers", "scalars")
INSTALLED = {
    "reference": "reftensor",
    "numpy": "numpy",
    "torch": "torch",
    "array-api-strict": "array_api_strict",
}


def sample(family: str, claims: Claims) -> list[Case]:
    """Cases that can be typed in full: no odd things, few elements."""
    random = Random(family)
    made = FAMILIES[family](claims, random, BUDGETS["quick"].sweep)
    fitting = [case for case in dict.fromkeys(made) if typable(case)]
    return random.sample(fitting, min(CASES, len(fitting)))


def typable(case: Case) -> bool:
    found = [case.block] if case.block is not None else list(leaves(case.root))  # type: ignore[arg-type]  # it has a root
    return all(
        len(item.shape) < 5 and np.prod(item.shape) <= 8
        if isinstance(item, Block)
        else item.kind != "thing"
        for item in found
    )


def outcome(seen: Observed) -> object:
    """What can be told of a result without knowing its source."""
    if seen.result is None:
        assert seen.raised is not None
        return seen.raised.name
    return seen.result.dtype, seen.result.shape, seen.result.device, seen.result.requires_grad


def typed(case: Case, judge: Judge, names: dict[str, Any]) -> object:
    """The outcome of the printed lines; the last of them is the call."""
    *before, last = spell(case, judge.claims).split("\n")
    indent = last[: len(last) - len(last.lstrip())]
    lines = "\n".join([*before, f"{indent}result = {last.lstrip()}"])
    with defaults(case, judge.backend):
        try:
            exec(lines, names)  # the very purpose
        except Exception as error:
            return raised_by(error).name
    backend, result = judge.backend, names["result"]
    known = {native: name for name, native in backend.dtypes.items()}
    grad = bool(backend.grad["requires"](result)) if backend.grad else None
    device = judge._eyes.device_name(result)
    return known.get(backend.dtype(result)), tuple(backend.shape(result)), device, grad


@contextlib.contextmanager
def defaults(case: Case, backend: Backend) -> Iterator[None]:
    """Puts back what the printed lines set for good."""
    with contextlib.ExitStack() as stack:
        if case.state.default_real and backend.default_real is not None:
            native = backend.dtypes[case.state.default_real]
            stack.enter_context(backend.default_real(native))
        if case.state.default_device and case.state.device_form == "setting":
            setter = backend.default_device["setting"]
            stack.enter_context(setter(backend.host.spellings[0]))
        yield


def compare(note: Note, backend: Backend, library: str, cases: Sequence[Case]) -> None:
    """Notes the printed lines, and where they do another thing, both outcomes."""
    module = __import__(library)
    names: dict[str, Any] = {"np": np, "array": array, "mmap": mmap, "xp": module}
    names |= {library: module, "reftensor": reftensor, **vars(collections)}
    names |= {"SimpleNamespace": SimpleNamespace, "tempfile": tempfile}
    with Judge(backend, []) as judge:
        for case in cases:
            seen = judge.trial(case).observed
            if seen.unbuilt:
                note("")
                continue
            wanted, found = outcome(seen), typed(case, judge, dict(names))
            lines = spell(case, judge.claims)
            note("" if wanted == found else f"{lines}\nis {found}, not {wanted}")


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize("family", SPELLED)
def test_the_printed_lines_do_what_the_case_does(name: str, family: str) -> None:
    pytest.importorskip(INSTALLED[name])
    backend = load(name)
    waiting = sample(family, claims_of(backend))
    differences: list[str] = []
    while waiting:
        notes, ending = isolate(compare, backend, INSTALLED[name], waiting, seconds=30)
        differences += filter(None, notes)
        waiting = waiting[len(notes) + 1 :] if ending.how is not How.DONE else []
    assert not "\n\n".join(differences)
