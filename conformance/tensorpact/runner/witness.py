"""Trying the witness of a known deviation: it has to fail as long as the deviation stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tensorpact.backends.protocol import Claims
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Case
from tensorpact.deviations.model import Deviation, Known
from tensorpact.errors import UsageError
from tensorpact.guarantees.model import Failure, Silence
from tensorpact.runner.isolation import How, isolate
from tensorpact.runner.judging import see_case
from tensorpact.runner.limits import Limits, stopped
from tensorpact.runner.outcome import CONTRADICTIONS, CRASHES, broken_by_death
from tensorpact.runner.subject import Reference, make_ready

DEATH_TRIES = 3
"""So often is a case tried that ended its process: whether damaged memory does is chance."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A deviation whose witness was tried; `stale` says what no longer fails, empty if all does."""

    deviation: Deviation
    stale: str


def applicable(deviations: Sequence[Deviation], claims: Claims, selected: Collection[str]) -> Known:
    """Those that hold for this backend and that a run of these guarantees can meet.

    Raises UsageError for a witness that cannot be tried on it, and for a condition that cannot
    be decided.
    """
    met = frozenset(selected) | {CRASHES, CONTRADICTIONS}
    found = Known(tuple(d for d in deviations if _holds(d, claims))).of(met)
    for deviation in found:
        for number, case in enumerate(deviation.witness, 1):
            if not possible(case, claims):
                raise UsageError(
                    f"{deviation.place} ({deviation.guarantee}): witness {number} cannot be tried "
                    f"on {claims.name}, which lacks the dtype or the device: say in `when` or "
                    "`device` where it can, or take another case"
                )
    return Known(found)


def _holds(deviation: Deviation, claims: Claims) -> bool:
    try:
        return deviation.when.holds(claims)
    except ValueError as error:
        raise UsageError(f"{deviation.place} ({deviation.guarantee}): {error}") from error


FAILS = ""
"""What becomes of a case that breaks its guarantee still."""


def try_witness(reference: Reference, deviation: Deviation, limits: Limits) -> Witnessed | None:
    """What became of its witness; None where the run was interrupted meanwhile.

    Raises faults as `run` does.
    """
    make_ready(reference)
    stale = []
    for number, case in enumerate(deviation.witness, 1):
        became = _became(reference, deviation.guarantee, case, limits)
        if stopped():
            return None
        if became != FAILS:
            stale.append(f"witness {number} {became}")
    return Witnessed(deviation, "; ".join(stale))


def _became(reference: Reference, guarantee: str, case: Case, limits: Limits) -> str:
    """Why the case does not break the guarantee, else `FAILS`."""
    tries = DEATH_TRIES if guarantee == broken_by_death(case) else 1
    became = FAILS
    for _ in range(tries):
        became = _tried(reference, guarantee, case, limits)
        if became == FAILS or stopped():
            break
    return became


def _tried(reference: Reference, guarantee: str, case: Case, limits: Limits) -> str:
    arguments = (reference, (guarantee,), case)
    notes, ending = isolate(see_case, *arguments, seconds=limits.case_seconds, stopped=stopped)
    if ending.how in (How.DIED, How.HUNG):
        ends = f"ends in {ending.cause}, which breaks {broken_by_death(case)}"
        return FAILS if guarantee == broken_by_death(case) else ends
    if not notes:
        return "was not tried"
    judged, _, unbuilt = notes[0]
    if unbuilt:
        return f"cannot be made any more ({unbuilt})"
    judgement = dict(judged).get(guarantee)
    if isinstance(judgement, Failure):
        return FAILS
    kept = judgement is Silence.PASS or guarantee == broken_by_death(case)
    return "no longer fails" if kept else "no longer puts the guarantee to the test"
