"""readonly: memory that the source forbids to write."""

from __future__ import annotations

from dataclasses import replace

from reftensor.rules import Memory
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import DLPACKS, Block, Case, Source, call
from tensorpact.cases.twists import speaks_legacy
from tensorpact.guarantees import exports
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.predicates import EVERY, SHARE
from tensorpact.guarantees.promises import dlpack, safety, std_topic
from tensorpact.guarantees.relations import written_block
from tensorpact.trial import Relation, Result, Trial

TITLE = "memory that the source forbids to write"

_ABOUT_WRITING = ("writ", "read-only", "readonly", "immutable")


_UNDECIDED = (Relation.UNKNOWN, Relation.ONE_WAY, Relation.SEPARATED_LATE)
"""What is not known to be shared, or shared only until it is written."""


# --------------------------------------------------------------------------- checks


def told_or_protected(trial: Trial) -> Judgement:
    """Read-only memory that is shared is protected by the result, or the user is warned."""
    observed = trial.observed
    if observed.raised is not None:
        return PASS if trial.expected.accepted else SKIP
    if observed.result is None or observed.result.relation in _UNDECIDED:
        return SKIP
    return _safe(observed.result, _about_writing(observed.first_warnings))


def _safe(result: Result, warned: tuple[str, ...]) -> Judgement:
    if result.relation is Relation.INDEPENDENT or result.writable is False or warned:
        return PASS
    if result.writable is None:
        return SKIP
    return Failure(
        "a refusal, a result that cannot be written, or a warning",
        "a writable result over the read-only memory, and no warning",
        Demand("told or protected"),
    )


def warns_again(trial: Trial) -> Judgement:
    """What the user is told once, at the first call, the user is told at the next one."""
    told = _about_writing(trial.observed.first_warnings)
    if told_or_protected(trial) is not PASS or not told:
        return SKIP
    if _about_writing(trial.observed.warnings):
        return PASS
    required = "the warning of the first call, at every call"
    return Failure(required, "no warning at a later call", Demand("warnings", 2))


def says_nothing(trial: Trial) -> Judgement:
    """No warning about writing, where a copy is what was asked for or needed."""
    observed, result = trial.observed, trial.observed.result
    if result is None or trial.expected.memory is not Memory.COPY:
        return SKIP
    if result.relation is not Relation.INDEPENDENT:
        return SKIP
    for warning in _about_writing(observed.first_warnings):
        required = "no warning about writing: the result is a copy"
        return Failure(required, f"warned {warning!r}", Demand("warnings", 0))
    return PASS


