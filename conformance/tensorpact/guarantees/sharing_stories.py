"""The guarantees of the group sharing about operations that follow each other."""

from __future__ import annotations

from collections.abc import Sequence

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import STORY, Case
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Guarantee, Judgement, Level
from tensorpact.guarantees.promises import pep3118, safety
from tensorpact.seen.story import What
from tensorpact.trial import Trial


def handles_agree(trial: Trial) -> Judgement:
    """Every handle read what was last written to its memory, up to the end of the story."""
    told = trial.told
    if told is None or not told.compared:
        return SKIP
    found = told.departure
    if found is None or found.what is not What.ELEMENTS:
        return PASS
    wanted, seen = _listed(found.expected), _listed(found.seen)
    return Failure(
        f"x{found.handle}, {found.made}, reads what was last written to its memory: {wanted}",
        f"it reads {seen} after step {found.step}",
        Demand("handle", (found.step, found.handle, found.expected)),
    )


def locks_follow(trial: Trial) -> Judgement:
    """A resize is refused as long as the buffer is shared, and works afterwards."""
    told = trial.told
    if told is None or not told.resized:
        return SKIP
    found = told.departure
    if found is None or found.what is What.ELEMENTS:
        return PASS
    if found.what is What.UNLOCKED:
        return Failure(
            f"BufferError when x{found.handle} is resized, whose memory is still shared",
            f"it was resized at step {found.step}",
            Demand("locked", (found.step, found.handle)),
        )
    return Failure(
        f"x{found.handle} can be resized, as nothing shares its memory any more",
        f"BufferError at step {found.step}",
        Demand("unlocked", (found.step, found.handle)),
    )


def _listed(numbers: Sequence[float]) -> str:
    return str(list(numbers))


def _any(case: Case, claims: Claims) -> bool:
    return True


GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="sharing.handles-agree",
        level=Level.MUST,
        over="story",
        sentence=(
            "Through any sequence of conversions, views, exports, writes and releases, handles "
            "that share memory read the same, and handles that do not leave each other alone."
        ),
        why=(
            "What works in the test of one call comes apart in a program: at the second write, "
            "when the first array goes out of scope, when the buffer is used again."
        ),
        operations=(STORY,),
        promised_by=(safety("what was shared stays shared, what was separate stays so"),),
        applies=_any,
        check=handles_agree,
    ),
    Guarantee(
        id="sharing.locks-follow-handles",
        level=Level.MUST,
        over="story",
        sentence=(
            "A bytearray or array.array cannot be resized while anything that was made of it "
            "shares its memory, whatever is given up in between, and can be again afterwards."
        ),
        why=(
            "A buffer that grows moves away under the tensor, which goes on reading freed memory; "
            "one that stays locked can never be filled again."
        ),
        operations=(STORY,),
        promised_by=(pep3118("PyBuffer_Release: when the buffer is no longer used"),),
        applies=_any,
        check=locks_follow,
    ),
)
