"""lifetime: who keeps what alive."""

from __future__ import annotations

from tensorpact.guarantees import lifetime_cases as cases
from tensorpact.guarantees import lifetime_checks as checks
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import EVERY, GIVE, IMPORTS, SHARE
from tensorpact.guarantees.promises import dlpack, pep3118, safety, torch

TITLE = "who keeps what alive"

ALL = (*EVERY, *GIVE)

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="lifetime.owner-is-kept",
        level=Level.MUST,
        over="life",
        sentence=(
            "The owner of shared memory lives until the last result and view over it dies, "
            "whatever is released first."
        ),
        why="The tensor reads memory that was freed and belongs to something else by now.",
        operations=SHARE,
        promised_by=(
            torch("frombuffer", "note on the reference count"),
            pep3118("Py_buffer: obj is held until the buffer is released", "frombuffer"),
            dlpack("python_spec", "implementation: the deleter", "from_dlpack"),
            safety("no reading of freed memory", *SHARE),
        ),
        applies=cases.kept,
        check=checks.keeps_owner,
    ),
    Guarantee(
        id="lifetime.owner-is-released",
        level=Level.MUST,
        over="life",
        sentence=(
            "Once everything is dropped the source is free; calls leave no reference and no "
            "memory behind, whether they return, refuse or raise, warnings as errors included."
        ),
        why="A service that converts at every request runs out of memory after a week.",
        operations=ALL,
        promised_by=(safety("no leak on any path", *ALL),),
        applies=cases.released,
        check=checks.releases_owner,
    ),
    Guarantee(
        id="lifetime.copy-holds-nothing",
        level=Level.MUST,
        over="life",
        sentence="A copy that was asked for keeps no reference to its source.",
        why="The copy of one row keeps the gigabyte that it was taken from.",
        operations=EVERY,
        promised_by=(safety("a copy stands for itself", *EVERY),),
        applies=cases.copied,
        check=checks.holds_nothing,
    ),
    Guarantee(
        id="lifetime.export-outlives-tensor",
        level=Level.MUST,
        over="life",
        sentence=(
            "An array over a tensor's export, and a capsule, keep its memory alive after the "
            "tensor is gone."
        ),
        why="A function that returns the array of a local tensor returns garbage.",
        operations=ALL,
        promised_by=(
            dlpack("python_spec", "implementation: the deleter", "__dlpack__"),
            safety("no reading of freed memory", *ALL),
        ),
        applies=cases.exported,
        check=checks.export_keeps_owner,
        related=cases.plainly_released,
    ),
    Guarantee(
        id="lifetime.shared-is-not-resizable",
        level=Level.MUST,
        over="life",
        sentence=(
            "Neither an array nor the tensor that shares its memory can be resized under the other."
        ),
        why="Growing one of the two leaves the other with memory that was given away.",
        operations=SHARE,
        promised_by=(
            torch("from_numpy", "not resizable"),
            torch("frombuffer", "not resizable"),
            safety("no reading of freed memory", *SHARE),
        ),
        applies=cases.array_or_result,
        check=checks.stays_in_its_memory,
        related=cases.plainly_released,
    ),
    Guarantee(
        id="lifetime.buffer-export-is-held",
        level=Level.MUST,
        over="life",
        sentence=(
            "While a buffer is shared its exporter stays locked: it cannot be resized or closed."
        ),
        why="Appending to the bytearray moves it, and the tensor writes to where it was.",
        operations=("as_tensor", "asarray", "frombuffer"),
        promised_by=(
            pep3118("PyBuffer_Release: when the buffer is no longer used", "asarray", "frombuffer"),
            safety("no reading of freed memory", "as_tensor", "asarray", "frombuffer"),
        ),
        applies=cases.buffer,
        check=checks.stays_locked,
    ),
    Guarantee(
        id="lifetime.deleter-runs-once",
        level=Level.MUST,
        over="life",
        sentence=(
            "The deleter of an import is called exactly once, after the last view of it died; "
            "also of an empty one, and of one that is refused."
        ),
        why="Called twice it frees what somebody else has by then; never called, it leaks.",
        operations=IMPORTS,
        promised_by=(
            dlpack("python_spec", "implementation: the deleter", "from_dlpack"),
            dlpack("c_api", "DLManagedTensorVersioned, deleter", "from_dlpack"),
            safety("no leak and no double release", *IMPORTS),
        ),
        applies=cases.lent,
        check=checks.deletes_once,
    ),
    Guarantee(
        id="lifetime.unconsumed-capsule-is-freed",
        level=Level.MUST,
        over="life",
        sentence="A capsule that nobody consumed frees what it holds when it dies.",
        why="Asking whether an export is possible costs the memory of the tensor, for good.",
        operations=(*EVERY, "__dlpack__"),
        promised_by=(
            dlpack("python_spec", "implementation: the capsule's destructor"),
            safety("no leak on any path", *EVERY, "__dlpack__"),
        ),
        applies=cases.unconsumed,
        check=checks.frees_capsule,
        related=cases.plainly_released,
    ),
    Guarantee(
        id="lifetime.capsule-is-consumed-once",
        level=Level.MUST,
        over="life",
        sentence="An imported capsule is renamed, and importing it again raises.",
        why="Two owners of one export free it twice.",
        operations=("as_tensor", "asarray", "from_dlpack"),
        promised_by=(
            dlpack("python_spec", "implementation: consumed exactly once"),
            safety("no double release", "as_tensor", "asarray", "from_dlpack"),
        ),
        applies=cases.scheduled("twice"),
        check=checks.consumes_once,
    ),
    Guarantee(
        id="lifetime.deleter-takes-the-gil",
        level=Level.MUST,
        over="life",
        sentence=(
            "The deleter of an export can be called from any thread: it waits for the GIL "
            "before it lets go of Python objects."
        ),
        why="Consumers written in C++ release from their own threads, and corrupt the interpreter.",
        operations=EVERY,
        promised_by=(
            dlpack("python_spec", "implementation: the GIL must be acquired explicitly"),
            safety("release from another thread", *EVERY),
        ),
        applies=cases.scheduled("no GIL"),
        check=checks.takes_the_gil,
    ),
    Guarantee(
        id="lifetime.threads",
        level=Level.SHOULD,
        over="life",
        sentence=(
            "Calls on one input from several threads, and release from another thread, do what "
            "they do in one."
        ),
        why="Data loaders make tensors in one thread and drop them in another.",
        operations=ALL,
        promised_by=(safety("threads", *ALL),),
        applies=cases.threaded,
        check=checks.is_safe_in_threads,
        related=cases.alone,
    ),
    Guarantee(
        id="lifetime.exit-is-orderly",
        level=Level.MUST,
        over="life",
        sentence="Python exits in order while results, views and exports are still alive.",
        why="A program that did its work ends with a segmentation fault, and counts as failed.",
        operations=ALL,
        promised_by=(safety("no crash, at the end neither", *ALL),),
        applies=cases.scheduled("exit"),
        check=checks.exits_in_order,
    ),
)
