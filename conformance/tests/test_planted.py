"""Faults that are planted in the reference are condemned by what they break, and little else."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from itertools import filterfalse
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from tensorpact.backends.protocol import Backend, Claims, claims_of
from tensorpact.backends.reference import backend as reference
from tensorpact.cases import plan, story_search
from tensorpact.cases.model import Block, Case, call
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import PASS, Failure, Level
from tensorpact.judge import Judge
from tensorpact.seen.life import Life, Unlocked
from tensorpact_fixtures.zoo import MEMBERS, backend
from tensorpact_fixtures.zoo.mutant import edited
from verdicts import Fault, verdict

EACH = 60
"""So many cases of every family are judged by all guarantees."""

READ_AS_DATA = {
    # what is read at a wrong address is wrong, and not where a write to the source goes
    "value.elements-are-exact", "value.special-floats-survive", "value.same-dtype-is-bit-exact",
    "sharing.dlpack-is-zero-copy", "sharing.overlap-is-kept", "sharing.copy-none-shares",
    "sharing.views-share-onward", "sharing.copy-false-never-copies",
    "shape.shared-strides-match-source", "dtype.round-trip",
    # these two judge reads of strides and addresses that are unusual, wherever they come from
    "error.negative-strides", "error.misaligned",
}  # fmt: skip

PLANTED: dict[str, set[str]] = {
    "owners-leak": set(),
    "refusals-leak": {
        "cost.refusal-keeps-nothing",  # a refused array is memory too
        "sharing.locks-follow-handles",  # a refused buffer stays locked
    },
    "deleters-run-twice": set(),
    "imports-are-released-early": {
        "lifetime.deleter-runs-once",  # the same call, seen by the exporter
        "lifetime.export-outlives-tensor",  # what was taken of the import has no owner either
        "lifetime.threads",  # nor has it where another thread drops it
    },
    "byte-offset-is-lost": READ_AS_DATA,
    "read-only-flag-is-lost": {
        "readonly.flag-travels",  # it asks NumPy, which knows only what the export says
    },
    "copied-flag-is-lost": {
        "cost.copy-memory",  # a copy that is not known as one is copied again
    },
    "buffers-are-unlocked": {
        "sharing.locks-follow-handles",  # the same lock, in a story
    },
}
"""The faults, and what else may rightly condemn each of them."""


@cache
def cases() -> tuple[Case, ...]:
    """A few of every family, and stories."""
    claims = claims_of(reference)
    sampled = (case for name in plan.FAMILIES for case in few(name)(claims, Random(0), EACH))
    return (*sampled, *story_search.examples("stories", claims, EACH, 0))


def few(name: str) -> plan.Family:
    """The family, as many cases of it at the most as are asked for."""

    def made(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
        found = list(dict.fromkeys(plan.FAMILIES[name](claims, random, limit)))
        yield from random.sample(found, min(limit, len(found)))

    return made


def condemned_by(faulty: Backend, tried: Iterable[Case]) -> frozenset[str]:
    gc.freeze()  # what is collected after every case is what the case has left
    try:
        return verdict(faulty, tried).broken
    finally:
        gc.unfreeze()


def from_numpy(case: Case) -> bool:
    """Whether memory of NumPy's is imported, whose deleter frees it again when called again."""
    block, imported = case.block, case.call.operation == "from_dlpack"
    if block is None:
        return imported or case.aspect == "story"
    own = block.twist or block.exporter == "own"
    return not own and (imported or block.exporter in DLPACK)


DLPACK = ("dlpack", "dlpack_old", "dlpack_ignores_copy", "capsule", "accelerated")


def told_after_release(case: Case) -> bool:
    """Whether memory is read and written that a fault has released: in stories, of capsules."""
    block = case.block
    return case.aspect == "story" or (block is not None and block.exporter == "capsule")


def far_from_its_pointer(case: Case) -> bool:
    """Whether the data pointer alone leads beyond the guards around the harness's memory."""
    return case.block is not None and case.block.twist == "pointer_256"


DANGEROUS: dict[str, Callable[[Case], bool]] = {
    "byte-offset-is-lost": far_from_its_pointer,
    "deleters-run-twice": from_numpy,
    "imports-are-released-early": told_after_release,
}
"""What is not tried in this process, as it corrupts its memory. A run tries it in workers."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_condemned_by_what_it_breaks_and_by_nothing_unrelated(name: str) -> None:
    tried = cases() if name not in DANGEROUS else filterfalse(DANGEROUS[name], cases())
    condemned = condemned_by(backend(name), tried)
    assert MEMBERS[name].breaks in condemned
    assert condemned <= {MEMBERS[name].breaks, *PLANTED[name]}


def test_the_reference_is_condemned_by_nothing_beside_its_mutants() -> None:
    assert all(backend(name) for name in PLANTED)
    assert not condemned_by(reference, cases())


def test_a_mutant_claims_what_the_reference_claims_and_has_no_class_in_common_with_it() -> None:
    made = backend("owners-leak")
    assert made.tensor_type is not reference.tensor_type
    mine, theirs = claims_of(made), claims_of(reference)
    assert replace(mine, name="", spelled=()) == replace(theirs, name="", spelled=())


@pytest.mark.parametrize("text", ["nowhere", "there and there"])
def test_an_edit_that_does_not_fit_exactly_once_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not once"):
        edited(text, {"there": "here"})


# --------------------------------------------------------------------------- the law

BY_A_TEST = {
    "value.lazy-bits-are-resolved": "test_a_pending_transform_that_is_lost_is_found",
    "value.lazy-exports-are-resolved": "test_an_export_without_its_pending_transform_is_found",
    "lifetime.shared-is-not-resizable":
    "test_a_tensor_that_outgrows_the_memory_it_shares_is_found",
    "readonly.warning-repeats": "test_a_warning_that_comes_once_in_a_process_is_not_repeated",
    "error.warnings-can-be-exceptions":
    "test_a_warning_that_is_swallowed_is_missed_where_warnings_are_errors",
    "lifetime.deleter-takes-the-gil": "test_a_deleter_that_does_not_wait_for_the_gil_is_condemned",
}  # fmt: skip
"""What is broken by a test of its own, which no table of faults has room for."""


def test_every_guarantee_that_is_scored_has_a_faulty_backend_that_it_condemns() -> None:
    tests = list(modules())
    tables = [each for module in tests for each in getattr(module, "FAULTS", ())]
    planted = {each.id if isinstance(each, Fault) else each[0] for each in tables}
    planted |= {member.breaks for member in MEMBERS.values()}
    named = {name for module in tests for name in vars(module)} | set(globals())
    planted |= {id for id, test in BY_A_TEST.items() if test in named}
    assert planted >= {g.id for g in TABLE.values() if g.level is not Level.OBSERVE}


def modules() -> Iterator[ModuleType]:
    """The tests of the guarantees, group by group."""
    for path in sorted((Path(__file__).parent / "guarantees").glob("test_*.py")):
        spec = spec_from_file_location(f"faults_of_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_a_deleter_that_does_not_wait_for_the_gil_is_condemned() -> None:
    """By what was seen of it: no deleter that is written in Python can fail to wait."""
    guarantee = TABLE["lifetime.deleter-takes-the-gil"]
    case = Case(Block(), call("as_tensor"), schedule="deleted without the GIL")
    with Judge(reference, [guarantee]) as judge:
        trial = judge.trial(case)
    assert guarantee.check(trial) is PASS
    hasty = replace(trial, life=Life(unlocked=Unlocked(waited=False)))
    assert isinstance(guarantee.check(hasty), Failure)
