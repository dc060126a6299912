"""The checks of the guarantees of the group device."""

from __future__ import annotations

from reftensor.rules import Need
from tensorpact.backends.protocol import Claims
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement, Note
from tensorpact.guarantees.predicates import (
    must_raise,
    refused_wrongly,
)
from tensorpact.guarantees.relations import is_independent
from tensorpact.trial import Relation, Result, Trial

_CPU = 1
_HOST_CODES = (_CPU, 3, 11, 13)
"""kDLCPU, and the kinds of DLPack whose memory the host can address as well."""


def on_expected_device(trial: Trial) -> Judgement:
    """A result that is returned lives on the expected device."""
    wanted, result = trial.expected.device, trial.observed.result
    if wanted is None or result is None or not result.is_tensor:
        return SKIP
    if result.device == wanted:
        return PASS
    seen = f"on {result.device or 'a device without a name'}"
    return Failure(f"a result on {wanted}", seen, Demand("device", wanted))


def stays_there(trial: Trial) -> Judgement:
    """An array of an accelerator is taken, and the result is on that accelerator."""
    if trial.observed.result is None:
        return refused_wrongly(trial, f"a result on {trial.expected.device}")
    return on_expected_device(trial)


def behaves_as_first_spelling(trial: Trial) -> Judgement:
    """The related call, with the device's first spelling, has the same outcome."""
    if trial.observed.unbuilt or not trial.related:
        return SKIP
    mine, other = _outcome(trial), _outcome(trial.related[0])
    if mine == other:
        return PASS
    demand = Demand("agreement", 0)
    if len(mine) != len(other):
        return Failure(f"as by its first spelling: {other[-1]}", mine[-1], demand)
    pairs = [pair for pair in zip(mine, other, strict=True) if pair[0] != pair[1]]
    seen, required = (", ".join(part) for part in zip(*pairs, strict=True))
    return Failure(f"as by its first spelling: {required}", seen, demand)


def _outcome(trial: Trial) -> tuple[str, ...]:
    """What is to be the same: dtype, device, identity and memory, or the exception alone."""
    result = trial.observed.result
    if result is None:
        return (f"raises {trial.observed.raised.name if trial.observed.raised else 'nothing'}",)
    itself = "the input itself" if result.same_object else "another tensor"
    memory = f"memory {result.relation}"
    return f"{result.dtype}", f"on {result.device}", itself, memory


def raises(trial: Trial) -> Judgement:
    """The call ends in an exception, whichever."""
    return must_raise(trial, "an exception: there is no such device")


def moved_apart(trial: Trial) -> Judgement:
    """A result on another device than its source has memory of its own."""
    result = trial.observed.result
    if result is None or result.device is None or Need.DEVICE not in trial.expected.needs:
        return SKIP
    return is_independent(trial) if result.device == trial.expected.device else SKIP


def raises_instead_of_copying(trial: Trial) -> Judgement:
    """Two devices that share one memory need no copy, and neither do no elements.

    Whether elements that overlap are shared cannot be told by writing them all.
    """
    result = trial.observed.result
    if Need.DEVICE not in trial.expected.needs or not trial.expected.accepted:
        return SKIP
    if result is not None and (result.relation is Relation.SHARED or 0 in result.shape):
        return SKIP
    if trial.observed.provided.aliased:
        return SKIP
    return must_raise(trial, "an exception: another device takes a copy, and copy=False forbids it")


def invents_nothing(trial: Trial) -> Judgement:
    """No result on a device with data comes of a source without any."""
    result = trial.observed.result
    if result is not None and result.device in trial.claims.dataless:
        return SKIP
    return must_raise(trial, "an exception: the source holds no values")


def tells_the_truth(trial: Trial) -> Judgement:
    """The device that the result reports, the one that it exports and its memory agree."""
    result, claims = trial.observed.result, trial.claims
    if result is None or result.device is None or result.export is None:
        return SKIP
    if result.export.device is None:
        return SKIP
    kind, number = result.export.device
    on_host = kind in _HOST_CODES
    gives = f"__dlpack_device__ gives {result.export.device}"
    if on_host == (result.device in claims.unaddressable):
        return Failure(f"an export that says where it is, on {result.device}", gives)
    if kind == _CPU and number and _speaks_dlpack(claims):
        return Failure("0, the number of all plain memory of the host", gives)
    if (neighbour := _namesake(trial, result)) is not None and not on_host:
        return Failure("another number than that of every other device", f"{gives} on {neighbour}")
    there = result.read("memory")
    if there is None or there == result.read():
        return PASS
    return Failure("its elements at the address that it names", "other bytes stand there")


def _speaks_dlpack(claims: Claims) -> bool:
    """Whether dlpack.h binds the library, which sets the number of the CPU; nobody reads it."""
    return any(authority == "dlpack" for authority, _ in claims.authorities)


def _namesake(trial: Trial, result: Result) -> str | None:
    """Another device on which a result of the same call exports the same type and number."""
    for other in trial.related:
        found = other.observed.result
        if found is None or found.export is None or found.device in (None, result.device):
            continue
        if result.export is not None and found.export.device == result.export.device:
            return f"{result.device} and on {found.device}"
    return None


def becomes_of_it(trial: Trial) -> Judgement:
    """Notes the exception, or whether the dtype is the one that the device lacks."""
    result, raised = trial.observed.result, trial.observed.raised
    if result is None:
        return Note(f"raises {raised.name}") if raised is not None else SKIP
    wanted = trial.case.call.dtype or trial.expected.carried
    return Note(f"gives {'the same' if result.dtype == wanted else 'another'} dtype")
