"""device: where the result lives."""

from __future__ import annotations

from dataclasses import replace

from reftensor.rules import Need
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Case
from tensorpact.guarantees.authorities import dlpack, safety, std, std_topic, torch, torch_topic
from tensorpact.guarantees.model import PASS, SKIP, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.predicates import (
    EVERY,
    INGEST,
    must_raise,
    python_kinds,
    refused_wrongly,
)
from tensorpact.guarantees.relations import in_first_spelling, is_independent
from tensorpact.trial import Relation, Trial

TITLE = "where the result lives"

_HOST_CODES = (1, 3, 11, 13)
"""kDLCPU, and the kinds of DLPack whose memory the host can address as well."""


# --------------------------------------------------------------------------- checks


def on_expected_device(trial: Trial) -> Judgement:
    """A result that is returned lives on the expected device."""
    wanted, result = trial.expected.device, trial.observed.result
    if wanted is None or result is None or not result.is_tensor:
        return SKIP
    if result.device == wanted:
        return PASS
    return Failure(f"a result on {wanted}", f"on {result.device or 'a device without a name'}")


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
    return PASS if mine == other else Failure(f"as by its first spelling: {other}", mine)


def _outcome(trial: Trial) -> str:
    result = trial.observed.result
    if result is None:
        return f"raises {trial.observed.raised.name if trial.observed.raised else 'nothing'}"
    itself = "the input itself, " if result.same_object else ""
    return f"{itself}{result.dtype} on {result.device}, memory {result.relation}"


def raises(trial: Trial) -> Judgement:
    return must_raise(trial, "an exception: there is no such device")


def moved_apart(trial: Trial) -> Judgement:
    """A result on another device than its source has memory of its own."""
    result = trial.observed.result
    if result is None or result.device is None or Need.DEVICE not in trial.expected.needs:
        return SKIP
    return is_independent(trial) if result.device == trial.expected.device else SKIP


def raises_instead_of_copying(trial: Trial) -> Judgement:
    """Two devices that share one memory need no copy, and neither do no elements."""
    result = trial.observed.result
    if Need.DEVICE not in trial.expected.needs or not trial.expected.accepted:
        return SKIP
    if result is not None and (result.relation is Relation.SHARED or 0 in result.shape):
        return SKIP
    return must_raise(trial, "an exception: another device takes a copy, and copy=False forbids it")


def invents_nothing(trial: Trial) -> Judgement:
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
    if (result.export.device[0] in _HOST_CODES) == (result.device in claims.unaddressable):
        return Failure(
            f"an export that says where it is, on {result.device}",
            f"__dlpack_device__ gives {result.export.device}",
        )
    there = result.read("memory")
    if there is None or there == result.read():
        return PASS
    return Failure("its elements at the address that it names", "other bytes stand there")


# --------------------------------------------------------------------------- cases


def _explicit(case: Case, claims: Claims) -> bool:
    return case.call.device in claims.devices


def _carried(case: Case, _: Claims) -> bool:
    block = case.block
    return block is not None and block.exporter == "own" and case.call.device is None


def _to_default(case: Case, claims: Claims) -> bool:
    """Host data under a default device; what torch.asarray does with all but Python numbers
    is documented in two ways."""
    if not case.state.default_device or case.call.device is not None:
        return False
    block = case.block
    if case.call.operation == "asarray":
        return block is None and python_kinds(case.root) is not None
    return block is None or (block.exporter == "ndarray" and block.dtype in claims.dtypes)


def _under_default(case: Case, _: Claims) -> bool:
    block = case.block
    host = block is not None and not block.device
    return host and bool(case.state.default_device) and case.call.device is None


def _spelled(case: Case, claims: Claims) -> bool:
    return case.call.device in claims.devices and not in_first_spelling(case)


def _first_spelling(case: Case, _: Claims) -> tuple[Case, ...]:
    call = case.call.with_argument("device", f"{case.call.device}#0")
    return (replace(case, call=call),)


def _unknown(case: Case, claims: Claims) -> bool:
    return case.call.device is not None and case.call.device not in claims.devices


def _has_memory(case: Case, _: Claims) -> bool:
    return case.block is not None


def _never_across(case: Case, claims: Claims) -> bool:
    return case.call.copy is False and case.block is not None and _explicit(case, claims)


def _out_of_nowhere(case: Case, claims: Claims) -> bool:
    block, target = case.block, case.call.device
    if block is None or block.exporter != "own" or 0 in block.shape:
        return False
    return block.device in claims.dataless and target in claims.devices


def _accelerated(case: Case, _: Claims) -> bool:
    block = case.block
    if block is None or block.exporter != "accelerated":
        return False
    return case.call.device is None and not case.state.default_device


# --------------------------------------------------------------------------- the table

