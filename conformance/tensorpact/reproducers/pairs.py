"""Two calls that must agree, as scripts that make both."""

from __future__ import annotations

from collections.abc import Iterator

from tensorpact.cases.words import word
from tensorpact.guarantees.model import DemandKind
from tensorpact.reproducers.typed import Lines, Typed, overwriting

AGREEMENT: DemandKind = "agreement"
"""The kind of a demand that a related call comes to the same; its value is that call's number."""

_OUTCOME = (
    "def outcome(call):",
    "    try: return call()",
    "    except Exception as error: return error",
)


def agreeing(one: Typed, other: Typed) -> Iterator[Lines]:
    """The candidates for two calls: that both are taken or neither, then what their results are."""
    calls = [
        *_lines(one, "one", "outcome(lambda: {})"),
        *_lines(other, "other", "outcome(lambda: {})", one),
    ]
    yield [*_OUTCOME, *calls, "assert type(one) is type(other), (one, other)"]
    both = [*_lines(one, "one"), *_lines(other, "other", after=one)]
    for kind in ("dtype of", "shape of", "device of", "elements of"):
        left, right = (word(one.claims, kind, x=name) for name in ("one", "other"))
        yield [*both, f"assert {left} == {right}, ({left}, {right})"]
    if one.lines == other.lines and len(one.again) < len(one.lines):
        left, right = (word(one.claims, "elements of", x=name) for name in ("one", "other"))
        if overwriting(one):
            yield [*both, overwriting(one), f"assert {left} == {right}, ({left}, {right})"]
        yield [*both, f"assert (one is {one.data}) == (other is {one.data})"]


def _lines(made: Typed, name: str, form: str = "{}", after: Typed | None = None) -> Lines:
    """The call under a name, without the lines that were there before and are still good."""
    known = after is not None and after.lines == made.lines
    before = made.again if known else made.lines
    return [*before, *made.doing(f"{name} = {form.format(made.call)}")]
