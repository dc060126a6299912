"""sharing: when memory is reused."""

from __future__ import annotations

import mmap

from reftensor.rules import Memory, Need
from tensorpact.backends.protocol import Claims
from tensorpact.cases.build import UNTOUCHED, truth_strides
from tensorpact.cases.dtypes import itemsize
from tensorpact.cases.layouts import aliased
from tensorpact.cases.model import Block, Case
from tensorpact.expectation import reads_raw
from tensorpact.guarantees.authorities import (
    dlpack,
    numpy,
    pep3118,
    safety,
    std,
    std_topic,
    torch,
)
from tensorpact.guarantees.model import PASS, SKIP, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.predicates import SHARE, described, refused_wrongly
from tensorpact.guarantees.relations import (
    BUFFERS,
    DLPACKS,
    SHARED,
    described_memory,
    in_first_spelling,
    is_shared,
    may_be_copied,
    reads_part,
    reads_swapped,
    shares,
    written_block,
)
from tensorpact.trial import Relation, Result, Seen, Trial

TITLE = "when memory is reused"

_FEW_PAGES = 64
"""So many new pages a call may touch that has nothing to do with the number of elements."""


# --------------------------------------------------------------------------- checks


def returned_itself(trial: Trial) -> Judgement:
    """torch.as_tensor returns the very tensor; for the others it is enough to share."""
    result, case = trial.observed.result, trial.case
    if trial.expected.memory is not Memory.SAME or result is None:
        return shares(trial)
    if result.same_object:
        return PASS
    operation = case.call.operation
    if operation == "as_tensor" and trial.claims.claims("torch", operation):
        return Failure("the tensor itself", f"another object over {described_memory(result)}")
    return shares(trial)


def shares_or_is_itself(trial: Trial) -> Judgement:
    result = trial.observed.result
    return PASS if result is not None and result.same_object else shares(trial)


def never_copies(trial: Trial) -> Judgement:
    """Whatever copy=False returns shares."""
    result, expected = trial.observed.result, trial.expected
    if result is None:
        return PASS if expected.memory is Memory.REFUSE else SKIP
    if not result.is_tensor or Need.DEVICE in expected.needs or not expected.accepted:
        return SKIP
    if result.same_object:
        return PASS
    if trial.case.block is None:
        return Failure("an exception: numbers have no memory to share", described(trial))
    if reads_part(trial.case) or reads_swapped(trial):
        return SKIP
    return is_shared(result)


def refused_by_value_error(trial: Trial) -> Judgement:
    """Where nothing but copy=False stands in the way, the exception says so."""
    expected, raised = trial.expected, trial.observed.raised
    if raised is None or expected.memory is not Memory.REFUSE or not expected.accepted:
        return SKIP
    layout_alone = expected.needs == {Need.LAYOUT}
    if expected.refusal is not None or (expected.may_refuse and not layout_alone):
        return SKIP
    return PASS if raised.is_a("ValueError") else Failure("ValueError", f"raised {raised}")


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
    return refused_wrongly(trial, f"a result over {SHARED}")


def shares_buffer(trial: Trial) -> Judgement:
    """The buffer, or the part of it that was asked for, is the result's memory."""
    if not reads_part(trial.case):
        return shares(trial)
    result, address = trial.observed.result, trial.observed.provided.address
    if result is None or not trial.expected.accepted or trial.expected.refusal is not None:
        return SKIP
    if not result.read() or result.relation is Relation.UNKNOWN or may_be_copied(trial.case, trial.claims):
        return SKIP
    if not _reaches(result):
        return Failure("that part of the buffer's own memory", described_memory(result))
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
    if observed.touched <= _FEW_PAGES:
        return PASS
    pages = (extent[1] - extent[0]) // mmap.PAGESIZE
    return Failure(
        f"at most {_FEW_PAGES} pages of memory touched, however many the elements fill",
        f"{observed.touched} touched, where the elements fill {pages}",
    )


# --------------------------------------------------------------------------- cases


def _plain(case: Case) -> Block | None:
    """A block that the probes write, under no default device, in a plain call."""
    if case.state.default_device or not in_first_spelling(case):
        return None
    if case.call.get("requires_grad"):
        return None
    block = written_block(case)
    return None if block is None or block.dtype.startswith("code:") else block


def _overlaps(block: Block) -> bool:
    return aliased(block.shape, truth_strides(block), itemsize(block.dtype))


