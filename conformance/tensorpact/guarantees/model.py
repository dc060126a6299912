"""What a guarantee is: a sentence, who promises it, and a check that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tensorpact.backends.protocol import Claims
    from tensorpact.cases.model import Aspect, Case
    from tensorpact.trial import Trial


class Level(StrEnum):
    """How binding a guarantee is; an OBSERVE guarantee is recorded and never scored."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    OBSERVE = "OBSERVE"


@dataclass(frozen=True, slots=True)
class Promise:
    """Where a guarantee is promised: an authority, the section of its document, operations.

    `operations` narrows the promise to some of the guarantee's operations; None is all.
    """

    authority: str
    section: str
    url: str
    operations: frozenset[str] | None = None

    def covers(self, operation: str) -> bool:
        return self.operations is None or operation in self.operations


DemandKind = Literal[
    "agreement",
    "capsule name",
    "class",
    "consumed",
    "device",
    "device answer",
    "dtype",
    "dtype and shape",
    "elements",
    "exported elements",
    "exported memory",
    "flag",
    "fresh",
    "handle",
    "itself",
    "locked",
    "memory",
    "message",
    "no resize",
    "null",
    "ordinary",
    "part",
    "questions",
    "refusal",
    "refusal or warning",
    "requires_grad",
    "shape",
    "size after resize",
    "strides",
    "told or protected",
    "unlocked",
    "untouched",
    "warnings",
    "writable",
]
"""What a check can ask for; `tensorpact.reproducers` makes scripts of each."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a check asked for, in such a form that a script can ask for it again.

    What the value is, the module says that makes scripts for the `kind`.
    """

    kind: DemandKind
    value: Any = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What a check found: what was required, and what was seen instead; one line each.

    `demand` is what was required once more, for a script that is to fail as the check did. None
    where a result was required and the call raised, and where no script can ask for it.
    """

    required: str
    seen: str
    demand: Demand | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """What an OBSERVE guarantee saw: the outcome in a few words, to be counted."""

    outcome: str


class Silence(StrEnum):
    """The two ways in which a check says nothing bad."""

    PASS = "pass"
    SKIP = "skip"


PASS, SKIP = Silence.PASS, Silence.SKIP
"""PASS: the promise was put to the test and kept. SKIP: this trial did not test it."""

Over = Literal["memory", "values", "anything", "export", "life", "story", "everything"]
"""The aspects of cases: "anything" is memory and values, "everything" all there are."""

Judgement = Failure | Note | Silence
Check = Callable[["Trial"], Judgement]


@dataclass(frozen=True, slots=True)
class Guarantee:
    """One promise of an ingestion API.

    `applies` says, before anything is called, whether a case can put it to the test;
    `check` judges a trial and never touches the backend. `related` gives further cases
    whose trials the check compares with (for promises that two calls agree).
    `over` says what cases it speaks of at all, by their aspect: what comes of data with memory,
    of written-out values, of both; exports, lifetimes, stories. `applies` is asked only then.
    `after_warning`: it judges a call that raised where warnings are errors, too; the others
    cannot tell what the call would have come to.
    `ability` is what an adapter must have for its library to claim this at all: "grad".
    """

    id: str
    level: Level
    sentence: str
    why: str
    operations: tuple[str, ...]
    promised_by: tuple[Promise, ...]
    applies: Callable[[Case, Claims], bool]
    check: Check
    related: Callable[[Case, Claims], tuple[Case, ...]] | None = None
    ability: str | None = None
    over: Over = "anything"
    after_warning: bool = False

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    def speaks_of(self, aspect: Aspect) -> bool:
        """Whether cases of this aspect can put it to the test."""
        if self.over == "anything":
            return aspect in ("memory", "values")
        return self.over in (aspect, "everything")

    def promises_for(self, claims: Claims, operation: str) -> tuple[Promise, ...]:
        """The promises that bind this backend for this operation; none: not claimed."""
        if operation not in self.operations:
            return ()
        if self.ability is not None and self.ability not in claims.abilities:
            return ()
        return tuple(
            promise
            for promise in self.promised_by
            if promise.covers(operation) and claims.claims(promise.authority, operation)
        )
