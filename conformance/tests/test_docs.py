"""The generated pages: complete, fresh, and with links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from reftensor import rules
from tensorpact import documentation
from tensorpact.deviations.files import read, shipped
from tensorpact.documentation.markdown import GENERATED, table
from tensorpact.guarantees import TABLE
from tensorpact.reports.model import Finding, GuaranteeResult, Header

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_the_committed_pages_are_fresh() -> None:
    assert documentation.stale(DOCS) == ()


def test_every_guarantee_stands_on_its_groups_page_in_full() -> None:
    pages = documentation.pages()
    for guarantee in TABLE.values():
        page = pages[f"guarantees/{guarantee.group}.md"]
        assert f"## {guarantee.id}\n" in page
        assert f"**{guarantee.level}.** {guarantee.sentence}" in page
        assert guarantee.why in page
        assert all(promise.url.removeprefix("docs/") in page for promise in guarantee.promised_by)


def test_the_page_of_rules_has_every_table() -> None:
    page = documentation.pages()["rules.md"]
    assert page.count("\n## ") == 7
    assert all(f"| {refusal} |" in page for refusal in rules.Refusal)
    assert all(page.count(f"| {data} | {need} |") == 1 for data, need in rules.MEMORY)


def test_every_guarantee_has_a_verdict_for_each_library_that_was_recorded() -> None:
    page = documentation.pages()["conformance.md"]
    rows = [line for line in page.splitlines() if line.startswith("| [")]
    assert len(rows) == len(TABLE)
    assert len({row.count(" | ") for row in rows}) == 1


def test_the_page_of_the_report_has_every_field_and_dead_references_none() -> None:
    page = documentation.pages()["report-format.md"]
    sections = {line.removeprefix("## ").lower() for line in page.splitlines() if line[:3] == "## "}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= sections
    for kind in (Header, GuaranteeResult, Finding):
        assert all(f"| `{field.name}` |" in page for field in fields(kind))


def test_every_shipped_deviation_stands_on_its_page() -> None:
    page = documentation.pages()["findings.md"]
    found = [each for file in shipped().values() for each in read(file)]
    assert found
    assert all(" ".join(each.reason.split()) in page for each in found)


def test_a_changed_page_a_missing_one_and_a_left_over_one_are_stale(tmp_path: Path) -> None:
    documentation.write(tmp_path)
    (tmp_path / "rules.md").write_text("changed", encoding="utf-8")
    (tmp_path / "cli.md").unlink()
    (tmp_path / "guarantees/old.md").write_text(GENERATED, encoding="utf-8")
    assert set(documentation.stale(tmp_path)) == {"rules.md", "cli.md", "guarantees/old.md"}


def test_writing_deletes_left_over_pages_and_leaves_written_ones_alone(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text(GENERATED, encoding="utf-8")
    (tmp_path / "mine.md").write_text("# Mine", encoding="utf-8")
    documentation.write(tmp_path)
    assert not (tmp_path / "old.md").exists()
    assert (tmp_path / "mine.md").read_text(encoding="utf-8") == "# Mine"


def test_a_page_in_another_encoding_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_bytes(b"# caf\xe9")
    documentation.write(tmp_path)
    assert documentation.stale(tmp_path) == ()
    assert (tmp_path / "mine.md").read_bytes() == b"# caf\xe9"


def test_a_cell_cannot_break_its_table() -> None:
    assert table(["a"], [["x|y\nz"]]).splitlines()[-1] == r"| x\|y z |"
    assert table(["a"], [["`x|<y>`"]]).splitlines()[-1] == "| <code>x&#124;&lt;y&gt;</code> |"
    with pytest.raises(ValueError, match="as many cells"):
        table(["a", "b"], [["only one"]])


def links(page: Path) -> Iterator[str]:
    """The addresses inside the project; code has none."""
    text = re.sub(r"^```.*?^```$|`[^`\n]+`", "", read_text(page), flags=re.MULTILINE | re.DOTALL)
    return (each for each in LINK.findall(text) if not each.startswith(("https:", "http:")))


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_to_a_page_and_heading(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_no_link_of_a_page_leads_out_of_the_site() -> None:
    for page in sorted(DOCS.rglob("*.md")):
        for target in links(page):
            assert (page.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS), target


@cache
def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", read_text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def read_text(page: Path) -> str:
    return page.read_text(encoding="utf-8")