def _array(case: Case, _: Claims) -> bool:
    block = _plain(case)
    kinds = ("ndarray", "subclass", "array_interface", "array_protocol", "array_protocol_old")
    if block is None or block.exporter not in kinds or case.call.given("copy"):
        return False
    return not _overlaps(block)


def _own(case: Case, _: Claims) -> bool:
    block = case.block
    if block is None or block.exporter != "own" or case.state.default_device:
        return False
    given = case.call.given("copy") or case.call.given("requires_grad")
    return in_first_spelling(case) and not given


def _copy_none(case: Case, _: Claims) -> bool:
    block = _plain(case)
    if block is None or not case.call.given("copy") or case.call.get("copy") is not None:
        return False
    return not (case.call.given("requires_grad") or block.lazy)


def _copy_false(case: Case, _: Claims) -> bool:
    return case.call.copy is False and not case.state.default_device


def _copy_false_block(case: Case, _: Claims) -> bool:
    return _plain(case) is not None and case.call.copy is False


def _buffer(case: Case, _: Claims) -> bool:
    block = _plain(case)
    if block is None or block.exporter not in BUFFERS or case.call.given("copy"):
        return False
    # Bytes that are no boolean cannot be told apart once they are read as booleans.
    return not (case.call.dtype == "bool" != block.dtype)


def _dlpack(case: Case, _: Claims) -> bool:
    block = _plain(case)
    if block is None or case.call.given("copy"):
        return False
    from_any = case.call.operation == "from_dlpack" and not block.lazy
    return (from_any or block.exporter in DLPACKS) and not _overlaps(block)


def _overlapping(case: Case, _: Claims) -> bool:
    block = _plain(case)
    if block is None or case.call.given("copy") or block.exporter == "own":
        return False
    return _overlaps(block)


def _memmap(case: Case, _: Claims) -> bool:
    block = _plain(case)
    return block is not None and block.exporter == "memmap" and not case.call.given("copy")


def _shareable(case: Case, claims: Claims) -> bool:
    return claims.mutable and written_block(case) is not None


def _untouched(case: Case, _: Claims) -> bool:
    return case.block is not None and case.block.content == UNTOUCHED


# --------------------------------------------------------------------------- the table

