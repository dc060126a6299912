"""The checks of the guarantees of the group sharing."""

from __future__ import annotations

import mmap

from reftensor.rules import Memory, Need
from tensorpact.cases.dtypes import itemsize
from tensorpact.cases.layouts import aliased
from tensorpact.expectation import reads_raw
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement
from tensorpact.guarantees.predicates import described, refusal_kept, refused_wrongly
from tensorpact.guarantees.relations import (
    SHARED,
    described_memory,
    is_shared,
    may_be_copied,
    nothing_was_lent,
    reads_part,
    reads_swapped,
    shares,
)
from tensorpact.trial import Relation, Result, Seen, Trial

FEW_PAGES = 64
FEW_BYTES = 1024 * FEW_PAGES
"""So many new pages a call may touch, and bytes keep, whatever the number of elements is."""


def returned_itself(trial: Trial) -> Judgement:
    """torch.as_tensor returns the very tensor; for the others it is enough to share."""
    result, case = trial.observed.result, trial.case
    if trial.expected.memory is not Memory.SAME or result is None:
        return shares(trial)
    if result.same_object:
        return PASS
    operation = case.call.operation
    if result.device != trial.expected.device:
        return SKIP
    if operation == "as_tensor" and trial.claims.claims("torch", operation):
        seen = f"another object over {described_memory(result)}"
        return Failure("the tensor itself", seen, Demand("itself", True))
    return shares(trial)


def shares_or_is_itself(trial: Trial) -> Judgement:
    """One memory, or even one object."""
    result = trial.observed.result
    return PASS if result is not None and result.same_object else shares(trial)


def never_copies(trial: Trial) -> Judgement:
    """Whatever copy=False returns shares."""
    result, expected = trial.observed.result, trial.expected
    if result is None:
        return refusal_kept(trial) if expected.memory is Memory.REFUSE else SKIP
    if not result.is_tensor or Need.DEVICE in expected.needs or not expected.accepted:
        return SKIP
    if result.same_object:
        return PASS
    if trial.case.block is None:
        required = "an exception: numbers have no memory to share"
        return Failure(required, described(trial), Demand("refusal", ()))
    if reads_part(trial.case) or reads_swapped(trial):
        return SKIP
    return is_shared(result)


def refused_by_value_error(trial: Trial) -> Judgement:
    """Where nothing but copy=False stands in the way, the exception says so."""
    expected, raised = trial.expected, trial.observed.raised
    if raised is None or expected.memory is not Memory.REFUSE or not expected.accepted:
        return SKIP
    if raised.by_input or nothing_was_lent(trial):  # what an exporter raises passes through
        return SKIP
    block = trial.case.block
    if block is not None and (block.twist or block.dtype not in trial.claims.dtypes):
        return SKIP  # there is another reason to refuse it
    layout_alone = expected.needs == {Need.LAYOUT}
    if expected.refusal is not None or (expected.may_refuse and not layout_alone):
        return SKIP
    demand = Demand("refusal", ("ValueError",))
    return PASS if raised.is_a("ValueError") else Failure("ValueError", f"raised {raised}", demand)


def succeeds_without_copy(trial: Trial) -> Judgement:
    """copy=False is no reason to refuse what can be shared."""
    if trial.expected.memory not in (Memory.SHARE, Memory.SAME) or trial.observed.unbuilt:
        return SKIP
    if may_be_copied(trial.case, trial.claims):
        return SKIP
    if trial.observed.result is not None:
        return PASS
    nothing = trial.case.block is not None and 0 in trial.case.block.shape
    if nothing and reads_raw(trial.case, trial.claims):
        return SKIP
    if trial.case.block is not None and trial.case.block.twist:
        return SKIP
    return refused_wrongly(trial, f"a result over {SHARED}")


def shares_buffer(trial: Trial) -> Judgement:
    """The buffer, or the part of it that was asked for, is the result's memory."""
    if not reads_part(trial.case):
        return shares(trial)
    result, address = trial.observed.result, trial.observed.provided.address
    if result is None or not trial.expected.accepted or trial.expected.refusal is not None:
        return SKIP
    if not result.read() or result.relation is Relation.UNKNOWN:
        return SKIP
    if may_be_copied(trial.case, trial.claims):
        return SKIP
    if _misaligned_by_offset(trial) and "misaligned" in trial.claims.limits:
        return SKIP
    if not _reaches(result):
        required = "that part of the buffer's own memory"
        return Failure(required, described_memory(result), Demand("memory", "shared"))
    offset = trial.case.call.get("offset") or 0
    if result.address is None or address is None or result.address == address + int(offset):
        return PASS
    return Failure(f"memory {offset} bytes into the buffer", f"{result.address - address} bytes")


def _reaches(result: Result) -> bool:
    """Whether a part of a buffer is shared: its writes show in some of the buffer's bytes."""
    writes = result.writes
    inward = writes.source_to_result in (Seen.EVERYWHERE, Seen.PARTLY)
    return inward and writes.result_to_source in (Seen.EVERYWHERE, Seen.PARTLY, Seen.UNKNOWN)


def keeps_overlap(trial: Trial) -> Judgement:
    """Elements that are one in the source are one in the result."""
    judgement, result = shares(trial), trial.observed.result
    if judgement is not PASS or result is None or result.strides is None or result.dtype is None:
        return judgement
    if aliased(result.shape, result.strides, itemsize(result.dtype)):
        return PASS
    return Failure("elements that overlap as in the source", f"strides of {result.strides} bytes")


def shares_onward(trial: Trial) -> Judgement:
    """A view of a sharing result, and an export of it, lead to the source's memory."""
    result = trial.observed.result
    if result is None or result.relation is not Relation.SHARED:
        return SKIP
    if result.view in (Seen.NOWHERE, Seen.PARTLY):
        return Failure(f"a slice that is {SHARED}", f"its writes are seen {result.view}")
    exported = result.export.address if result.export is not None else None
    if exported is None or result.address is None or result.device in trial.claims.unaddressable:
        return SKIP if result.view is Seen.UNKNOWN else PASS
    if exported == result.address:
        return PASS
    return Failure("an export of the same memory", "an export of memory elsewhere")


def touches_little(trial: Trial) -> Judgement:
    """Sharing leaves the elements alone: it touches none of their pages."""
    observed, expected = trial.observed, trial.expected
    result, extent = observed.result, observed.provided.extent
    if expected.memory is not Memory.SHARE or result is None or extent is None:
        return SKIP
    if observed.touched is None or not expected.accepted or may_be_copied(trial.case, trial.claims):
        return SKIP
    if observed.touched <= FEW_PAGES:
        if observed.kept is None or observed.kept <= FEW_BYTES:
            return PASS
        return Failure(f"at most {FEW_BYTES} bytes allocated", f"{observed.kept} bytes")
    pages = (extent[1] - extent[0]) // mmap.PAGESIZE
    return Failure(
        f"at most {FEW_PAGES} pages of memory touched, however many the elements fill",
        f"{observed.touched} touched, where the elements fill {pages}",
    )


def _misaligned_by_offset(trial: Trial) -> bool:
    """Whether the part of the buffer that is read begins at no multiple of the itemsize."""
    offset, dtype = trial.case.call.get("offset") or 0, trial.expected.dtype
    address = trial.observed.provided.address
    if dtype is None or address is None or not isinstance(offset, int):
        return False
    return bool((address + offset) % itemsize(dtype))
