"""copying: when memory must not be reused."""

from __future__ import annotations

from dataclasses import replace

from reftensor.rules import Data, Memory, Need
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import DLPACKS, Block, Case, Nest, leaves
from tensorpact.cases.schedules import SCHEDULES
from tensorpact.cases.twists import copies_on_request, twist_of
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.predicates import EVERY, INGEST, plainly_nested
from tensorpact.guarantees.promises import numpy, safety, std, std_topic, torch
from tensorpact.guarantees.relations import (
    INDEPENDENT,
    default_is_moot,
    is_independent,
    written_block,
)
from tensorpact.trial import Relation, Trial

TITLE = "when memory must not be reused"


# --------------------------------------------------------------------------- checks


def copies_anything(trial: Trial) -> Judgement:
    """Independent of memory that the source has, and of what plain numbers gave before."""
    if trial.expected.data is Data.VALUES and trial.observed.provided.elements is None:
        return is_fresh(trial)
    result = trial.observed.result
    if result is not None and trial.expected.data is Data.OWN and result.same_object:
        return Failure(INDEPENDENT, "returned the input itself", Demand("memory", "independent"))
    independent = is_independent(trial)
    return is_fresh(trial) if independent is PASS and _has_twin(trial) else independent


def _has_twin(trial: Trial) -> bool:
    """Whether a second call on the same input was made and compared."""
    result = trial.observed.result
    return result is not None and result.fresh is not None


def is_fresh(trial: Trial) -> Judgement:
    """Two results of one call on the same input do not share."""
    result = trial.observed.result
    if result is None or result.fresh is None:
        return SKIP
    if result.fresh:
        return PASS
    return Failure(
        "memory that no other result uses",
        "a second call's result has the same memory",
        Demand("fresh"),
    )


def converted_apart(trial: Trial) -> Judgement:
    """A result of another dtype has memory of its own."""
    return is_independent(trial) if Need.DTYPE in trial.expected.needs else SKIP


def copied_once(trial: Trial) -> Judgement:
    """Where the exporter made the copy, the result is that copy."""
    result, copies = trial.observed.result, trial.observed.copies
    if not trial.expected.accepted or result is None or result.address is None:
        return SKIP
    if result.relation is not Relation.INDEPENDENT:
        return SKIP
    if len(copies) > 1:
        return Failure("one copy", f"the exporter was asked for {len(copies)}")
    if not copies:
        return SKIP
    if result.address == copies[0]:
        return PASS
    return Failure("the copy that the exporter made", "a copy of that copy")


def untouched(trial: Trial) -> Judgement:
    """The input is as it was, whether the call returned or raised."""
    if trial.observed.unbuilt:
        return SKIP
    damage = trial.observed.damage
    if not damage:
        return PASS
    return Failure("an input that is as before", damage, Demand("untouched"))


def can_be_written(trial: Trial) -> Judgement:
    """A write to the copy takes effect; whether it is a copy is judged elsewhere."""
    result = trial.observed.result
    if result is None or result.writable is None or result.relation is Relation.SHARED:
        return SKIP
    if result.writable:
        return PASS
    return Failure("a result that can be written", "it cannot", Demand("writable", True))


def isolated(trial: Trial) -> Judgement:
    """Later writes to the source do not show in an array that is said never to change."""
    return is_independent(trial)


def asks_no_more(trial: Trial) -> Judgement:
    """What is taken without copy= is taken with it, unless the exporter may not know the wish."""
    if trial.expected.may_refuse:
        return SKIP
    if trial.observed.unbuilt or not trial.related or not trial.related[0].observed.returned:
        return SKIP
    raised = trial.observed.raised
    if raised is not None and raised.is_a("MemoryError"):
        return SKIP  # there may be memory for one, and not for two
    if raised is None:
        return PASS
    return Failure("a copy of what is taken without copy=", f"raised {raised}")


def made_at_once(trial: Trial) -> Judgement:
    """A copy of what the source was at the call; whether it is a copy is judged elsewhere."""
    seen = trial.life.overwriting if trial.life is not None else None
    expected = trial.expected
    if seen is None or expected.memory is not Memory.COPY or not expected.accepted:
        return SKIP
    if seen.follows or not seen.promptly:
        return SKIP
    if seen.held == seen.promptly:
        return PASS
    return Failure(
        "the elements that the source had at the call",
        "what was written to it since",
        Demand("memory", "independent"),
    )


# --------------------------------------------------------------------------- cases


def _has_arrays(case: Case) -> bool:
    return any(isinstance(leaf, Block) for leaf in leaves(case.root)) if case.root else False


