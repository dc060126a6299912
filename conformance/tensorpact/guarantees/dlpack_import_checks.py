"""The checks of the guarantees of a DLPack consumer."""

from __future__ import annotations

from tensorpact.capsules.handshake import CAPSULE, DEVICE, Ask
from tensorpact.cases import dtypes
from tensorpact.cases.model import Case
from tensorpact.cases.twists import twist_of
from tensorpact.guarantees import dlpack_import_cases as cases
from tensorpact.guarantees.elements import same_elements
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement, Note
from tensorpact.guarantees.predicates import described, must_raise, refused_wrongly
from tensorpact.guarantees.relations import export_may_fail, may_be_copied, nothing_was_lent
from tensorpact.trial import Trial

TAKEN = "a tensor of its elements, as of any other export"


def is_taken(trial: Trial) -> Judgement:
    """As `is_taken_at_all`, where the exporter has lent anything.

    What it refuses to a consumer that does not ask in its way is judged by the handshake.
    """
    return SKIP if nothing_was_lent(trial) else is_taken_at_all(trial)


def is_taken_at_all(trial: Trial) -> Judgement:
    """The dtype, the shape and the elements of the source; a refusal must be allowed."""
    expected, result = trial.expected, trial.observed.result
    if not expected.accepted or expected.refusal is not None or trial.observed.unbuilt:
        return SKIP
    if expected.device != trial.claims.host:
        return SKIP
    if trial.observed.raised is not None and trial.observed.raised.by_input:
        return SKIP
    if result is None:
        case, claims = trial.case, trial.claims
        unable = case.call.copy is False and (may_be_copied(case, claims) or not _shares(trial))
        excused = unable or export_may_fail(case, claims) or _between_elements(case)
        return SKIP if excused else refused_wrongly(trial, TAKEN)
    if not result.is_tensor or expected.dtype not in trial.claims.dtypes:
        return SKIP
    if (result.dtype, result.shape) != (expected.dtype, expected.shape):
        demand = Demand("dtype and shape", (expected.dtype, expected.shape))
        return Failure(f"{expected.dtype} of shape {expected.shape}", described(trial), demand)
    return same_elements(trial)


def _shares(trial: Trial) -> bool:
    """Whether any document that the library follows says that the operation shares."""
    operation = trial.case.call.operation
    return any(trial.claims.claims(name, operation) for name in ("std", "torch", "numpy", "dlpack"))


def _between_elements(case: Case) -> bool:
    """Whether the first element lies at no multiple of the itemsize, as complex numbers may.

    No document says that such memory is to be taken, only where the first element is.
    """
    block = case.block
    return block is not None and block.alignment % dtypes.itemsize(block.dtype) != 0


def is_refused(trial: Trial) -> Judgement:
    """Any exception; where another argument or the kind of data is refused, nothing is tested."""
    if not _tests_the_export(trial) or _legacy_was_lent(trial):
        return SKIP
    assert trial.case.block is not None
    return must_raise(trial, f"an exception: {twist_of(trial.case.block).text}")


def _legacy_was_lent(trial: Trial) -> bool:
    """Whether a version was to be lent, and the consumer did not ask for one that has a number."""
    assert trial.case.block is not None
    answered = [a for a in trial.observed.handshake if a.method == CAPSULE and a.answered]
    versioned = twist_of(trial.case.block).versioned
    return versioned and bool(answered) and not _is_version(answered[-1].get("max_version"))


def is_buffer_error(trial: Trial) -> Judgement:
    """The class that the protocol has for what cannot be exchanged; the rest is for others."""
    if not _tests_the_export(trial) or trial.observed.raised is None or nothing_was_lent(trial):
        return SKIP
    return must_raise(trial, "BufferError", ("BufferError",))


def how_taken(trial: Trial) -> Judgement:
    """Whether it was taken, or the class of the refusal."""
    block, raised = trial.case.block, trial.observed.raised
    assert block is not None
    if not _takes_exports(trial):
        return SKIP
    outcome = "taken" if raised is None else f"refused by {raised.name}"
    return Note(f"{twist_of(block).text}: {outcome}")


