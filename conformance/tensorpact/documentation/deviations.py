"""The page of known deviations, printed from the files that are shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tensorpact.deviations.files import read, shipped
from tensorpact.deviations.model import Deviation, Kind
from tensorpact.documentation.markdown import code, sections
from tensorpact.guarantees import TABLE

_MEANING = {
    Kind.DEFECT: "the library breaks what it promises itself",
    Kind.DOCUMENTED: "the library says that it departs from the standard here",
    Kind.UNDECIDED: "it departs, and nobody has said yet which of the two it is",
}


def page() -> str:
    """What each library breaks, why that is known, and where it was reported."""
    found = {library: read(file) for library, file in shipped().items()}
    return sections(
        "# What the libraries break",
        "The known deviations that are shipped with tensorpact, each confirmed in plain Python "
        "without it. `tensorpact run LIBRARY --deviations shipped` takes them as known: what is "
        "new still fails, and so does an entry that no longer holds. "
        "[Known deviations](deviations.md) says how that works.",
        "\n".join(f"- {code(kind)}: {meaning}." for kind, meaning in _MEANING.items()),
        *(_library(library, deviations) for library, deviations in found.items()),
    )


def _library(library: str, deviations: Sequence[Deviation]) -> str:
    kinds = Counter(deviation.kind for deviation in deviations)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in Kind if kinds[kind])
    listed = "\n".join(map(_deviation, deviations))
    return sections(f"## {library}", f"{len(deviations)}: {counts}.", listed)


def _deviation(deviation: Deviation) -> str:
    """What happens, and below it where and for which releases."""
    facts = {
        "where": code(*map(str, deviation.region.conditions)) or "everywhere",
        "holds for": code(str(deviation.when)),
        "reported": f"<{deviation.issue}>" if deviation.issue else "",
    }
    reason = " ".join(deviation.reason.split())
    lines = [f"- {_linked(deviation.guarantee)}, {deviation.kind}: {reason}"]
    return "\n".join([*lines, *(f"    - {what}: {fact}" for what, fact in facts.items() if fact)])


def _linked(id: str) -> str:
    anchor = id.replace(".", "")
    return f"**[{id}](guarantees/{TABLE[id].group}.md#{anchor})** ({TABLE[id].level})"
