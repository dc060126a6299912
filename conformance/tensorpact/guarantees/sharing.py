"""sharing: when memory is reused."""

from __future__ import annotations

from tensorpact.guarantees import exports, sharing_stories
from tensorpact.guarantees import sharing_cases as cases
from tensorpact.guarantees import sharing_checks as checks
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import SHARE
from tensorpact.guarantees.promises import (
    dlpack,
    numpy,
    pep3118,
    safety,
    std,
    std_topic,
    torch,
)
from tensorpact.guarantees.relations import shares

TITLE = "when memory is reused"

_ARRAYS_ARE_SHARED = (
    std("asarray", "parameter copy"),
    torch("as_tensor", "NumPy arrays"),
    torch("asarray", "sharing by default"),
    torch("from_numpy", "description"),
    numpy("asarray", "parameter copy"),
)
_BUFFERS_ARE_SHARED = (
    torch("frombuffer", "description"),
    numpy("frombuffer", "notes"),
    pep3118("Py_buffer: a view of the exporter's memory", "frombuffer"),
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
        over="memory",
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
        applies=cases.array,
        check=shares,
    ),
    Guarantee(
        id="sharing.own-tensor-is-returned",
        level=Level.MUST,
        over="memory",
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
        applies=cases.own,
        check=checks.returned_itself,
    ),
    Guarantee(
        id="sharing.copy-none-shares",
        level=Level.MUST,
        over="memory",
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
        applies=cases.copy_none,
        check=checks.shares_or_is_itself,
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
        applies=cases.copy_false,
        check=checks.never_copies,
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
        applies=cases.copy_false,
        check=checks.refused_by_value_error,
    ),
    Guarantee(
        id="sharing.copy-false-accepts-zero-copy",
        level=Level.MUST,
        over="memory",
        sentence="copy=False succeeds wherever the source can be shared.",
        why="A caller who insists on no copy is sent away although none was needed.",
        operations=("asarray",),
        promised_by=(
            std("asarray", "parameter copy"),
            torch("asarray", "parameter copy"),
            numpy("asarray", "parameter copy"),
        ),
        applies=cases.copy_false_block,
        check=checks.succeeds_without_copy,
    ),
    Guarantee(
        id="sharing.buffer-is-shared",
        level=Level.MUST,
        over="memory",
        sentence=(
            "A writable buffer is shared both ways, from the byte on where the reading starts."
        ),
        why="Samples that arrive in the buffer later never show in the tensor.",
        operations=("frombuffer", "asarray"),
        promised_by=(
            *_BUFFERS_ARE_SHARED,
            torch("asarray", "objects with the buffer protocol"),
            std("asarray", "parameter copy"),
            numpy("asarray", "parameter copy"),
        ),
        applies=cases.buffer,
        check=checks.shares_buffer,
    ),
    Guarantee(
        id="sharing.dlpack-is-zero-copy",
        level=Level.MUST,
        over="memory",
        sentence="Importing a DLPack export without asking for a copy shares its memory.",
        why="Two libraries that were to work on one array in turns work on two.",
        operations=("as_tensor", "asarray", "from_dlpack"),
        promised_by=(
            *_IMPORTS_SHARE,
            torch("asarray", "DLPack capsules"),
            std_topic("design_topics/data_interchange", "zero-copy semantics", "from_dlpack"),
        ),
        applies=cases.imported,
        check=shares,
    ),
    Guarantee(
        id="sharing.overlap-is-kept",
        level=Level.MUST,
        over="memory",
        sentence=(
            "A source whose elements overlap, by a stride of zero or a sliding window, is shared "
            "with the same overlap, where the library can describe it."
        ),
        why="A sliding window over a gigabyte is a view; written out it is a terabyte.",
        operations=SHARE,
        promised_by=(*_ARRAYS_ARE_SHARED, *_IMPORTS_SHARE),
        applies=cases.overlapping,
        check=checks.keeps_overlap,
    ),
    Guarantee(
        id="sharing.memmap-is-shared",
        level=Level.MUST,
        over="memory",
        sentence="Writes to a tensor over a writable memory map reach the file.",
        why="Results that a program writes to its file are not in the file.",
        operations=("as_tensor", "asarray", "from_numpy"),
        promised_by=_ARRAYS_ARE_SHARED,
        applies=cases.memmap,
        check=shares,
    ),
    Guarantee(
        id="sharing.views-share-onward",
        level=Level.MUST,
        over="memory",
        sentence=(
            "Slices of a sharing result share with the source too, where slices are views, and "
            "so does exporting it again."
        ),
        why="The row that is updated is a row of something else.",
        operations=SHARE,
        promised_by=(safety("sharing does not end with the first step", *SHARE),),
        applies=cases.shareable,
        check=checks.shares_onward,
    ),
    Guarantee(
        id="sharing.cost-is-constant",
        level=Level.MUST,
        over="memory",
        sentence=(
            "Sharing takes time and memory that do not grow with the number of elements: it "
            "reads and writes none of them."
        ),
        why="Wrapping an array is done at every call; reading a gigabyte each time is not free.",
        operations=SHARE,
        promised_by=(*_ARRAYS_ARE_SHARED, *_IMPORTS_SHARE, *_BUFFERS_ARE_SHARED),
        applies=cases.untouched,
        check=checks.touches_little,
    ),
    *exports.SHARING,
    *sharing_stories.GUARANTEES,
)