def understood_or_refused(trial: Trial) -> Judgement:
    """The elements of the source, or one of the two classes that the standard has for it."""
    observed = trial.observed
    if not trial.expected.accepted or trial.expected.refusal is not None or observed.unbuilt:
        return SKIP
    if observed.raised is None:
        return same_elements(trial)
    if nothing_was_lent(trial) or export_may_fail(trial.case, trial.claims):
        return SKIP
    if observed.raised.is_a("BufferError", "ValueError"):
        return PASS
    return Failure("the elements, or BufferError or ValueError", f"raised {observed.raised}")


def propagates(trial: Trial) -> Judgement:
    """The very exception that the exporter raised, where the method that raises was called."""
    block, observed = trial.case.block, trial.observed
    assert block is not None
    raises = twist_of(block).raises
    assert raises is not None
    method, error = raises
    if not any((ask.method, ask.raised) == (method, error.__name__) for ask in observed.handshake):
        return SKIP
    wanted = f"the {error.__name__} of {method}"
    if observed.raised is None:
        return Failure(wanted, f"returned {described(trial)}", Demand("refusal", ()))
    by_it = observed.raised.by_input and observed.raised.is_a(error.__name__)
    return PASS if by_it else Failure(wanted, f"raised {observed.raised}")


def says_what_is_missing(trial: Trial) -> Judgement:
    """AttributeError, or TypeError: the object has no such method."""
    if trial.observed.unbuilt:
        return SKIP
    wanted = "AttributeError or TypeError: it has no __dlpack__"
    return must_raise(trial, wanted, ("AttributeError", "TypeError"))


def shakes_hands(trial: Trial) -> Judgement:
    """max_version in the first call, no stream for the host, one call where one is enough."""
    asks = [ask for ask in trial.observed.handshake if ask.method == CAPSULE]
    if not asks:
        return SKIP
    if not _is_version(asks[0].get("max_version")):
        return Failure("max_version=(1, 0) or newer in the first call", str(asks[0]))
    for ask in asks:
        if ask.get("stream") is not None:
            return Failure("no stream: the memory is the host's", str(ask))
    answered = [ask.answered for ask in asks]
    enough = 1 if cases.knows_all(trial.case) else answered.index(True) + 1 if any(answered) else 0
    block = trial.case.block
    # Who cannot have read-only memory may ask for a copy of it.
    readonly = block is not None and block.readonly
    further = [ask for ask in asks[enough:] if not (readonly and ask.get("copy") is True)]
    if enough and further:
        return Failure("no call after the one that was answered", _calls(asks))
    return PASS


def asks_for_the_device(trial: Trial) -> Judgement:
    """Whether `__dlpack_device__` is called, and before the export."""
    methods = [ask.method for ask in trial.observed.handshake]
    if CAPSULE not in methods:
        return SKIP
    if DEVICE not in methods:
        return Note("not asked")
    before = methods.index(DEVICE) < methods.index(CAPSULE)
    return Note("asked before the export" if before else "asked after the export")


def _tests_the_export(trial: Trial) -> bool:
    """Whether the operation takes exports, and nothing else in the call is to be refused."""
    case, claims = trial.case, trial.claims
    if trial.expected.may_refuse or case.call.given("unknown"):
        return False
    if case.call.device is not None and case.call.device not in claims.devices:
        return False
    return _takes_exports(trial)


def _takes_exports(trial: Trial) -> bool:
    """Whether the operation is documented to take what there is: an exporter, a bare capsule."""
    block, claims = trial.case.block, trial.claims
    if block is None or trial.observed.unbuilt:
        return False
    return claims.accepted(trial.case.call.operation, trial.expected.kind)


def _is_version(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(part, int) for part in value)
        and value >= (1, 0)
    )


def _calls(asks: list[Ask]) -> str:
    return f"{len(asks)} calls: {', '.join(map(str, asks))}"
