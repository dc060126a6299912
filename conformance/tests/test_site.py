"""The site is built from the pages without a warning, and needs nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from pages import DOCS, PAGES, ROOT

pytest.importorskip("mkdocs", reason="the extra `docs` is not installed")
pytest.importorskip("material", reason="the extra `docs` is not installed")

LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src",
    "object": "data", "link": "href",
}  # fmt: skip
"""The elements by which a page loads something, and the attribute that says what."""

ONLY_NAMED = {"canonical", "next", "prev", "alternate"}
"""Relations of links that load nothing."""


@dataclass
class Page(HTMLParser):
    """What a page loads, where it leads to, and the anchors that it has."""

    loads: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.leads.append(given["href"])
        named = tag == "link" and given.get("rel") in ONLY_NAMED
        if tag in LOADED and LOADED[tag] in given and not named:
            self.loads.append(given[LOADED[tag]])


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


def external(text: str) -> list[str]:
    """The addresses outside of the site that a page or a style sheet loads."""
    styled = re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')\s;]+)", text)
    return [each for each in (*parsed(text).loads, *styled) if re.match(r"(https?:)?//", each)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", ".mkdocs.yml", "-d", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def html(site: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(site.rglob("*.html")):
        yield path, path.read_text(encoding="utf-8")


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    for path, text in html(site):
        assert parsed(text).loads
        assert external(text) == [], path
    for path in site.rglob("*.css"):
        assert external(path.read_text(encoding="utf-8")) == [], path


def test_every_link_and_anchor_in_it_leads_somewhere(site: Path) -> None:
    pages = {path: parsed(text) for path, text in html(site)}
    for path, page in pages.items():
        for address in () if path.name == "404.html" else page.leads:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert there.is_file(), f"{path.name}: {address}"
            assert not parts.fragment or parts.fragment in pages[there].anchors, address


def test_it_can_be_searched_from_a_disk(site: Path) -> None:
    index = (site / "search/search_index.js").read_text(encoding="utf-8")
    assert "copying.copy-true-always-copies" in index
    assert (site / "javascripts/iframe-worker.js").is_file()


def test_every_page_is_in_the_navigation_and_nothing_else() -> None:
    listed = re.findall(r"^ +- (?:[^\n]+: )?([\w/-]+\.md)$", config(), re.MULTILINE)
    assert sorted(listed) == [page.relative_to(DOCS).as_posix() for page in PAGES]


def config() -> str:
    return (ROOT / ".mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://a.example/x.js"></script>',
        '<link rel="stylesheet" href="//a.example/x.css">',
        '<img src="http://a.example/x.png">',
        "@import 'https://a.example/x.css';",
        "a { src: url(https://a.example/x.woff2) }",
    ],
)
def test_what_is_loaded_from_elsewhere_is_seen(text: str) -> None:
    assert external(text)
    assert not external('<a href="https://a.example"></a><img src="images/x.svg">')
