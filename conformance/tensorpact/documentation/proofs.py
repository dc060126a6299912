"""What stands behind a guarantee: its example, the backends that prove its check, real defects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from tensorpact.deviations.files import read, shipped
from tensorpact.deviations.model import Deviation
from tensorpact.documentation.markdown import code, plain, sections
from tensorpact.examples.model import Example, recorded
from tensorpact.guarantees.model import Guarantee
from tensorpact.reports.fences import fenced
from tensorpact.selftest.member import Kind, Member
from tensorpact.selftest.zoos import zoo


def proofs(guarantee: Guarantee) -> str:
    """The example, who is condemned by the check, and which released libraries it caught."""
    found = recorded().get(guarantee.id)
    faulty = ", ".join(map(_linked, _breaking(guarantee, Kind.FAULTY)))
    caught = "\n".join(_caught(guarantee))
    return sections(
        _example(found) if found is not None else "",
        f"*Faulty backends that prove the check.* {faulty}" if faulty else "",
        f"*Seen in libraries*\n\n{caught}" if caught else "",
    )


def _example(example: Example) -> str:
    if not example.backend:
        last = (
            "What is seen of it: "
            f"{code(f'tensorpact replay reference/{example.guarantee}/{example.replay}')}"
        )
    else:
        member = zoo()[example.backend]
        what = "The last line" if member.base == example.library else "The same, in its words,"
        last = f"{what} fails for {_linked(member)}."
    who = "The reference" if example.library == "reference" else example.library
    facts = {"It must come to": plain(example.required), who: plain(example.outcome)}
    lines = "\n".join(f"- {what}: {fact}" for what, fact in facts.items() if fact)
    if example.backend or example.replay:
        lines += f"\n- {last}"
    return sections("*Example*", fenced(example.script.strip(), "python"), lines)


def _breaking(guarantee: Guarantee, kind: Kind) -> Iterator[Member]:
    return (m for m in zoo().values() if m.breaks == guarantee.id and m.kind is kind)


def _linked(member: Member) -> str:
    return f"[{member.name}](../kill-matrix/{member.kind}.md#{member.name})"


def _caught(guarantee: Guarantee) -> Iterator[str]:
    """The defects that releases have now, by the shipped files, and those that they had once."""
    for library, deviation in _shipped():
        if deviation.guarantee == guarantee.id:
            issue = f" <{deviation.issue}>" if deviation.issue else ""
            listed = f"[{library}](../findings.md#{library})"
            when = code(str(deviation.when))
            yield f"- {listed}, {when}, {deviation.kind}: {deviation.reason}{issue}"
    for member in _breaking(guarantee, Kind.HISTORIC):
        yield f"- once, as {_linked(member)}: {member.sentence} <{member.address}>"


@cache
def _shipped() -> tuple[tuple[str, Deviation], ...]:
    """Every known deviation, with its library."""
    return tuple((name, each) for name, file in shipped().items() for each in read(file))
