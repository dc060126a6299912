"""dlpack: what a producer owes."""

from __future__ import annotations

from tensorpact.guarantees import dlpack_export_cases as cases
from tensorpact.guarantees import dlpack_export_checks as checks
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.promises import dlpack, dlpack_method, safety, torch_method

_EXPORT = ("__dlpack__",)
_RECORDED = (safety("recorded, never scored", *_EXPORT),)

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="dlpack.true-metadata",
        level=Level.MUST,
        over="export",
        sentence=(
            "An export has the tensor's shape, its dtype by code, bits and lanes, its strides "
            "counted in elements, and its elements at the pointer plus the offset."
        ),
        why="Every consumer believes these fields; a wrong one is read as data, or past its end.",
        operations=_EXPORT,
        promised_by=(dlpack("c_api", "DLTensor and DLDataType", *_EXPORT),),
        applies=cases.any_export,
        check=checks.tells_the_truth,
    ),
    Guarantee(
        id="dlpack.export-is-zero-copy",
        level=Level.MUST,
        over="export",
        sentence=(
            "Without copy=True and for its own device, an export is the tensor's own memory and "
            "is not flagged as a copy."
        ),
        why=(
            "Writes to what looks like a view are lost, and a flagged export is overwritten by a "
            "consumer that takes it for its own."
        ),
        operations=_EXPORT,
        promised_by=(
            dlpack("python_spec", "Semantics", *_EXPORT),
            dlpack_method("parameter copy"),
            torch_method("parameter copy"),
        ),
        applies=cases.in_place,
        check=checks.is_in_place,
    ),
    Guarantee(
        id="dlpack.copy-true-copies",
        level=Level.MUST,
        over="export",
        sentence="An export with copy=True is memory of its own.",
        why="The consumer writes to its copy, and changes the tensor.",
        operations=_EXPORT,
        promised_by=(
            dlpack("python_spec", "Semantics, on copy", *_EXPORT),
            dlpack_method("parameter copy"),
            torch_method("parameter copy"),
        ),
        applies=cases.copied,
        check=checks.is_copied,
    ),
    Guarantee(
        id="dlpack.copy-sets-flag",
        level=Level.MUST,
        over="export",
        sentence="A versioned export that is a copy carries the flag IS_COPIED.",
        why=(
            "A consumer that was asked for a copy cannot tell that it has one, and makes another: "
            "twice the time and the memory."
        ),
        operations=_EXPORT,
        promised_by=(
            dlpack("python_spec", "Semantics, on copy", *_EXPORT),
            dlpack_method("parameter copy"),
        ),
        applies=cases.copied,
        check=checks.is_flagged_as_copy,
    ),
    Guarantee(
        id="dlpack.max-version-is-honoured",
        level=Level.SHOULD,
        over="export",
        sentence=(
            "A consumer that names DLPack 1.0 or newer gets a versioned capsule of no newer major "
            "version; one that names none or an older one gets a legacy capsule or a BufferError."
        ),
        why="A consumer is handed a generation that it does not know, though both sides share one.",
        operations=_EXPORT,
        promised_by=(
            dlpack_method("recommended logic for max_version"),
            dlpack("python_spec", "Implementation, on max_version", *_EXPORT),
            torch_method("parameter max_version"),
        ),
        applies=cases.plain_in_place,
        check=checks.honours_version,
    ),
    Guarantee(
        id="dlpack.stream-on-cpu",
        level=Level.MUST,
        over="export",
        sentence="For a tensor of the host, stream=None is accepted and any other stream raises.",
        why=(
            "A consumer that names a stream relies on an order of events that nobody keeps; it "
            "has mistaken the device."
        ),
        operations=_EXPORT,
        promised_by=(dlpack_method("parameter stream"),),
        applies=cases.streamed,
        check=checks.takes_no_stream,
    ),
    Guarantee(
        id="dlpack.dl-device-is-honoured",
        level=Level.MUST,
        over="export",
        sentence="What is exported for a device is on that device.",
        why="The consumer reads memory of another device than it asked for.",
        operations=_EXPORT,
        promised_by=(dlpack_method("parameter dl_device"), torch_method("parameter dl_device")),
        applies=cases.moved,
        check=checks.is_on_asked_device,
    ),
    Guarantee(
        id="dlpack.impossible-export-is-buffer-error",
        level=Level.MUST,
        over="export",
        sentence=(
            "An export that cannot be made (an unknown device, another device without a copy, "
            "read-only memory without a flag for it) raises BufferError."
        ),
        why="A consumer that catches BufferError to try another way never gets to it.",
        operations=_EXPORT,
        promised_by=(dlpack_method("raises, and parameters dl_device and copy"),),
        applies=cases.obstructed,
        check=checks.raises_buffer_error,
    ),
    Guarantee(
        id="dlpack.export-repeats",
        level=Level.MUST,
        over="export",
        sentence=(
            "A tensor can be exported again while an export is there, with the same outcome, and "
            "is afterwards what it was before."
        ),
        why="The second library to ask for the tensor fails, or takes it away from the first.",
        operations=_EXPORT,
        promised_by=(
            dlpack("python_spec", "Semantics", *_EXPORT),
            safety("giving does not change the giver", *_EXPORT),
        ),
        applies=cases.any_export,
        check=checks.repeats,
    ),
    Guarantee(
        id="dlpack.empty-export-is-null",
        level=Level.SHOULD,
        over="export",
        sentence="The data pointer of an empty tensor's export is null.",
        why="Consumers register or check the pointer of a tensor that has no memory.",
        operations=_EXPORT,
        promised_by=(
            dlpack("c_api", "DLTensor, field data", *_EXPORT),
            dlpack("python_spec", "Implementation, last paragraph", *_EXPORT),
        ),
        applies=cases.empty,
        check=checks.points_nowhere,
    ),
    Guarantee(
        id="dlpack.size-one-strides",
        level=Level.OBSERVE,
        over="export",
        sentence="What an export says of strides that are never used.",
        why=(
            "Some consumers refuse strides that do not look compact, others read the order of "
            "dimensions from them; the documents ask for neither."
        ),
        operations=_EXPORT,
        promised_by=_RECORDED,
        applies=cases.single,
        check=checks.strides_of_single,
    ),
    Guarantee(
        id="dlpack.data-alignment",
        level=Level.OBSERVE,
        over="export",
        sentence="How the data pointer is aligned, and whether an offset leads to the elements.",
        why=(
            "The header asks for 256 bytes and in the same breath not to rely on them; vector "
            "code that does dies."
        ),
        operations=_EXPORT,
        promised_by=_RECORDED,
        applies=cases.full,
        check=checks.alignment,
    ),
    Guarantee(
        id="dlpack.refusal-class",
        level=Level.OBSERVE,
        over="export",
        sentence="Which exception each obstacle to an export leads to.",
        why="Code that falls back to a copy catches one class, and libraries raise several.",
        operations=_EXPORT,
        promised_by=_RECORDED,
        applies=cases.obstructed,
        check=checks.class_of_refusal,
    ),
)
