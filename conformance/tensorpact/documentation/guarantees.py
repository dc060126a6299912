"""The pages of guarantees, one a group and an index, printed from the guarantee table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tensorpact.authorities import AUTHORITIES
from tensorpact.documentation.markdown import code, sections, table
from tensorpact.documentation.proofs import proofs
from tensorpact.guarantees import GROUPS, TABLE
from tensorpact.guarantees.model import Guarantee, Level, Promise


def pages() -> Mapping[str, str]:
    """The page of each group that has guarantees, and the index of them all."""
    groups = {group: _members(group) for group in GROUPS}
    filled = {group: members for group, members in groups.items() if members}
    texts = {f"guarantees/{group}.md": _group(group, members) for group, members in filled.items()}
    return {"guarantees/index.md": _index(filled), **texts}


def _members(group: str) -> list[Guarantee]:
    return [guarantee for guarantee in TABLE.values() if guarantee.group == group]


def _index(groups: Mapping[str, list[Guarantee]]) -> str:
    rows = [
        (f"[{group}]({group}.md)", GROUPS[group], *_counts(members))
        for group, members in groups.items()
    ]
    listed = [
        f"## {group}\n\n" + table(("guarantee", "level", "sentence"), map(_line, members))
        for group, members in groups.items()
    ]
    return sections(
        "# The guarantees",
        f"{len(TABLE)} promises of ingestion functions. A backend is held to those that an "
        "authority makes and that the backend claims to follow.",
        table(("group", "about", *map(str, Level)), rows),
        "## Authorities\n\n" + _authorities(),
        *listed,
    )


def _counts(members: Iterable[Guarantee]) -> list[str]:
    counted = Counter(guarantee.level for guarantee in members)
    return [str(counted[level]) for level in Level]


def _line(guarantee: Guarantee) -> tuple[str, str, str]:
    link = f"[{guarantee.id}]({guarantee.group}.md#{_anchor(guarantee.id)})"
    return link, str(guarantee.level), guarantee.sentence


def _anchor(heading: str) -> str:
    """The anchor that Markdown renderers make of a heading: letters, digits and hyphens."""
    return "".join(c for c in heading.lower() if c.isalnum() or c in "-_")


def _authorities() -> str:
    rows = [
        (code(name), f"[{a.document}]({_address(a.url)})", a.version)
        for name, a in AUTHORITIES.items()
    ]
    return table(("name", "document", "version"), rows)


def _group(group: str, members: Iterable[Guarantee]) -> str:
    return sections(f"# {group}: {GROUPS[group]}", *map(_guarantee, members))


def _guarantee(guarantee: Guarantee) -> str:
    return sections(
        f"## {guarantee.id}",
        f"**{guarantee.level}.** {guarantee.sentence}",
        f"*Why it matters.* {guarantee.why}",
        f"*Operations.* {code(*guarantee.operations)}",
        "*Promised by*" if guarantee.promised_by else "*Promised by nobody; never scored.*",
        "\n".join(map(_promise, guarantee.promised_by)),
        proofs(guarantee),
    )


def _address(url: str) -> str:
    """As a page of this folder must write it: addresses in the project start at its top."""
    return url.replace("docs/", "../", 1) if url.startswith("docs/") else url


def _promise(promise: Promise) -> str:
    authority = AUTHORITIES[promise.authority]
    document = " ".join(filter(None, (authority.document, authority.version)))
    section = f"[{promise.section}]({_address(promise.url)})"
    scope = f" (for {code(*sorted(promise.operations))})" if promise.operations else ""
    return f"- {document}, {section}{scope}"