def _any_input(case: Case, _: Claims) -> bool:
    return written_block(case) is not None or _has_arrays(case)


def _copy_true(case: Case, _: Claims) -> bool:
    block = written_block(case)
    if case.call.copy is not True or (block is None and not _has_arrays(case)):
        return False
    return block is None or block.exporter != "dlpack_ignores_copy"


def _asks_for_copy(case: Case, _: Claims) -> bool:
    """By asarray, of what knows what a copy is and of which there is memory for two."""
    block = case.block
    if case.call.copy is not True or case.call.given("unknown"):
        return False
    return block is None or (written_block(case) is not None and block.exporter not in DLPACKS)


def _without_copy(case: Case, _: Claims) -> tuple[Case, ...]:
    return (replace(case, call=case.call.without("copy")),)


def _overwritten(case: Case, _: Claims) -> bool:
    return SCHEDULES[case.schedule].kind == "overwrite"


def _ignored_request(case: Case, _: Claims) -> bool:
    block = written_block(case)
    wanted = block is not None and block.exporter == "dlpack_ignores_copy"
    return wanted and case.call.copy is True


def _conversion(case: Case, claims: Claims) -> bool:
    """To another dtype by as_tensor or asarray where no copy is asked for or forbidden."""
    block = written_block(case)
    if block is None or block.foreign_order or case.call.copy is not None:
        return False
    wanted = case.call.dtype
    return wanted != block.dtype and wanted in claims.dtypes and block.dtype in claims.dtypes


def _sequence(case: Case, _: Claims) -> bool:
    root = case.root
    if root is None or case.call.copy is False:
        return False
    if isinstance(root, Nest) and _has_arrays(case):
        return True
    return plainly_nested(root) and bool(leaves(root))


def _counting_exporter(case: Case, _: Claims) -> bool:
    block = written_block(case)
    if block is None or block.exporter not in ("dlpack", "array_protocol") or 0 in block.shape:
        return False
    if block.readonly or case.call.dtype is not None or not default_is_moot(case):
        return False
    if not copies_on_request(block):
        return False
    return case.call.copy is True or case.call.operation == "tensor"


def _memory_or_list(case: Case, _: Claims) -> bool:
    if case.root is not None:
        return isinstance(case.root, Nest)
    return written_block(case) is not None


def _copied(case: Case, claims: Claims) -> bool:
    block = written_block(case)
    if not claims.mutable or block is None or block.exporter == "dlpack_ignores_copy":
        return False
    if twist_of(block).legacy:  # it cannot say that it copied, and the consumer cannot tell
        return False
    return case.call.copy is True or case.call.operation == "tensor"


def _immutable(case: Case, claims: Claims) -> bool:
    block = written_block(case)
    if not claims.immutable or block is None or block.exporter == "own" or block.readonly:
        return False
    return case.call.copy is not False


