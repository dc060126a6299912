"""Who kept what alive while things were released along a schedule."""

from __future__ import annotations

from dataclasses import dataclass

from tensorpact.seen.raised import Raised


@dataclass(frozen=True, slots=True)
class Moment:
    """What was there after one step of a release.

    `left` are the handles that were not dropped yet. `held`: somebody held the owner of the
    source's memory; None where it cannot be seen. `changed` are those of the handles whose
    elements were no longer what they were after the call. `deleted` counts the calls of the
    deleters of the exports that were consumed.
    """

    step: str
    left: tuple[str, ...]
    held: bool | None
    changed: tuple[str, ...] = ()
    deleted: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The moments of a release, first to last.

    `shares` are the handles whose elements lie in the source's memory, so far as their address
    is known. `deletions` are the calls in the end of the deleter of each export of the source
    that was consumed, None where that is not known. `addressed`: the address of the result's
    elements is known.
    """

    moments: tuple[Moment, ...]
    shares: frozenset[str] = frozenset()
    deletions: tuple[int, ...] | None = None
    addressed: bool = True


@dataclass(frozen=True, slots=True)
class Repetition:
    """What many calls left behind, each: references by what they refer to, and bytes.

    `raised` is what any of them ended in that the first did not. `changed`: the source's
    elements were not what they were before. None where it was not looked at.
    """

    drift: tuple[tuple[str, int], ...] = ()
    kept: int | None = None
    size: int = 0
    raised: Raised | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Resizing:
    """What became of resizing one side while the other shared its memory, and afterwards.

    `refusal` is what it raised, None when it went through. `freely`: after the result was
    dropped it went through. `moved`: a tensor that was resized lies in other memory since;
    `larger`: it claims more elements than before although it refused.
    """

    refusal: Raised | None = None
    freely: bool = True
    moved: bool = False
    larger: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """What became of consuming one capsule twice. `name` is the capsule's after the first time.

    `refusal` is what the second import raised; `deleted` counts the calls of its deleter while
    the result lived and after it died, None where that is not known.
    """

    name: str
    refusal: Raised | None
    deleted: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What a deleter did in a thread that did not hold the GIL, while another thread held it.

    `waited`: the owner was still held then.
    """

    waited: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended in which everything was still alive: "" is orderly."""

    cause: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Overwriting:
    """What a result held whose source was overwritten before anything looked at it.

    `promptly` are the elements of the result of the same call on a source that nobody wrote to,
    `held` those of the result that was looked at late. `follows`: they changed once more with
    the source afterwards, so that the two are one memory.
    """

    promptly: bytes
    held: bytes
    follows: bool


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of the owner of the memory between the call and the last release.

    `raised` is what the call ended in. One of the others is set, after the kind of schedule;
    none, where the schedule had nothing to work on.
    """

    raised: Raised | None = None
    unbuilt: str = ""
    release: Release | None = None
    repetition: Repetition | None = None
    resizing: Resizing | None = None
    again: Again | None = None
    unlocked: Unlocked | None = None
    exit: Exit | None = None
    overwriting: Overwriting | None = None
