"""Judging memory: one that is shared, one of its own, and what is neither."""

from __future__ import annotations

from reftensor.rules import Memory
from tensorpact.backends.protocol import Claims
from tensorpact.capsules.handshake import CAPSULE
from tensorpact.cases.live import UNREAD
from tensorpact.cases.model import DLPACKS, Block, Case
from tensorpact.expectation import layout_traits, may_be_unaligned, reads_raw
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement
from tensorpact.guarantees.predicates import refused_wrongly
from tensorpact.trial import Relation, Result, Trial

SHARED = "the source's own memory, writes seen both ways at every element"
APART = Demand("memory", "independent")
INDEPENDENT = "memory of its own, which no write to the source reaches"

BUFFERS = ("array.array", "bytearray", "memoryview", "mmap")
_SHARING = (Memory.SHARE, Memory.SAME)


# --------------------------------------------------------------------------- of a case


def in_first_spelling(case: Case) -> bool:
    """No device is asked for, or one by the first of its spellings."""
    device = case.call.get("device")
    return device is None or (isinstance(device, str) and device.endswith("#0"))


def default_is_moot(case: Case) -> bool:
    """Whether a default device has no say: none is set, another is asked for, or the operation
    does nothing but share.

    It has none over own tensors either, but a library in which it has moves them, for which
    `device.carried-device-is-kept` condemns it once.
    """
    if not case.state.default_device or case.call.device is not None:
        return True
    return case.call.operation in ("from_numpy", "frombuffer", "from_dlpack")


def written_block(case: Case) -> Block | None:
    """The block, when the probes read and write it."""
    block = case.block
    return block if block is not None and block.content not in UNREAD else None


def reads_part(case: Case) -> bool:
    """Whether only a part of a buffer is asked for."""
    return case.call.given("offset") or case.call.given("count")


def may_be_copied(case: Case, claims: Claims) -> bool:
    """Whether memory that could be shared may be copied all the same.

    Memory that the source forbids to write; any memory that can be written later, by a
    library whose arrays never change; and what does not lie as the library needs it.
    """
    block = case.block
    if may_be_unaligned(case, claims):
        return True
    own = block is not None and block.exporter == "own"
    return (block is not None and block.readonly) or (not claims.mutable and not own)


# --------------------------------------------------------------------------- of a trial


def shares(trial: Trial) -> Judgement:
    """Where the rules share, source and result are one memory; a refusal must be allowed.

    Whether an unusual DLPack export may be refused is for the group dlpack to judge, and whether
    a library can export from a device of its own for the guarantees of exports.
    """
    expected, result = trial.expected, trial.observed.result
    if expected.memory not in _SHARING or not expected.accepted or expected.refusal is not None:
        return SKIP
    if may_be_copied(trial.case, trial.claims) or trial.observed.unbuilt:
        return SKIP
    if trial.case.block is None or 0 in trial.case.block.shape or reads_swapped(trial):
        return SKIP
    if result is None:
        elsewhere = trial.case.block.twist or _exported_by_itself(trial)
        may_fail = elsewhere or export_may_fail(trial.case, trial.claims)
        return SKIP if may_fail else refused_wrongly(trial, SHARED)
    if expected.device is not None and result.device not in (expected.device, None):
        return SKIP
    return is_shared(result)


def _exported_by_itself(trial: Trial) -> bool:
    """Whether the library imports what it exports from a device that the host cannot address."""
    block = trial.case.block
    own = block is not None and block.exporter == "own" and block.device != ""
    away = own and block is not None and block.device in trial.claims.unaddressable
    return away and trial.case.call.operation == "from_dlpack"


def reads_swapped(trial: Trial) -> bool:
    """Whether bytes of a foreign order are read raw: then the numbers cannot be compared."""
    block = trial.case.block
    return block is not None and block.foreign_order and reads_raw(trial.case, trial.claims)


def is_shared(result: Result) -> Judgement:
    """Whether the probes saw one memory; nothing, where they could not see."""
    if not result.is_tensor or not result.read() or result.relation is Relation.UNKNOWN:
        return SKIP
    if result.relation is Relation.SHARED:
        return PASS
    return Failure(SHARED, described_memory(result), Demand("memory", "shared"))


def is_independent(trial: Trial) -> Judgement:
    """The result is not the input, and no write to either reaches the other."""
    result = trial.observed.result
    if result is None or not result.is_tensor:
        return SKIP
    if result.same_object:
        return Failure(INDEPENDENT, "returned the input itself", APART)
    if _lies_in_source(trial, result):
        return Failure(INDEPENDENT, "its elements lie in the source's memory", APART)
    if result.relation is Relation.UNKNOWN:
        return SKIP
    if result.relation is Relation.INDEPENDENT:
        return PASS
    return Failure(INDEPENDENT, described_memory(result), APART)


def _lies_in_source(trial: Trial, result: Result) -> bool:
    extent = trial.observed.provided.extent
    if extent is None or result.address is None or not result.read():
        return False
    return extent[0] <= result.address < extent[1]


def described_memory(result: Result) -> str:
    """The relation in words, with what the writes showed."""
    writes = result.writes
    text = (
        f"{writes.relation}: writes to the source seen {writes.source_to_result}, "
        f"to the result {writes.result_to_source}"
    )
    return f"{text}, some outside its elements" if writes.stray else text


def nothing_was_lent(trial: Trial) -> bool:
    """Whether a DLPack exporter was asked for its memory, and refused every time."""
    asks = [ask for ask in trial.observed.handshake if ask.method == CAPSULE]
    return bool(asks) and not any(ask.answered for ask in asks)


def export_may_fail(case: Case, claims: Claims) -> bool:
    """Whether DLPack may be refused: for autograd, pending transforms, devices without data,
    alignment, and what a capsule can no longer be asked."""
    block, operation = case.block, case.call.operation
    if block is None or (operation != "from_dlpack" and block.exporter not in DLPACKS):
        return False
    if block.grad or block.lazy or block.device in claims.dataless:
        return True
    fixed = block.exporter == "capsule" and (case.call.given("device") or case.call.given("copy"))
    return fixed or "misaligned" in layout_traits(block)
