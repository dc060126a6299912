"""The checks of the guarantees on every way of giving out a tensor."""

from __future__ import annotations

from math import prod

from tensorpact.cases.dtypes import STANDARD
from tensorpact.guarantees.dlpack_export_checks import UNDECIDED, both, given_by, in_place
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement
from tensorpact.guarantees.predicates import SPECIFIC, TELLING, is_telling
from tensorpact.guarantees.relations import SHARED
from tensorpact.probes.reads import same
from tensorpact.seen.export import Given, Taken
from tensorpact.trial import Relation, Trial


def class_is_telling(trial: Trial) -> Judgement:
    """A refusal has a class that says what happened."""
    raised = given_by(trial).raised
    if raised is None or is_telling(raised):
        return SKIP if raised is None else PASS
    demand = Demand("class", (*SPECIFIC, *TELLING))
    required = "TypeError, ValueError, BufferError or another specific class"
    return Failure(required, f"{raised}", demand)


def transform_is_carried_out(trial: Trial) -> Judgement:
    """Whoever takes the export reads the logical values, or nothing is given."""
    given = given_by(trial)
    giver = given.giver
    if given.raised is not None:
        return _withheld(trial, given)
    if giver.elements is None or giver.dtype is None:
        return SKIP
    read = [taken.elements for taken in given.taken if taken.dtype == giver.dtype]
    seen = [elements for elements in (given.elements, *read) if elements is not None]
    for elements in seen:
        if not same(elements, giver.elements, giver.dtype):
            return Failure(
                *both(giver.elements, elements, giver.dtype), Demand("exported elements")
            )
    return PASS if seen else SKIP


def protection_is_passed_on(trial: Trial) -> Judgement:
    """The memory of a read-only tensor is flagged or protected wherever it is given out."""
    given = given_by(trial)
    if given.raised is not None:
        return _withheld(trial, given)
    found = given.fields
    if found is not None and (found.copied or not in_place(given, found)):
        return SKIP
    if found is not None and found.readonly is None:
        return Failure("no export of the generation without flags", "a legacy capsule")
    if found is not None and not found.readonly:
        return Failure("the flag READ_ONLY", f"flags of {found.flags}")
    for taken in given.taken:
        if taken.writable and taken.writes.relation is not Relation.INDEPENDENT:
            return Failure("memory that cannot be written", f"{taken.by} wrote to it")
    return PASS if found is not None or _tried(given) else SKIP


def _withheld(trial: Trial, given: Given) -> Judgement:
    """Nothing is given: that keeps a promise, unless it was the argument that was refused."""
    argument = given.unknown_keyword or trial.case.call.get("stream") is not None
    return SKIP if argument else PASS


def _tried(given: Given) -> bool:
    return any(taken.writable is not None for taken in given.taken)


def _lent(trial: Trial) -> Taken | None:
    return next((t for t in given_by(trial).taken if t.raised is None), None)


def lends_its_elements(trial: Trial) -> Judgement:
    """The array or buffer has the tensor's dtype, shape and elements."""
    given, lent = given_by(trial), _lent(trial)
    giver = given.giver
    if given.contradiction:
        return Failure("items as wide as their format", f"items of {given.contradiction}")
    if lent is None and given.returned and giver.dtype in STANDARD:
        return Failure("something that NumPy can read", f"{given.taken[0].raised}")
    if lent is None or giver.dtype is None or giver.elements is None:
        return SKIP
    if lent.dtype != giver.dtype:
        return Failure(f"elements of {giver.dtype}", f"elements of {lent.dtype}")
    if lent.shape != giver.shape:
        return Failure(f"shape {giver.shape}", f"shape {lent.shape}")
    if lent.elements is None or same(lent.elements, giver.elements, giver.dtype):
        return PASS
    return Failure(*both(giver.elements, lent.elements, giver.dtype), Demand("exported elements"))


def lends_its_memory(trial: Trial) -> Judgement:
    """Writes to the tensor are seen in the array or buffer, and the other way round."""
    lent, giver = _lent(trial), given_by(trial).giver
    if lent is None or not prod(giver.shape):
        return SKIP
    if lent.writes.relation in (Relation.SHARED, *UNDECIDED):
        if lent.writes.relation is Relation.SHARED or lent.address == giver.address:
            return PASS
        return SKIP if giver.address is None else Failure(SHARED, "memory elsewhere")
    return Failure(SHARED, f"memory {lent.writes.relation}", Demand("exported memory", "shared"))
