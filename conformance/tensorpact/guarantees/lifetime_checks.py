"""The checks of the guarantees of the group lifetime."""

from __future__ import annotations

from collections.abc import Iterator

from reftensor.rules import Memory
from tensorpact.cases.model import GIVE
from tensorpact.cases.schedules import EXPORTS, RESULT, SOURCE, VIEWS
from tensorpact.guarantees.model import PASS, SKIP, Check, Demand, Failure, Judgement
from tensorpact.seen.life import Life, Moment, Release, Repetition
from tensorpact.trial import Trial

KEPT = "the memory's owner alive as long as it is shared"
RELEASED = "the memory's owner free once everything is dropped"
NOTHING_LEFT = "no reference and no memory left behind by a call"


# --------------------------------------------------------------------------- kept


def keeps_owner(trial: Trial) -> Judgement:
    """While the result or a view of it lives, so does what it shares."""
    return _keeps(trial, (RESULT, *VIEWS), ())


def export_keeps_owner(trial: Trial) -> Judgement:
    """While only exports are left, so is what they share."""
    if trial.case.call.operation in GIVE:
        return _keeps(trial, (RESULT,), ())
    if _goes_wrong_without(trial, keeps_owner):
        return SKIP
    return _keeps(trial, EXPORTS, (RESULT, *VIEWS))


def _goes_wrong_without(trial: Trial, check: Check) -> bool:
    """Whether the related case, which leaves out what is judged here, is as bad already."""
    return any(isinstance(check(other), Failure) for other in trial.related)


def _keeps(trial: Trial, handles: tuple[str, ...], before: tuple[str, ...]) -> Judgement:
    release = _release(trial)
    if release is None:
        return SKIP
    tested = False
    for moment in release.moments:
        left = set(moment.left) & set(handles)
        if set(moment.left) & set(before) & release.shares and moment.held is False:
            return SKIP
        if SOURCE in moment.left or set(moment.left) & set(before) or not left:
            continue
        judgement = _kept_then(trial, release, moment, left)
        if isinstance(judgement, Failure):
            return judgement
        tested |= judgement is PASS
    return PASS if tested else SKIP


def _kept_then(trial: Trial, release: Release, moment: Moment, left: set[str]) -> Judgement:
    """Nothing is said of who owns a tensor's own memory: there its elements tell."""
    sharing = release.shares & left
    own = trial.case.block is not None and trial.case.block.exporter == "own"
    if _deleted_early(release, moment):
        return SKIP
    if sharing and not own and moment.held is False:
        return Failure(KEPT, f"gone when {_listed(sharing)} was left")
    if changed := set(moment.changed) & left:
        return Failure(
            "the elements as they were after the call",
            f"others in {_listed(changed)} after {moment.step} was dropped",
        )
    return PASS if sharing or own else SKIP


def _deleted_early(release: Release, moment: Moment) -> bool:
    """Whether an exporter was told that its memory is not used any more: that is the fault."""
    return bool(moment.deleted and release.shares & {RESULT, *VIEWS} & set(moment.left))


def _listed(names: set[str] | frozenset[str]) -> str:
    return " and ".join(sorted(names))


def _release(trial: Trial) -> Release | None:
    return trial.life.release if trial.life is not None else None


# --------------------------------------------------------------------------- released


def releases_owner(trial: Trial) -> Judgement:
    """At the end nothing holds the source; after many calls nothing has piled up."""
    life = trial.life
    assert life is not None
    if life.repetition is not None:
        return leaves_nothing(life.repetition)
    if life.resizing is not None:
        return _unlocks(life)
    release = life.release
    if release is None or not release.moments or _owes_a_deletion(release):
        return SKIP
    return _free_at_the_end(release)


def _free_at_the_end(release: Release) -> Judgement:
    last = release.moments[-1]
    if last.held is None or last.left:
        return SKIP
    return Failure(RELEASED, "still held") if last.held else PASS


def _owes_a_deletion(release: Release) -> bool:
    """Whether a deleter that nobody called is what holds the memory."""
    return 0 in (release.deletions or ())


def leaves_nothing(repetition: Repetition) -> Judgement:
    """No reference more or less to the input and its parts, and no memory."""
    if repetition.drift:
        part, count = repetition.drift[0]
        what = "more" if count > 0 else "fewer"
        return Failure(NOTHING_LEFT, f"{abs(count)} {what} to {part} after each call")
    if repetition.kept:
        seen = f"{repetition.kept} bytes after each call on {repetition.size} bytes"
        return Failure(NOTHING_LEFT, seen)
    # Calls that raise leave less behind than the first one had given out.
    return PASS if repetition.raised is None else SKIP


def _unlocks(life: Life) -> Judgement:
    resizing = life.resizing
    if resizing is None or resizing.refusal is None:
        return SKIP
    if resizing.freely:
        return PASS
    return Failure("a source that can be resized once the result is dropped", "still locked")


def holds_nothing(trial: Trial) -> Judgement:
    """A copy that was asked for lives without its source."""
    release, expected = _release(trial), trial.expected
    if release is None or trial.raised is not None or expected.memory is not Memory.COPY:
        return SKIP
    if not expected.accepted or expected.refusal is not None or RESULT in release.shares:
        return SKIP
    # Whether a copy was made of an export that ignores the wish for one is another guarantee's.
    block = trial.case.block
    if not release.addressed or (block is not None and block.exporter == "dlpack_ignores_copy"):
        return SKIP
    if release.moments and release.moments[-1].held:
        return SKIP
    for moment in release.moments:
        if SOURCE not in moment.left and RESULT in moment.left and moment.held is not None:
            if moment.held:
                return Failure("a copy that holds nothing of its source", "the source still held")
            return PASS
    return SKIP