# --------------------------------------------------------------------------- the table

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="copying.tensor-always-copies",
        level=Level.MUST,
        sentence="tensor() is independent of its input, whatever the input is.",
        why="A parameter that was meant to be a private copy changes with the data set.",
        operations=("tensor",),
        promised_by=(torch("tensor", "description"), numpy("array", "parameter copy")),
        applies=_any_input,
        check=copies_anything,
    ),
    Guarantee(
        id="copying.copy-true-always-copies",
        level=Level.MUST,
        sentence=(
            "copy=True is independent of its input, for every kind of input, dtype, layout, "
            "spelling of the device and generation of the exporter."
        ),
        why="A caller who asked for a copy in order to write to it overwrites the original.",
        operations=("asarray", "from_dlpack"),
        promised_by=(
            std("asarray", "parameter copy"),
            std("from_dlpack", "parameter copy"),
            std_topic(
                "design_topics/copies_views_and_mutation",
                "copy keyword argument",
                "asarray",
                "from_dlpack",
            ),
            torch("asarray", "parameter copy"),
            torch("from_dlpack", "parameter copy"),
            numpy("asarray", "parameter copy"),
        ),
        applies=_copy_true,
        check=copies_anything,
    ),
    Guarantee(
        id="copying.copy-true-refuses-nothing",
        level=Level.MUST,
        sentence="What asarray takes without copy= it takes with copy=True as well.",
        why="A function that must not change its input asks for a copy, and fails for a number.",
        operations=("asarray",),
        promised_by=(
            std("asarray", "parameter copy"),
            torch("asarray", "parameter copy"),
            numpy("asarray", "parameter copy"),
        ),
        applies=_asks_for_copy,
        check=asks_no_more,
        related=_without_copy,
    ),
    Guarantee(
        id="copying.copies-are-made-at-once",
        level=Level.MUST,
        over="life",
        sentence=(
            "A copy has what the source held at the call, also where the source is written to "
            "before anything looks at the copy."
        ),
        why="A buffer that is filled again for the next batch changes the batch before.",
        operations=("as_tensor", "tensor", "asarray", "from_dlpack"),
        promised_by=(
            torch("tensor", "description"),
            torch("asarray", "parameter copy"),
            torch("from_dlpack", "parameter copy"),
            numpy("array", "parameter copy"),
            numpy("asarray", "parameter copy"),
            std("asarray", "parameter copy"),
            std("from_dlpack", "parameter copy"),
            safety("a copy is of what there was", "as_tensor"),
        ),
        applies=_overwritten,
        check=made_at_once,
    ),
    Guarantee(
        id="copying.copied-flag-is-checked",
        level=Level.SHOULD,
        over="memory",
        sentence=(
            "A consumer that was asked for a copy, and whose exporter made none, makes it itself."
        ),
        why="An exporter that does not know the request turns copy=True into a view.",
        operations=("from_dlpack",),
        promised_by=(
            std("from_dlpack", "parameter copy"),
            torch("from_dlpack", "parameter copy"),
        ),
        applies=_ignored_request,
        check=copies_anything,
    ),
    Guarantee(
        id="copying.conversion-is-independent",
        level=Level.MUST,
        over="memory",
        sentence="A change of dtype gives independent memory.",
        why="Writes to the converted array show as nonsense in the original.",
        operations=("as_tensor", "asarray"),
        promised_by=(
            std("asarray", "parameter copy"),
            torch("as_tensor", "data of another dtype"),
            torch("asarray", "data of another dtype"),
            numpy("asarray", "parameter copy"),
        ),
        applies=_conversion,
        check=converted_apart,
    ),
    Guarantee(
        id="copying.sequences-are-fresh",
        level=Level.MUST,
        over="values",
        sentence=(
            "Results from numbers and sequences alias nothing: not the arrays in the sequence, "
            "and not each other."
        ),
        why="Adding to one counter adds to all counters that started from the same number.",
        operations=INGEST,
        promised_by=(
            std("asarray", "parameter copy"),
            torch("tensor", "description"),
            torch("asarray", "scalars and sequences"),
            numpy("asarray", "parameter copy"),
            numpy("array", "parameter copy"),
            safety("two results are two"),
        ),
        applies=_sequence,
        check=copies_anything,
    ),
    Guarantee(
        id="copying.copies-once",
        level=Level.SHOULD,
        over="memory",
        sentence="A copy that was asked for is made once, by the exporter or by the library.",
        why="The peak of memory is three times the array instead of twice.",
        operations=("tensor", "asarray", "from_dlpack"),
        promised_by=(safety("no copy of a copy", "tensor", "asarray", "from_dlpack"),),
        applies=_counting_exporter,
        check=copied_once,
    ),
    Guarantee(
        id="copying.source-is-untouched",
        level=Level.MUST,
        sentence=(
            "Ingestion changes nothing about its input: not its values, its flags, its shape, "
            "nor whether it needs a gradient."
        ),
        why="Looking at data changes it: the next reader, or the optimiser, sees something else.",
        operations=EVERY,
        promised_by=(safety("the input belongs to the caller"),),
        applies=_memory_or_list,
        check=untouched,
        after_warning=True,
    ),
    Guarantee(
        id="copying.result-is-writable",
        level=Level.MUST,
        over="memory",
        sentence=(
            "A copy that was asked for can be written, whether its source can be written or not, "
            "where the library has arrays that can."
        ),
        why="The copy that was made in order to write to it refuses.",
        operations=("tensor", "asarray", "from_dlpack"),
        promised_by=(
            std_topic(
                "design_topics/copies_views_and_mutation",
                "copy keyword argument",
                "asarray",
                "from_dlpack",
            ),
            safety("a copy is its owner's to write", "tensor", "asarray", "from_dlpack"),
        ),
        applies=_copied,
        check=can_be_written,
    ),
    Guarantee(
        id="copying.immutable-is-isolated",
        level=Level.MUST,
        over="memory",
        sentence=(
            "A library whose arrays never change isolates them from later writes to the source, "
            "unless the caller forbade the copy."
        ),
        why="A value that is cached, hashed or compiled in as a constant changes.",
        operations=INGEST,
        promised_by=(safety("what never changes does not change", *INGEST),),
        applies=_immutable,
        check=isolated,
    ),
)