_SEMANTICS = std_topic("design_topics/device_support", "semantics", "asarray", "from_dlpack")

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="device.explicit-device-wins",
        level=Level.MUST,
        sentence=(
            "The result is on the device that was asked for, for every kind of input and over "
            "any default, or the call raises."
        ),
        why=(
            "A tensor that lands elsewhere fails far away, at the first operation with another "
            "one, or computes on the slow device without a word."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            std("asarray", "parameter device"),
            std("from_dlpack", "parameter device"),
            _SEMANTICS,
            torch("as_tensor", "parameter device"),
            torch("tensor", "parameter device"),
            torch("asarray", "parameter device"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=_explicit,
        check=on_expected_device,
    ),
    Guarantee(
        id="device.carried-device-is-kept",
        level=Level.MUST,
        sentence="Without device, a tensor stays where it is, also under a default device.",
        why=(
            "Code that sets a default device moves the tensors that pass through it, away from "
            "the ones that they are used with."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            std("asarray", "parameter device"),
            std("from_dlpack", "parameter device"),
            torch("as_tensor", "parameter device"),
            torch("tensor", "parameter device"),
            torch("asarray", "parameter device"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=_carried,
        check=on_expected_device,
    ),
    Guarantee(
        id="device.host-data-goes-to-default",
        level=Level.MUST,
        sentence=(
            "Without device, numbers and NumPy arrays go to the current default device, whether "
            "it was set for the process or for a context."
        ),
        why="A program that sets the default once still computes on the host.",
        operations=INGEST,
        promised_by=(
            torch("as_tensor", "parameter device"),
            torch("tensor", "parameter device"),
            torch("asarray", "parameter device"),
            torch("set_default_device", "description", *INGEST),
        ),
        applies=_to_default,
        check=on_expected_device,
    ),
    Guarantee(
        id="device.sharing-constructors-ignore-default",
        level=Level.MUST,
        sentence="Functions that only share ignore the default device: host memory stays.",
        why="A result elsewhere cannot share, so writes to it silently miss the array.",
        operations=("from_numpy", "frombuffer", "from_dlpack"),
        promised_by=(
            torch("set_default_device", "note on sharing functions", "from_numpy", "frombuffer"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=_under_default,
        check=on_expected_device,
    ),
    Guarantee(
        id="device.spellings-are-one-device",
        level=Level.SHOULD,
        sentence=(
            "Every spelling of one device, with and without index, as string or as object, has "
            "the same outcome: the same place, the same sharing, the same copying."
        ),
        why=(
            "Passing `x.device` on, or adding an index, turns a view into a copy: writes are "
            "lost and memory doubles."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            torch_topic("tensor_attributes", "torch.device", *INGEST, "from_dlpack"),
            safety("one device has one behaviour"),
        ),
        applies=_spelled,
        check=behaves_as_first_spelling,
        related=_first_spelling,
    ),
    Guarantee(
        id="device.unknown-device-raises",
        level=Level.MUST,
        sentence="Asking for a device that does not exist raises; nothing is returned.",
        why="A misspelt device is taken for another one, and nobody notices before production.",
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            _SEMANTICS,
            torch_topic("tensor_attributes", "torch.device", *INGEST, "from_dlpack"),
            safety("what was asked for is done or refused"),
        ),
        applies=_unknown,
        check=raises,
    ),
    Guarantee(
        id="device.transfer-is-independent",
        level=Level.MUST,
        sentence="A result on another device never aliases its source.",
        why="A write on one device would show, or race, on the other.",
        operations=INGEST,
        promised_by=(
            torch("as_tensor", "data on another device"),
            torch("tensor", "description"),
            torch("asarray", "data on another device"),
        ),
        applies=_has_memory,
        check=moved_apart,
    ),
    Guarantee(
        id="device.no-copy-across-devices",
        level=Level.MUST,
        sentence=(
            "copy=False raises where the result would be on another device with memory of its own."
        ),
        why="A caller who forbids the transfer pays for it all the same, and writes to a copy.",
        operations=("asarray", "from_dlpack"),
        promised_by=(
            std("asarray", "parameter copy"),
            std("from_dlpack", "parameter copy"),
            torch("asarray", "parameter copy"),
        ),
        applies=_never_across,
        check=raises_instead_of_copying,
    ),
    Guarantee(
        id="device.data-less-device",
        level=Level.MUST,
        sentence="Moving data out of a device that holds none raises; no values are invented.",
        why="A model that was built without its weights runs, on numbers that nobody wrote.",
        operations=INGEST,
        promised_by=(safety("no value is made up"),),
        applies=_out_of_nowhere,
        check=invents_nothing,
    ),
    Guarantee(
        id="device.reported-device-is-true",
        level=Level.MUST,
        sentence=(
            "The device that a result reports and the one that it exports are the same, and its "
            "elements really are at the address that it names there."
        ),
        why="The next library reads host memory as a GPU's, or the other way round, and dies.",
        operations=EVERY,
        promised_by=(
            dlpack("c_api", "DLDevice and the field data of DLTensor"),
            safety("a description is true"),
        ),
        applies=_has_memory,
        check=tells_the_truth,
    ),
    Guarantee(
        id="device.foreign-device-array",
        level=Level.MUST,
        sentence=(
            "An array of another library that lives on an accelerator stays on that accelerator "
            "when neither a device nor a default device is given."
        ),
        why="A copy through the host, at every call, makes the accelerator pointless.",
        operations=("as_tensor",),
        promised_by=(torch("as_tensor", "CuPy arrays"),),
        applies=_accelerated,
        check=stays_there,
    ),
)
