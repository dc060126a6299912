"""The checks of the guarantees on exports."""

from __future__ import annotations

from math import prod

from reftensor.dlpack import IS_COPIED
from tensorpact.capsules.fields import DTYPES, HOST_CODES, Fields
from tensorpact.cases.dtypes import itemsize
from tensorpact.cases.layouts import compact
from tensorpact.guarantees import dlpack_export_cases as cases
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement, Note
from tensorpact.guarantees.relations import INDEPENDENT, SHARED
from tensorpact.probes.reads import numbers, same
from tensorpact.seen.export import Given
from tensorpact.trial import Relation, Trial

_ALIGNED = 256
_APART = Demand("exported memory", "independent")
UNDECIDED = (Relation.UNKNOWN, Relation.ONE_WAY, Relation.SEPARATED_LATE)


def given_by(trial: Trial) -> Given:
    """What the tensor of an export gave."""
    return trial.given or Given()


# --------------------------------------------------------------------------- the capsule


def tells_the_truth(trial: Trial) -> Judgement:
    """Shape, dtype and strides are the tensor's; its elements are where they are said to be."""
    given = given_by(trial)
    if not given.returned:
        return SKIP
    if given.fields is None:
        return Failure("a capsule of DLPack", f"a {given.type_name}")
    if not given.fields.known or given.giver.dtype is None:
        return SKIP
    return _description(given, given.fields) or _contents(trial, given, given.fields) or PASS


def _description(given: Given, found: Fields) -> Failure | None:
    giver = given.giver
    if (found.ndim, found.shape) != (len(giver.shape), giver.shape):
        return Failure(f"shape {giver.shape}", f"{found.ndim} dimensions, shape {found.shape}")
    wanted = DTYPES.get(giver.dtype or "")
    if wanted is not None and found.dtype != wanted:
        return Failure(f"code, bits and lanes {wanted} for {giver.dtype}", f"{found.dtype}")
    if found.strides is None or found.copied or not in_place(given, found):
        return None
    return _strides(given, found)


def in_place(given: Given, found: Fields) -> bool:
    """Whether an export begins at the tensor's own first element."""
    return given.giver.address is not None and found.address == given.giver.address


def _strides(given: Given, found: Fields) -> Failure | None:
    """Only those of dimensions longer than one are ever used."""
    giver = given.giver
    if giver.strides is None or giver.dtype is None or not prod(giver.shape):
        return None
    exported = found.byte_strides(itemsize(giver.dtype))
    pairs = zip(giver.shape, giver.strides, exported, strict=True)
    if all(mine == theirs for length, mine, theirs in pairs if length > 1):
        return None
    return Failure(f"strides of {giver.strides} bytes", f"{exported} bytes")


def _contents(trial: Trial, given: Given, found: Fields) -> Failure | None:
    giver, block = given.giver, trial.case.block
    if given.unreadable:
        return Failure("elements in memory of the process", "no such memory")
    if given.elements is None or giver.elements is None or giver.dtype is None:
        return None
    if block is None or block.lazy or same(given.elements, giver.elements, giver.dtype):
        return None
    return Failure(*both(giver.elements, given.elements, giver.dtype))


def both(wanted: bytes, seen: bytes, dtype: str) -> tuple[str, str]:
    """The first elements of what was wanted and what was seen, as numbers."""
    return f"{numbers(wanted, dtype)[:6]}", f"{numbers(seen, dtype)[:6]}"


def is_in_place(trial: Trial) -> Judgement:
    """The export is the tensor's own memory, and does not claim to be a copy.

    One that is described wrongly is for dlpack.true-metadata to judge. Negative strides may make
    a copy necessary, and the producer is the one who says so.
    """
    given = given_by(trial)
    found = given.fields
    if found is None or tells_the_truth(trial) is not PASS or not prod(given.giver.shape):
        return SKIP
    if any(step < 0 for step in given.giver.strides or ()):
        return SKIP
    if found.copied:
        return Failure("an export of the tensor's own memory", "one that is flagged as a copy")
    for taken in given.taken:
        if taken.writes.relation not in (*UNDECIDED, Relation.SHARED):
            demand = Demand("exported memory", "shared")
            return Failure(SHARED, f"by {taken.by}: {taken.writes.relation}", demand)
    if given.giver.address is None:
        decided = any(taken.writes.relation is Relation.SHARED for taken in given.taken)
        return PASS if decided else SKIP
    if found.address == given.giver.address:
        return PASS
    return Failure("the address of the first element", f"{found.address - given.giver.address:+d}")


