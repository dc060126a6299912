"""What every way of giving out a tensor owes: DLPack, ndarrays and buffers, by group."""

from __future__ import annotations

from tensorpact.guarantees import dlpack_export_cases as cases
from tensorpact.guarantees import dlpack_export_checks, export_checks
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import GIVE
from tensorpact.guarantees.promises import dlpack, numpy, pep3118, safety, torch

_LENT = ("__array__", "buffer")

VALUE: tuple[Guarantee, ...] = (
    Guarantee(
        id="value.lazy-exports-are-resolved",
        level=Level.MUST,
        over="export",
        sentence=(
            "Exporting a view with a pending transform (conjugate, negative) gives its logical "
            "values, or is refused."
        ),
        why="The next library reads the numbers with the wrong sign.",
        operations=GIVE,
        promised_by=(safety("the values are those that the tensor shows", *GIVE),),
        applies=cases.lazy,
        check=export_checks.transform_is_carried_out,
    ),
    Guarantee(
        id="value.lent-elements-are-exact",
        level=Level.MUST,
        over="export",
        sentence=(
            "The ndarray or buffer of a tensor has its dtype, its shape and its elements; the "
            "items of a buffer are as wide as their format."
        ),
        why="Results that are saved or plotted are not those that were computed.",
        operations=_LENT,
        promised_by=(
            pep3118("Py_buffer, format, shape and strides", "buffer"),
            torch("Tensor.numpy", "description", "__array__"),
            safety("a description is true", *_LENT),
        ),
        applies=cases.any_export,
        check=export_checks.lends_its_elements,
    ),
)

DEVICE: tuple[Guarantee, ...] = (
    Guarantee(
        id="device.exported-device-is-true",
        level=Level.MUST,
        over="export",
        sentence=(
            "`__dlpack_device__` and the capsule name one device, of a kind whose memory the host "
            "can address just where it can address the tensor's."
        ),
        why="The next library reads host memory as a GPU's, or the other way round, and dies.",
        operations=("__dlpack__",),
        promised_by=(
            dlpack("c_api", "DLDevice", "__dlpack__"),
            safety("a description is true", "__dlpack__"),
        ),
        applies=cases.own_device,
        check=dlpack_export_checks.names_its_device,
    ),
)

SHARING: tuple[Guarantee, ...] = (
    Guarantee(
        id="sharing.lent-memory-is-shared",
        level=Level.MUST,
        over="export",
        sentence="The ndarray or buffer of a tensor is the tensor's own memory.",
        why="Writes to what looks like a view are lost.",
        operations=_LENT,
        promised_by=(
            pep3118("description", "buffer"),
            torch("Tensor.numpy", "description", "__array__"),
            numpy("ndarray.__array__", "description", "__array__"),
        ),
        applies=cases.in_place,
        check=export_checks.lends_its_memory,
    ),
)

READONLY: tuple[Guarantee, ...] = (
    Guarantee(
        id="readonly.protection-is-exported",
        level=Level.MUST,
        over="export",
        sentence=(
            "Giving out the memory of a read-only tensor carries the flag or the protection, and "
            "is refused where there is none."
        ),
        why="The next library writes to memory that this one protects.",
        operations=GIVE,
        promised_by=(
            dlpack("c_api", "DLPACK_FLAG_BITMASK_READ_ONLY", "__dlpack__"),
            pep3118("Py_buffer, readonly", "buffer"),
            safety("protection does not end with the first step", *GIVE),
        ),
        applies=cases.readonly,
        check=export_checks.protection_is_passed_on,
    ),
)

ERROR: tuple[Guarantee, ...] = (
    Guarantee(
        id="error.export-class-is-specific",
        level=Level.SHOULD,
        over="export",
        sentence=(
            "A refusal to export uses TypeError, ValueError, OverflowError or BufferError, or "
            "another class that says what happened, not a bare RuntimeError or AssertionError."
        ),
        why="Code that tries another way catches the refusal, and with it every other failure.",
        operations=GIVE,
        promised_by=(safety("an exception says what was wrong", *GIVE),),
        applies=cases.any_export,
        check=export_checks.class_is_telling,
    ),
)
