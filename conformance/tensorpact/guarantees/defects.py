"""What kind of defect a broken guarantee is, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from tensorpact.guarantees.model import Failure

CRASH, HANG = "the process dies", "the call does not end"


def defect_of(guarantee: str, failure: Failure) -> str:
    """The kind of defect that a failure of this guarantee is."""
    raised = failure.seen.startswith("raised ")
    kind = failure.demand.kind if failure.demand is not None else ""
    if kind in _EXCEPTIONS or (kind == "refusal" and raised):
        return "the wrong exception"
    if kind == "refusal":
        return "takes what it must refuse"
    if raised:
        return "refuses what it must take"
    if kind in _MEMORY and failure.demand is not None:
        return _COPIES if failure.demand.value == "shared" else _SHARES
    return _ASKED.get(kind) or _GROUPS[guarantee.partition(".")[0]]


_COPIES, _SHARES = "copies where it must share", "shares where it must copy"
_EXCEPTIONS = frozenset({"class", "message", "ordinary"})
_MEMORY = frozenset({"memory", "exported memory"})
_UNLOCKED = "memory that changes or goes while it is in use"

_ASKED: Mapping[str, str] = {
    "agreement": "two answers to one question",
    "device": "the wrong device",
    "device answer": "the wrong device",
    "dtype": "the wrong dtype",
    "dtype and shape": "the wrong dtype or shape",
    "elements": "wrong numbers",
    "exported elements": "wrong numbers",
    "part": "wrong numbers",
    "fresh": _SHARES,
    "itself": "another object than it must be",
    "shape": "the wrong shape",
    "strides": "the wrong layout",
    "untouched": "changes its input",
    "locked": _UNLOCKED,
    "unlocked": "memory that stays locked",
    "no resize": _UNLOCKED,
    "size after resize": _UNLOCKED,
    "warnings": "warns too much or too little",
    "refusal or warning": "neither warns nor refuses",
    "told or protected": "neither warns nor protects",
    "writable": "writable or read-only where it must not be",
    "questions": "needless work",
    "requires_grad": "the wrong gradient",
}
"""By the kind of the demand, where that says more than the group."""

_GROUPS: Mapping[str, str] = {
    "dtype": "the wrong dtype",
    "value": "wrong numbers",
    "shape": "the wrong shape",
    "device": "the wrong device",
    "sharing": _COPIES,
    "copying": _SHARES,
    "readonly": "read-only memory is not respected",
    "lifetime": "memory that lives too long or too short",
    "dlpack": "the protocol of exchange is not kept",
    "grad": "the wrong gradient",
    "error": "the wrong answer to bad input",
    "cost": "needless work",
}