# --------------------------------------------------------------------------- resizing


def stays_in_its_memory(trial: Trial) -> Judgement:
    """Neither side is resized under the other; a tensor may move to memory of its own.

    torch documents for from_numpy and frombuffer that the result cannot be resized at all.
    """
    resizing = trial.life.resizing if trial.life is not None else None
    if resizing is None or not resizing.shared:
        return SKIP
    if resizing.larger:
        return Failure(
            "a refusal that leaves the tensor as it is",
            "it claims elements beyond its memory",
            Demand("size after resize"),
        )
    if resizing.refusal is not None:
        return PASS
    if _goes_wrong_without(trial, keeps_owner):
        return SKIP
    if trial.case.schedule == "resized":
        required = "a refusal while its memory is shared"
        return Failure(required, "the array was resized", Demand("no resize"))
    if not resizing.moved:
        required = "a refusal, or memory of its own"
        return Failure(required, "more elements in the shared memory", Demand("no resize"))
    operation = trial.case.call.operation
    fixed = operation in ("from_numpy", "frombuffer") and trial.claims.claims("torch", operation)
    required = "a refusal: it is not resizable"
    return Failure(required, "it was resized", Demand("no resize")) if fixed else PASS


def stays_locked(trial: Trial) -> Judgement:
    """The lender refuses while its memory is shared."""
    resizing = trial.life.resizing if trial.life is not None else None
    if resizing is None or not resizing.shared:
        return SKIP
    if resizing.refusal is not None:
        return PASS
    done = "closed" if trial.case.block and trial.case.block.exporter == "mmap" else "resized"
    required = "BufferError while its memory is shared"
    return Failure(required, f"it was {done} under the result", Demand("no resize"))


# --------------------------------------------------------------------------- capsules


def deletes_once(trial: Trial) -> Judgement:
    """One call of the deleter for each export, and none while its memory is in use."""
    life = trial.life
    assert life is not None
    if life.again is not None and life.again.deleted is not None:
        early, total = life.again.deleted
        return _once(bool(early), (total,))
    release = life.release
    if release is None or not release.deletions or not release.moments:
        return SKIP
    early = any(_deleted_early(release, moment) for moment in release.moments)
    return _once(early, release.deletions)


def _once(early: bool, deletions: tuple[int, ...]) -> Judgement:
    """The deletions of each export by itself: one too many does not make up for a leak."""
    if early:
        return Failure("the deleter called after the last view died", "called while one lived")
    wrong = next((count for count in deletions if count != 1), None)
    if wrong is None:
        return PASS
    return Failure("the deleter called once for each export", f"called {wrong} times for one")


def frees_capsule(trial: Trial) -> Judgement:
    """A capsule holds the memory, and dropping it frees that."""
    life = trial.life
    assert life is not None
    if life.repetition is not None:
        return SKIP if life.raised is not None else leaves_nothing(life.repetition)
    release = life.release
    if release is None or not release.moments or _owes_a_deletion(release):
        return SKIP
    name = trial.case.schedule.rpartition(", ")[2]
    if name not in release.shares or _goes_wrong_without(trial, releases_owner):
        return SKIP
    return _free_at_the_end(release)


def consumes_once(trial: Trial) -> Judgement:
    """The name says that it was consumed, and a second import raises."""
    again = trial.life.again if trial.life is not None else None
    if again is None:
        return SKIP
    if not again.name.startswith("used_"):
        return Failure("a capsule renamed to used_...", f"one that is called {again.name!r}")
    if again.refusal is None:
        return Failure("an exception at the second import", "a second result", Demand("consumed"))
    return PASS


def takes_the_gil(trial: Trial) -> Judgement:
    """A deleter that lets go of Python objects waits until it may."""
    unlocked = trial.life.unlocked if trial.life is not None else None
    if unlocked is None:
        return SKIP
    if unlocked.waited:
        return PASS
    return Failure(
        "a deleter that waits for the GIL before it touches Python objects",
        "it released one while another thread had the GIL",
    )


# --------------------------------------------------------------------------- threads and exit


def is_safe_in_threads(trial: Trial) -> Judgement:
    """Other threads make no difference to what is kept, released, counted and read."""
    life = trial.life
    assert life is not None
    if any(isinstance(j, Failure) for other in trial.related for j in _troubles(other.life)):
        return SKIP
    judged = list(_troubles(life))
    return next((j for j in judged if isinstance(j, Failure)), PASS if PASS in judged else SKIP)


def _troubles(life: Life | None) -> Iterator[Judgement]:
    if life is None:
        return
    if life.repetition is not None:
        yield leaves_nothing(life.repetition)
        if life.repetition.raised is not None:
            yield Failure("what the call does in one thread", f"raised {life.repetition.raised}")
        if life.repetition.changed:
            yield Failure("the elements that one thread gets", "others")
    if life.release is not None and life.release.moments:
        yield _free_at_the_end(life.release)
        for moment in life.release.moments:
            if moment.changed:
                yield Failure("the elements as they were", "others after a release")
            if life.release.shares & set(moment.left) - {SOURCE} and moment.held is False:
                yield Failure(KEPT, "gone before")


def exits_in_order(trial: Trial) -> Judgement:
    """Python ends as it does without the result."""
    ending = trial.life.exit if trial.life is not None else None
    if ending is None:
        return SKIP
    return PASS if not ending.cause else Failure("an orderly exit", f"ended by {ending.cause}")