def _about_writing(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Those that tell the user what is at stake; another warning is no word on it."""
    return tuple(w for w in warnings if any(word in w.lower() for word in _ABOUT_WRITING))


def flag_is_exported(trial: Trial) -> Judgement:
    """A result that protects read-only memory says so when it is exported."""
    result = trial.observed.result
    if result is None or result.writable is not False or result.export is None:
        return SKIP
    if None not in (result.export.address, result.address) and (
        result.export.address != result.address
    ):
        return SKIP
    if result.relation is not Relation.SHARED:
        return SKIP
    if result.export.legacy:
        return Failure("no export of the generation without flags", "a legacy capsule")
    if result.export.readonly is None:
        return SKIP if result.export.device is None else PASS
    return PASS if result.export.readonly else Failure("the read-only flag", "an export without it")


def flag_is_respected(trial: Trial) -> Judgement:
    """A library that protects a read-only array protects a read-only import, too."""
    direct = trial.related[0].observed.result if trial.related else None
    if direct is None or direct.writable is not False or trial.observed.result is None:
        return SKIP
    return told_or_protected(trial)


def stays_writable(trial: Trial) -> Judgement:
    """A write to the shared result takes effect."""
    result = trial.observed.result
    if result is None or result.relation is not Relation.SHARED or result.writable is None:
        return SKIP
    if result.writable:
        return PASS
    required = "a result that can be written, as its source can"
    return Failure(required, "it cannot be written", Demand("writable", True))


# --------------------------------------------------------------------------- cases


def _readonly(case: Case) -> Block | None:
    block = written_block(case)
    return block if block is not None and block.readonly else None


def _lent_readonly(case: Case, claims: Claims) -> bool:
    block = _readonly(case)
    return claims.mutable and block is not None and block.exporter not in DLPACKS


def _copied_readonly(case: Case, _: Claims) -> bool:
    return _readonly(case) is not None


def _imported_readonly(case: Case, claims: Claims) -> bool:
    block = _readonly(case)
    if block is None or case.call.arguments or case.state.default_device:
        return False
    return block.exporter in DLPACKS and bool(_direct(claims))


def _direct(claims: Claims) -> str | None:
    """The operation that takes an array as it is."""
    known = ("asarray", "as_tensor", "from_numpy")
    return next((name for name in known if claims.accepted(name, "ndarray")), None)


def _as_array(case: Case, claims: Claims) -> tuple[Case, ...]:
    operation, block = _direct(claims), case.block
    assert operation is not None
    assert block is not None
    source: Source = replace(block, exporter="ndarray", twist="")
    return (Case(source, call(operation), case.state),)


def _imported_writable(case: Case, claims: Claims) -> bool:
    block = written_block(case)
    if block is None or block.readonly or case.call.copy is True or not claims.mutable:
        return False
    return not speaks_legacy(block)


# --------------------------------------------------------------------------- the table

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="readonly.sharing-warns-or-protects",
        level=Level.MUST,
        over="memory",
        sentence=(
            "Sharing read-only memory is refused, or its result cannot be written, or a warning "
            "tells the user; it is never silent."
        ),
        why=(
            "A write through the result changes a constant, a file or another program's memory, "
            "or ends the process."
        ),
        operations=("as_tensor", "asarray", "from_numpy", "frombuffer"),
        promised_by=(safety("memory that must not be written is protected"),),
        applies=_lent_readonly,
        check=told_or_protected,
    ),
    Guarantee(
        id="readonly.warning-repeats",
        level=Level.SHOULD,
        over="memory",
        sentence=(
            "A library that warns of sharing read-only memory warns at every call, not only at "
            "the first one of the process."
        ),
        why=(
            "The one warning of a process is given to whoever came first; the call that does the "
            "damage is silent, also under warnings as errors."
        ),
        operations=("as_tensor", "asarray", "from_numpy", "frombuffer"),
        promised_by=(safety("what is dangerous every time is said every time"),),
        applies=_lent_readonly,
        check=warns_again,
    ),
    Guarantee(
        id="readonly.copying-is-silent",
        level=Level.SHOULD,
        over="memory",
        sentence="A call that ends in a copy does not warn that its source cannot be written.",
        why="Under warnings as errors, correct code that only reads its input fails.",
        operations=EVERY,
        promised_by=(safety("no warning without a danger"),),
        applies=_copied_readonly,
        check=says_nothing,
    ),
    Guarantee(
        id="readonly.flag-travels",
        level=Level.MUST,
        over="memory",
        sentence=(
            "Exporting a result that protects read-only memory carries the flag, and is refused "
            "where the export has none."
        ),
        why="The third library in the chain writes to memory that the first one protected.",
        operations=SHARE,
        promised_by=(
            dlpack("c_api", "DLPACK_FLAG_BITMASK_READ_ONLY"),
            safety("protection does not end with the first step", *SHARE),
        ),
        applies=_copied_readonly,
        check=flag_is_exported,
    ),
    Guarantee(
        id="readonly.import-respects-flag",
        level=Level.SHOULD,
        over="memory",
        sentence=(
            "A library that protects read-only arrays protects the import of an export that is "
            "flagged read-only, or tells the user."
        ),
        why="The same array is protected by one way in and not by the other.",
        operations=("from_dlpack",),
        promised_by=(
            dlpack("c_api", "DLPACK_FLAG_BITMASK_READ_ONLY"),
            std_topic(
                "API_specification/generated/array_api.array.__dlpack__",
                "array.__dlpack__, notes on read-only arrays",
                "from_dlpack",
            ),
        ),
        applies=_imported_readonly,
        check=flag_is_respected,
        related=_as_array,
    ),
    Guarantee(
        id="readonly.writable-stays-writable",
        level=Level.MUST,
        over="memory",
        sentence=(
            "A writable source that is imported without a copy, by an export that can say that it "
            "is writable, is writable."
        ),
        why="Code that works in place fails, depending on where its array came from.",
        operations=("from_dlpack",),
        promised_by=(safety("nothing is protected that is free", "from_dlpack"),),
        applies=_imported_writable,
        check=stays_writable,
    ),
    *exports.READONLY,
)