_ARRAYS_ARE_SHARED = (
    std("asarray", "parameter copy"),
    torch("as_tensor", "NumPy arrays"),
    torch("asarray", "sharing by default"),
    torch("from_numpy", "description"),
    numpy("asarray", "parameter copy"),
)
_IMPORTS_SHARE = (
    std("from_dlpack", "parameter copy"),
    dlpack("python_spec", "semantics: zero-copy where possible", "from_dlpack"),
    torch("from_dlpack", "description"),
)

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="sharing.array-is-shared",
        level=Level.MUST,
        sentence=(
            "An array of a supported dtype on the requested device, whose layout the library can "
            "describe, is shared, whatever its rank, size, order, alignment or class."
        ),
        why=(
            "A program that fills the array afterwards computes on a stale copy; one that relied "
            "on sharing for its size runs out of memory."
        ),
        operations=("as_tensor", "asarray", "from_numpy"),
        promised_by=_ARRAYS_ARE_SHARED,
        applies=_array,
        check=shares,
    ),
    Guarantee(
        id="sharing.own-tensor-is-returned",
        level=Level.MUST,
        sentence=(
            "A tensor that has the requested dtype and device already is shared; as_tensor "
            "returns that very object."
        ),
        why="Normalising an argument copies it at every call, and updates to it get lost.",
        operations=("as_tensor", "asarray"),
        promised_by=(
            torch("as_tensor", "data that is a tensor already"),
            torch("asarray", "sharing by default"),
            std("asarray", "parameter copy"),
            numpy("asarray", "returns"),
        ),
        applies=_own,
        check=returned_itself,
    ),
    Guarantee(
        id="sharing.copy-none-shares",
        level=Level.MUST,
        sentence="copy=None, written out, reuses the memory wherever that is possible.",
        why="Code that hands its own `copy` parameter on gets copies where it meant the default.",
        operations=("asarray", "from_dlpack"),
        promised_by=(
            std("asarray", "parameter copy"),
            std("from_dlpack", "parameter copy"),
            torch("asarray", "parameter copy"),
            torch("from_dlpack", "parameter copy"),
            numpy("asarray", "parameter copy"),
            numpy("from_dlpack", "parameter copy"),
        ),
        applies=_copy_none,
        check=shares_or_is_itself,
    ),
    Guarantee(
        id="sharing.copy-false-never-copies",
        level=Level.MUST,
        sentence="copy=False returns a result that shares, or raises; it never copies.",
        why="The one way to be sure of a view gives a copy: writes to it go nowhere.",
        operations=("asarray", "from_dlpack"),
        promised_by=(
            std("asarray", "parameter copy"),
            std("from_dlpack", "parameter copy"),
            torch("asarray", "parameter copy"),
            numpy("asarray", "parameter copy"),
            numpy("from_dlpack", "parameter copy"),
        ),
        applies=_copy_false,
        check=never_copies,
    ),
    Guarantee(
        id="sharing.copy-false-raises-value-error",
        level=Level.MUST,
        sentence=(
            "Where copy=False would need a copy, for a dtype, a device, a sequence or a scalar, "
            "the exception is a ValueError."
        ),
        why="The fallback that copies on purpose is written for ValueError, and is never reached.",
        operations=("asarray",),
        promised_by=(std("asarray", "parameter copy"), numpy("asarray", "parameter copy")),
        applies=_copy_false,
        check=refused_by_value_error,
    ),
    Guarantee(
        id="sharing.copy-false-accepts-zero-copy",
        level=Level.MUST,
        sentence="copy=False succeeds wherever the source can be shared.",
        why="A caller who insists on no copy is sent away although none was needed.",
        operations=("asarray",),
        promised_by=(
            std("asarray", "parameter copy"),
            torch("asarray", "parameter copy"),
            numpy("asarray", "parameter copy"),
        ),
        applies=_copy_false_block,
        check=succeeds_without_copy,
    ),
    Guarantee(
        id="sharing.buffer-is-shared",
        level=Level.MUST,
        sentence=(
            "A writable buffer is shared both ways, from the byte on where the reading starts."
        ),
        why="Samples that arrive in the buffer later never show in the tensor.",
        operations=("frombuffer", "asarray"),
        promised_by=(
            torch("frombuffer", "description"),
            torch("asarray", "objects with the buffer protocol"),
            std("asarray", "parameter copy"),
            numpy("frombuffer", "notes"),
            numpy("asarray", "parameter copy"),
            pep3118("Py_buffer: a view of the exporter's memory", "frombuffer"),
        ),
        applies=_buffer,
        check=shares_buffer,
    ),
    Guarantee(
        id="sharing.dlpack-is-zero-copy",
        level=Level.MUST,
        sentence="Importing a DLPack export without asking for a copy shares its memory.",
        why="Two libraries that were to work on one array in turns work on two.",
        operations=("as_tensor", "asarray", "from_dlpack"),
        promised_by=(
            *_IMPORTS_SHARE,
            torch("asarray", "DLPack capsules"),
            std_topic("design_topics/data_interchange", "zero-copy semantics", "from_dlpack"),
        ),
        applies=_dlpack,
        check=shares,
    ),
    Guarantee(
        id="sharing.overlap-is-kept",
        level=Level.MUST,
        sentence=(
            "A source whose elements overlap, by a stride of zero or a sliding window, is shared "
            "with the same overlap, where the library can describe it."
        ),
        why="A sliding window over a gigabyte is a view; written out it is a terabyte.",
        operations=SHARE,
        promised_by=(*_ARRAYS_ARE_SHARED, *_IMPORTS_SHARE),
        applies=_overlapping,
        check=keeps_overlap,
    ),
    Guarantee(
        id="sharing.memmap-is-shared",
        level=Level.MUST,
        sentence="Writes to a tensor over a writable memory map reach the file.",
        why="Results that a program writes to its file are not in the file.",
        operations=("as_tensor", "asarray", "from_numpy"),
        promised_by=_ARRAYS_ARE_SHARED,
        applies=_memmap,
        check=shares,
    ),
    Guarantee(
        id="sharing.views-share-onward",
        level=Level.MUST,
        sentence=(
            "Slices of a sharing result share with the source too, where slices are views, and "
            "so does exporting it again."
        ),
        why="The row that is updated is a row of something else.",
        operations=SHARE,
        promised_by=(safety("sharing does not end with the first step", *SHARE),),
        applies=_shareable,
        check=shares_onward,
    ),
    Guarantee(
        id="sharing.cost-is-constant",
        level=Level.MUST,
        sentence=(
            "Sharing takes time and memory that do not grow with the number of elements: it "
            "reads and writes none of them."
        ),
        why="Wrapping an array is done at every call; reading a gigabyte each time is not free.",
        operations=SHARE,
        promised_by=(safety("no hidden pass over the data", *SHARE),),
        applies=_untouched,
        check=touches_little,
    ),
)