def is_copied(trial: Trial) -> Judgement:
    """copy=True gives memory that no write to the tensor reaches."""
    given = given_by(trial)
    found = given.fields
    if found is None or not found.known:
        return SKIP
    for taken in given.taken:
        if taken.writes.relation not in (*UNDECIDED, Relation.INDEPENDENT):
            return Failure(INDEPENDENT, f"by {taken.by}: {taken.writes.relation}", _APART)
    if given.giver.address is not None and found.address == given.giver.address:
        same_kind = given.giver.dlpack_device == found.device
        return Failure(INDEPENDENT, "the tensor's own address", _APART) if same_kind else SKIP
    decided = any(taken.writes.relation is Relation.INDEPENDENT for taken in given.taken)
    return PASS if decided or given.giver.address is not None else SKIP


def is_flagged_as_copy(trial: Trial) -> Judgement:
    """A versioned export with copy=True that is a copy says so."""
    found = given_by(trial).fields
    if found is None or found.copied is None or is_copied(trial) is not PASS:
        return SKIP
    if found.copied:
        return PASS
    return Failure("the flag IS_COPIED", f"flags of {found.flags}", Demand("flag", IS_COPIED))


def honours_version(trial: Trial) -> Judgement:
    """The generation that the consumer knows, or where there is none a BufferError."""
    given, asked = given_by(trial), cases.asked_version(trial.case)
    wants_versioned = asked is not None and asked >= (1, 0)
    block = trial.case.block
    if given.unknown_keyword and not trial.case.call.given("max_version"):
        return SKIP
    if given.raised is not None:
        allowed = not wants_versioned and given.raised.is_a("BufferError")
        if allowed or (block is not None and block.readonly and not wants_versioned):
            return PASS
        return Failure("a capsule", f"raised {given.raised}")
    if given.fields is None:
        return SKIP
    version = given.fields.version
    if version is None:
        demand = Demand("capsule name", "dltensor_versioned")
        return (
            Failure("a versioned capsule", given.fields.name, demand) if wants_versioned else PASS
        )
    if asked is None or not wants_versioned:
        demand = Demand("capsule name", "dltensor")
        return Failure("a legacy capsule", f"one of version {version[0]}.{version[1]}", demand)
    if version[0] <= asked[0]:
        return PASS
    return Failure(f"version {asked[0]} at the most", f"version {version[0]}.{version[1]}")


def takes_no_stream(trial: Trial) -> Judgement:
    """A stream is refused, and None is none; BufferError speaks of something else."""
    given = given_by(trial)
    if given.unbuilt or given.unknown_keyword or cases.obstacle(trial.case, trial.claims):
        return SKIP
    if trial.case.call.get("stream") is None:
        if given.raised is None:
            return PASS
        return SKIP if given.raised.is_a("BufferError") else Failure("an export", f"{given.raised}")
    if given.raised is not None:
        return PASS
    seen = f"returned a {given.type_name}"
    return Failure("an exception: the host has no streams", seen, Demand("refusal", ()))


def is_on_asked_device(trial: Trial) -> Judgement:
    """What is exported for a device is there; all kinds of host memory are one place."""
    asked, found = cases.asked_device(trial.case), given_by(trial).fields
    if asked is None or found is None or not found.known:
        return SKIP
    both_host = asked[0] in HOST_CODES and found.device[0] in HOST_CODES
    if both_host or found.device == asked:
        return PASS
    return Failure(f"an export on device {asked}", f"on device {found.device}")


def raises_buffer_error(trial: Trial) -> Judgement:
    """Refused by BufferError; what could be exported all the same proves nothing."""
    given = given_by(trial)
    if _is_at_home(trial, given) or given.unknown_keyword:
        return SKIP
    if given.raised is not None:
        if given.raised.is_a("BufferError"):
            return PASS
        demand = Demand("refusal", ("BufferError",))
        return Failure("BufferError", f"raised {given.raised}", demand)
    return _never_moved(trial, given)


def _is_at_home(trial: Trial, given: Given) -> bool:
    """Whether the device that is asked for by its numbers is the tensor's own, or may be."""
    asked, own = cases.asked_device(trial.case), given.giver.dlpack_device
    return asked is not None and own in (asked, None)


