"""The pages of the kill matrix, printed from the zoo and from what was recorded of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tensorpact.documentation.markdown import code, sections, table
from tensorpact.guarantees import GROUPS, TABLE
from tensorpact.guarantees.model import Level
from tensorpact.selftest.member import Kind, Member
from tensorpact.selftest.recorded import Published, Record, published
from tensorpact.selftest.zoos import zoo

FOLDER = "kill-matrix"
BUDGETS = ("quick", "standard")
NONE = "–"

_INTRODUCTION = (
    "Two numbers say what a conformance suite is worth: how many wrong backends it lets pass, "
    "and how many right ones it condemns. They are counted over a zoo of backends whose "
    "verdict is known beforehand: *faulty* ones, each with one defect; *historic* ones, each "
    "with a defect that somebody reported of a library; and *odd* ones, without a defect, "
    "however unusual they are. `tensorpact selftest` judges them all, "
    "`tensorpact zoo NAME` says how a defect shows, and `tensorpact run zoo:NAME` judges one."
)


def pages() -> Mapping[str, str]:
    """An index with the two numbers and the guarantees, and a page for each kind of backend."""
    found = {budget: published(budget) for budget in BUDGETS}
    recorded = {budget: matrix for budget, matrix in found.items() if matrix is not None}
    kinds = {kind: [m for m in zoo().values() if m.kind is kind] for kind in Kind}
    return {
        f"{FOLDER}/index.md": _index(kinds, recorded),
        f"{FOLDER}/faulty.md": _by_group("# Faulty backends", kinds[Kind.FAULTY], recorded),
        f"{FOLDER}/historic.md": _by_group("# Historic backends", kinds[Kind.HISTORIC], recorded),
        f"{FOLDER}/odd.md": _odd(kinds[Kind.ODD], recorded),
    }


def _index(kinds: Mapping[Kind, list[Member]], recorded: Mapping[str, Published]) -> str:
    guilty = [*kinds[Kind.FAULTY], *kinds[Kind.HISTORIC]]
    return sections(
        "# The kill matrix",
        _INTRODUCTION,
        table(
            ("budget", "seeds", "wrong ones condemned", "right ones condemned", "recorded by"),
            (_numbers(guilty, kinds[Kind.ODD], matrix) for matrix in recorded.values()),
        ),
        "What `quick` lets pass at a seed is judged once more with `standard`. A backend counts "
        "as condemned only if the guarantee that its defect breaks condemns it.",
        f"There are {len(kinds[Kind.FAULTY])} [faulty](faulty.md), {len(kinds[Kind.HISTORIC])} "
        f"[historic](historic.md) and {len(kinds[Kind.ODD])} [odd](odd.md) backends.",
        "## Guarantees",
        "Which backends each guarantee condemned because their defect breaks it, and how many "
        "others it condemned too, for the same defect.",
        *(_guarantees(group, guilty, recorded) for group in GROUPS),
    )


def _numbers(guilty: list[Member], odd: list[Member], matrix: Published) -> tuple[str, ...]:
    judged = [matrix.members[m.name] for m in guilty if m.name in matrix.members]
    tried = len(judged) * matrix.seeds
    found = sum(record.found for record in judged)
    right = [matrix.members[m.name] for m in odd if m.name in matrix.members]
    accused = sum(bool(record.others) for record in right)
    return (
        code(matrix.budget),
        str(matrix.seeds),
        f"{found} of {tried} ({found / max(tried, 1):.1%})",
        f"{accused} of {len(right)}",
        f"tensorpact {matrix.suite}",
    )


def _guarantees(group: str, guilty: list[Member], recorded: Mapping[str, Published]) -> str:
    scored = [g for g in TABLE.values() if g.group == group and g.level is not Level.OBSERVE]
    if not scored:
        return ""
    rows = []
    for guarantee in scored:
        breaking = [member.name for member in guilty if member.breaks == guarantee.id]
        too = {
            name
            for matrix in recorded.values()
            for name, record in matrix.members.items()
            if guarantee.id in (record.others or ())
        }
        listed = ", ".join(_linked(name) for name in breaking)
        asked = any(r.others is not None for m in recorded.values() for r in _guilty(m))
        counted = str(len(too)) if too else NONE if asked else "not recorded"
        rows.append((code(guarantee.id), listed or NONE, counted))
    return f"### {group}\n\n" + table(("guarantee", "condemns", "others"), rows)


def _guilty(matrix: Published) -> Iterable[Record]:
    """The records of members with a defect; those without are judged by everybody anyway."""
    return (r for name, r in matrix.members.items() if name in zoo() and zoo()[name].breaks)


def _linked(name: str) -> str:
    page = "historic" if zoo()[name].kind is Kind.HISTORIC else "faulty"
    return f"[{name}]({page}.md#{name})"


def _by_group(title: str, members: list[Member], recorded: Mapping[str, Published]) -> str:
    groups = {
        group: [m for m in members if m.breaks.partition(".")[0] == group] for group in GROUPS
    }
    return sections(
        title,
        "The numbers say at how many seeds the right guarantee condemned the backend, and after "
        "how many cases and seconds at the first of them, on the machine that recorded them.",
        *(f"## {group}\n\n{_listed(found, recorded)}" for group, found in groups.items() if found),
    )


def _listed(members: Iterable[Member], recorded: Mapping[str, Published]) -> str:
    return sections(*(_member(member, recorded) for member in members))


def _member(member: Member, recorded: Mapping[str, Published]) -> str:
    records = {b: matrix.members.get(member.name) for b, matrix in recorded.items()}
    facts = {
        "breaks": code(member.breaks),
        "made out of": member.base,
        "hidden in": member.corner,
        "reported": f"<{member.address}>" if member.address else "",
        **{b: _found(record, recorded[b].seeds) for b, record in records.items()},
        "condemned by, too": _too(records.values()),
    }
    lines = [f"- {what}: {fact}" for what, fact in facts.items() if fact]
    return f"### {member.name}\n\n{member.sentence}\n\n" + "\n".join(lines)


def _too(records: Iterable[Record | None]) -> str:
    """The other guarantees that condemned it; what was not asked is said."""
    asked = [r.others for r in records if r is not None and r.others is not None]
    if not asked:
        return "not recorded"
    return code(*sorted({id for others in asked for id in others})) or "nothing else"


def _found(record: Record | None, seeds: int) -> str:
    if record is None:
        return "not recorded"
    said = f"{record.found} of {seeds} seeds"
    if record.cases is None:
        return f"{said}; standard finds it" if record.late else said
    return f"{said}, after {record.cases} cases, {record.seconds:.1f} s"


def _odd(members: list[Member], recorded: Mapping[str, Published]) -> str:
    rows = []
    for member in members:
        verdicts = {
            b: m.members[member.name] for b, m in recorded.items() if member.name in m.members
        }
        said = ", ".join(
            f"{budget}: {code(*record.others) if record.others else 'acquitted'}"
            for budget, record in verdicts.items()
        )
        rows.append((member.name, member.sentence, f"<{member.address}>", said or NONE))
    return sections(
        "# Odd backends",
        "Backends without a defect, which every guarantee must acquit at every seed.",
        table(("backend", "what is odd", "allowed by", "verdict"), rows),
    )
