"""dlpack: what a consumer owes."""

from __future__ import annotations

from tensorpact.guarantees import dlpack_import_cases as cases
from tensorpact.guarantees import dlpack_import_checks as checks
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import IMPORTS
from tensorpact.guarantees.promises import dlpack, safety, std, std_topic, torch

_CAPSULES = torch("asarray", "DLPack capsules")
_METHOD = "API_specification/generated/array_api.array.__dlpack__"

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="dlpack.both-generations",
        level=Level.SHOULD,
        over="memory",
        sentence="Exports of both generations are taken: the versioned one and, also as the "
        "answer to a request for a version, the legacy one.",
        why="Libraries are updated one by one; two of them that worked together stop doing so.",
        operations=IMPORTS,
        promised_by=(
            dlpack("python_spec", "implementation: a library should try to support both"),
            std_topic(_METHOD, "array.__dlpack__, parameter max_version", "from_dlpack"),
            _CAPSULES,
        ),
        applies=cases.either_generation,
        check=checks.is_taken_at_all,
    ),
    Guarantee(
        id="dlpack.handshake",
        level=Level.SHOULD,
        over="memory",
        sentence="The consumer names the newest version that it knows, no stream for memory of "
        "the host, and calls again only when the exporter did not answer.",
        why="Without a version the exporter cannot say that memory is read-only or a copy; every "
        "further call may copy or wait for the device once more.",
        operations=IMPORTS,
        promised_by=(
            std_topic(_METHOD, "array.__dlpack__, notes: logic for the consumer", "from_dlpack"),
            dlpack("python_spec", "implementation: max_version"),
        ),
        applies=cases.recorded,
        check=checks.shakes_hands,
    ),
    Guarantee(
        id="dlpack.device-is-asked",
        level=Level.OBSERVE,
        over="memory",
        sentence="Whether `__dlpack_device__` is called before the export.",
        why="The documents say what it is for, not that it is always needed.",
        operations=("from_dlpack",),
        promised_by=(safety("recorded, never scored"),),
        applies=cases.recorded,
        check=checks.asks_for_the_device,
    ),
    Guarantee(
        id="dlpack.null-strides-are-compact",
        level=Level.MUST,
        over="memory",
        sentence="Absent strides, which exports before version 1.2 may have, mean row-major "
        "order, at every rank.",
        why="Exporters that only have compact arrays leave the strides out.",
        operations=IMPORTS,
        promised_by=(
            dlpack("c_api", "DLTensor.strides"),
            dlpack("python_spec", "implementation: strides that are NULL"),
            _CAPSULES,
        ),
        applies=cases.twisted("null_strides"),
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.byte-offset",
        level=Level.MUST,
        over="memory",
        sentence="The first element is at the data pointer plus byte_offset.",
        why="A view into a buffer that is exported by the buffer's pointer shows its beginning.",
        operations=IMPORTS,
        promised_by=(dlpack("c_api", "DLTensor.data and DLTensor.byte_offset"), _CAPSULES),
        applies=cases.twisted("offset_8", "offset_64", "offset_item", "pointer_256"),
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.size-one-strides-do-not-matter",
        level=Level.MUST,
        over="memory",
        sentence="The strides of dimensions of length one, and all strides of an empty array, "
        "make no difference.",
        why="One step in such a dimension leads nowhere, and exporters fill in what they like: "
        "a batch of one fails where a batch of two works.",
        operations=IMPORTS,
        promised_by=(
            safety("what is never used cannot matter", *IMPORTS),
            std("from_dlpack", "returns: the data in x"),
        ),
        applies=cases.free_strides,
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.empty-may-be-null",
        level=Level.MUST,
        over="memory",
        sentence="An empty export has a null pointer, and is taken.",
        why="The last batch is empty, and the program that ran for hours ends there.",
        operations=IMPORTS,
        promised_by=(
            dlpack("c_api", "DLTensor.data: NULL for size zero"),
            dlpack("python_spec", "implementation: arrays of size zero"),
            _CAPSULES,
        ),
        applies=cases.twisted("null_when_empty"),
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.deleter-may-be-null",
        level=Level.MUST,
        over="memory",
        sentence="An export without a deleter is taken, and nothing is called for it.",
        why="Memory that lives as long as the program needs none; calling it jumps to address 0.",
        operations=IMPORTS,
        promised_by=(
            dlpack("c_api", "DLManagedTensorVersioned.deleter"),
            dlpack("c_api", "DLManagedTensor.deleter"),
            _CAPSULES,
        ),
        applies=cases.twisted("no_deleter"),
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.exporter-may-copy",
        level=Level.MUST,
        over="memory",
        sentence="An export that is a copy of the exporter's own accord is taken, whether it is "
        "flagged as one or not, unless copying was forbidden.",
        why="What cannot be described where it lies is exported as a copy, or not at all.",
        operations=IMPORTS,
        promised_by=(
            dlpack("python_spec", "semantics: that library may make a copy"),
            std("from_dlpack", "parameter copy"),
        ),
        applies=cases.twisted("copied", "copied_unflagged"),
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.newer-minor-is-accepted",
        level=Level.SHOULD,
        over="memory",
        sentence="An export of a newer minor version is taken where it uses nothing new.",
        why="Every addition to the list of device types would cut off all older consumers.",
        operations=IMPORTS,
        promised_by=(
            dlpack("c_api", "DLPackVersion: minor version mismatch"),
            std_topic(_METHOD, "array.__dlpack__, notes: minor versions", "from_dlpack"),
        ),
        applies=cases.twisted("newer_minor"),
        check=checks.is_taken,
    ),
    Guarantee(
        id="dlpack.negative-strides",
        level=Level.SHOULD,
        over="memory",
        sentence="Negative strides are understood, or refused with BufferError or ValueError.",
        why="A caller that falls back to a copy for what cannot be exchanged catches those.",
        operations=("from_dlpack",),
        promised_by=(
            std("from_dlpack", "raises: BufferError for strides, ValueError for want of a copy"),
            safety("what cannot be had is refused as such", "from_dlpack"),
        ),
        applies=cases.negative,
        check=checks.understood_or_refused,
    ),
    Guarantee(
        id="dlpack.version-rules",
        level=Level.MUST,
        over="memory",
        sentence="An export of another major version is refused, without a look at its fields.",
        why="Its fields are elsewhere: whatever is read there is not what it is taken for.",
        operations=IMPORTS,
        promised_by=(dlpack("c_api", "DLPackVersion: major version mismatch"), _CAPSULES),
        applies=cases.twisted(*cases.VERSIONS),
        check=checks.is_refused,
    ),
    Guarantee(
        id="dlpack.unsupported-is-refused",
        level=Level.MUST,
        over="memory",
        sentence="A dtype, a number of lanes or a device that the consumer does not know is "
        "refused; the capsule counts, whatever `__dlpack_device__` says.",
        why="Numbers that nobody stored; or memory of a device read as if it were the host's.",
        operations=IMPORTS,
        promised_by=(
            dlpack("c_api", "DLDataType and DLDevice"),
            safety("no wrong number, no foreign memory", *IMPORTS),
        ),
        applies=cases.twisted(*cases.DTYPES, *cases.DEVICES),
        check=checks.is_refused,
    ),
    Guarantee(
        id="dlpack.unsupported-is-buffer-error",
        level=Level.SHOULD,
        over="memory",
        sentence="Memory on a device, or of a dtype, that the consumer does not support raises "
        "BufferError.",
        why="Code that moves or converts the array first, and then tries again, is written for "
        "that class.",
        operations=("from_dlpack",),
        promised_by=(
            dlpack("python_spec", "semantics: a device that is not supported"),
            std("from_dlpack", "raises BufferError: incompatible dtype, strides or device"),
        ),
        applies=cases.refused_alone(*cases.DTYPES, *cases.DEVICES),
        check=checks.is_buffer_error,
    ),
    Guarantee(
        id="dlpack.only-capsules-of-dlpack",
        level=Level.MUST,
        over="memory",
        sentence="What `__dlpack__` returns is refused where it is no capsule, or one of another "
        "name.",
        why="The pointer in another capsule points to something else.",
        operations=IMPORTS,
        promised_by=(
            dlpack("python_spec", "implementation: the name of the capsule"),
            safety("no crash", *IMPORTS),
        ),
        applies=cases.twisted(*cases.NO_CAPSULES),
        check=checks.is_refused,
    ),
    Guarantee(
        id="dlpack.malformed-is-refused",
        level=Level.SHOULD,
        over="memory",
        sentence="Fields that contradict each other are refused: elements at a null pointer, a "
        "negative length or rank, more elements than fit into 64 bits, a dtype without bits.",
        why="A bug of the exporter ends the process, or gives a tensor of what nobody lent.",
        operations=IMPORTS,
        promised_by=(safety("what can be seen to be wrong is not believed", *IMPORTS),),
        applies=cases.contradictory,
        check=checks.is_refused,
    ),
    Guarantee(
        id="dlpack.exporter-errors-propagate",
        level=Level.MUST,
        over="memory",
        sentence="What `__dlpack__` or `__dlpack_device__` raises reaches the caller.",
        why="The one who could say why the data cannot be had is not heard.",
        operations=("from_dlpack",),
        promised_by=(
            std("from_dlpack", "raises: must propagate such exceptions"),
            safety("the reason is told", "from_dlpack"),
        ),
        applies=cases.raising,
        check=checks.propagates,
    ),
    Guarantee(
        id="dlpack.protocol-is-required",
        level=Level.MUST,
        sentence="An object without `__dlpack__` raises AttributeError, or TypeError.",
        why="Code that tries one protocol after the other asks for the next one on that class.",
        operations=("from_dlpack",),
        promised_by=(std("from_dlpack", "raises AttributeError"),),
        applies=cases.without_protocol,
        check=checks.says_what_is_missing,
    ),
    Guarantee(
        id="dlpack.what-is-left-open",
        level=Level.OBSERVE,
        over="memory",
        sentence="What a consumer makes of flags that nobody knows, of major version 0, of an odd "
        "data pointer, of an exporter that has no `__dlpack_device__` or does not tell the truth "
        "there.",
        why="The documents do not say; it is good to know before relying on it.",
        operations=IMPORTS,
        promised_by=(safety("recorded, never scored"),),
        applies=cases.left_open,
        check=checks.how_taken,
    ),
)