def _never_moved(trial: Trial, given: Given) -> Judgement:
    """copy=False gives no memory on a device that the tensor is not on."""
    found, here = given.fields, given.giver.dlpack_device
    if found is None or here is None or trial.case.call.copy is not False:
        return SKIP
    if found.device[0] == here[0] or {found.device[0], here[0]} <= HOST_CODES:
        return SKIP
    required = "BufferError: another device takes a copy"
    return Failure(required, f"an export on {found.device}", Demand("refusal", ("BufferError",)))


def repeats(trial: Trial) -> Judgement:
    """A second export, made beside the first, says the same; the tensor is as it was."""
    given = given_by(trial)
    if given.damage:
        return Failure("a tensor that is as it was", given.damage)
    if given.fields is None:
        return SKIP
    if given.refused_again is not None:
        return Failure("a second export like the first", f"raised {given.refused_again}")
    if given.again is None:
        return Failure("a second export like the first", "no capsule of DLPack")
    first, second = _comparable(given.fields, given), _comparable(given.again, given)
    return PASS if first == second else Failure(f"a second export like the first: {first}", second)


def _comparable(found: Fields, given: Given) -> str:
    """The fields in words; the address only where it is the tensor's own."""
    where = "in place" if in_place(given, found) else "elsewhere"
    said = (found.name, found.version, found.flags, found.shape, found.strides, found.dtype)
    return f"{said} on {found.device}, {where}"


_FAR_CODES = frozenset({2, 10})
"""kDLCUDA and kDLROCM, whose memory the host cannot address; with unified memory it often can."""


def names_its_device(trial: Trial) -> Judgement:
    """`__dlpack_device__`, the capsule and the device's own kind agree."""
    given, claims = given_by(trial), trial.claims
    found, said = given.fields, given.giver.dlpack_device
    if found is None or not found.known or given.giver.device is None:
        return SKIP
    if said is None:
        return Failure(
            f"device {found.device}, as of the capsule",
            "no answer of __dlpack_device__",
            Demand("device answer"),
        )
    if found.device != said:
        return Failure(f"device {said}, as of __dlpack_device__", f"device {found.device}")
    unaddressable = given.giver.device in claims.unaddressable
    if (said[0] in HOST_CODES and unaddressable) or (said[0] in _FAR_CODES and not unaddressable):
        return Failure(f"an export that says where it is, on {given.giver.device}", f"{said}")
    return PASS


def points_nowhere(trial: Trial) -> Judgement:
    """An empty tensor is exported with a null pointer."""
    found = given_by(trial).fields
    if found is None or not found.known:
        return SKIP
    return PASS if not found.data else Failure("a null pointer", "an address", Demand("null"))


def strides_of_single(trial: Trial) -> Judgement:
    """What is said of dimensions of length one whose stride is not that of C order."""
    given = given_by(trial)
    giver, found = given.giver, given.fields
    if found is None or not found.known or giver.strides is None or giver.dtype is None:
        return SKIP
    size = itemsize(giver.dtype)
    rows = zip(giver.shape, giver.strides, compact(giver.shape, size), strict=True)
    odd = [axis for axis, (n, have, want) in enumerate(rows) if n == 1 and have != want]
    if not odd:
        return SKIP
    if found.strides is None:
        return Note("absent")
    exported = found.byte_strides(size)
    kept = all(exported[axis] == giver.strides[axis] for axis in odd)
    return Note("kept" if kept else "replaced")


def alignment(trial: Trial) -> Judgement:
    """How the data pointer is aligned, and whether an offset leads from it to the elements."""
    found = given_by(trial).fields
    if found is None or not found.known or not found.data:
        return SKIP
    aligned = "a multiple of 256" if found.data % _ALIGNED == 0 else "no multiple of 256"
    return Note(f"the pointer is {aligned}, byte_offset {'used' if found.byte_offset else '0'}")


def class_of_refusal(trial: Trial) -> Judgement:
    """Which exception each obstacle leads to, if any."""
    given = given_by(trial)
    if given.unbuilt or _is_at_home(trial, given):
        return SKIP
    outcome = given.raised.name if given.raised is not None else "exported"
    return Note(f"{cases.obstacle(trial.case, trial.claims)}: {outcome}")
