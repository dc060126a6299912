"""The HTML page is one file, says all that the reports say, and nothing in them becomes markup."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from html_reports import SHARED, every_verdict, hostile, report, result
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Level
from tensorpact.reports.html import page
from tensorpact.reports.jsonlines import to_json_lines
from tensorpact.reports.model import Verdict
from tensorpact.reports.plain import printable


class Elements(HTMLParser):
    """The tags of a page in their order, with their attributes, and the text each starts with."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.starts = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        self.starts = True

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  # as the base class has it
        self.starts = False

    def handle_data(self, data: str) -> None:
        if self.starts:
            self.texts[-1] += data

    def inside(self, tag: str, **attributes: str) -> list[str]:
        """The texts of the elements with these attributes."""
        return [
            text
            for (name, had), text in zip(self.tags, self.texts, strict=True)
            if name == tag and attributes.items() <= had.items()
        ]


def data(text: str, id: str = "data") -> Any:
    """What the page holds for its script."""
    (found,) = Elements(text).inside("script", id=id)
    return json.loads(found)


def row(text: str, id: str) -> Any:
    """A guarantee as the page knows it."""
    (found,) = [guarantee for guarantee in data(text)["guarantees"] if guarantee["id"] == id]
    return found


def shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(attributes)) for tag, attributes in Elements(text).tags]


FAILED = report(result(Verdict.FAIL))


def test_a_page_has_every_verdict_with_and_without_its_script() -> None:
    text = page([every_verdict()])
    cells = [guarantee["cells"][0] for guarantee in data(text)["guarantees"]]
    assert {cell["verdict"] for cell in cells} == set(Verdict)
    assert {cell["mark"] for cell in cells} <= {mark["key"] for mark in data(text)["marks"]}
    plain = text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert all(verdict in plain for verdict in Verdict)


def test_a_page_names_no_other_file() -> None:
    found = Elements(page([every_verdict()]))
    named = {value for _, had in found.tags for name, value in had.items() if name in _NAMING}
    assert all(str(value).startswith("#") for value in named)
    (style,) = found.inside("style")
    assert "url(" not in style
    assert "@import" not in style


_NAMING = {"src", "href", "data", "action", "srcset", "poster", "background"}


def test_the_policy_allows_the_one_style_and_the_one_script() -> None:
    found = Elements(page([FAILED]))
    (policy,) = [
        had["content"] or ""
        for tag, had in found.tags
        if tag == "meta" and had.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("style-src") == _hash(*found.inside("style"))
    assert rules.pop("script-src") == _hash(*found.inside("script", type="module"))
    assert set(rules.values()) == {"'none'"}


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_a_page_has_no_inline_style_nor_handler_which_the_policy_would_forbid() -> None:
    names = {name for _, had in Elements(page([FAILED])).tags for name in had}
    assert not {name for name in names if name == "style" or name.startswith("on")}


@settings(max_examples=25)
@given(
    st.text(st.characters(codec=None), min_size=1) | st.sampled_from(["<b>", "]]>", "<!--", "&"])
)
def test_no_text_of_a_report_becomes_markup(text: str) -> None:
    assert shape(page([hostile(text)])) == shape(page([hostile("tame")]))


def test_no_hostile_text_becomes_markup_and_no_control_character_is_left() -> None:
    text = page([hostile()])
    assert shape(text) == shape(page([hostile("tame")]))
    assert all(character == "\n" or character.isprintable() for character in text)
    text.encode()


@given(st.text(st.characters(codec=None)))
@settings(max_examples=25)
def test_what_was_seen_is_read_back_from_the_page(seen: str) -> None:
    (finding,) = FAILED.findings
    said = report(result(Verdict.FAIL, SHARED, replace(finding, seen=seen)))
    (card,) = data(page([said]), "cards-0")
    assert dict(card["findings"][0]["facts"]).get("seen", "") == printable(seen)


def test_a_guarantee_that_is_not_known_here_is_shown_as_the_report_has_it() -> None:
    strange = "sharing.of-tomorrow"
    text = page([report(result(), result(Verdict.FAIL, strange))])
    assert (row(text, strange)["known"], row(text, strange)["why"]) == (False, None)
    assert row(text, SHARED)["sentence"] == TABLE[SHARED].sentence
    assert row(text, strange)["cells"][0]["verdict"] == "fail"


def test_an_incomplete_report_says_so_at_the_top() -> None:
    said = Elements(page([report(result(), incomplete="interrupted")]))
    assert any("is incomplete: interrupted" in text for text in said.inside("strong"))
    assert not Elements(page([report(result())])).inside("strong")


def test_equal_reports_give_equal_pages_in_any_process(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_text("".join(to_json_lines(every_verdict())), encoding="utf-8")
    assert _in_new_process(path, "1") == _in_new_process(path, "2")


def _in_new_process(path: Path, seed: str) -> bytes:
    script = (
        "import sys; from pathlib import Path; from tensorpact.reports.html import page; "
        "from tensorpact.reports.jsonlines import read_report; "
        "sys.stdout.buffer.write(page([read_report(Path(sys.argv[1]))]).encode())"
    )
    variables = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.run(command, check=True, capture_output=True, env=variables).stdout


def test_a_broken_should_is_advice_unless_the_page_is_strict() -> None:
    advised = report(result(Verdict.FAIL, level=Level.SHOULD))
    assert row(page([advised]), SHARED)["cells"][0]["mark"] == "advised"
    assert row(page([advised], strict=True), SHARED)["cells"][0]["mark"] == "fail"


def test_a_report_without_a_result_leaves_its_cell_empty() -> None:
    text = page([report(result()), report()])
    assert [cell and cell["mark"] for cell in row(text, SHARED)["cells"]] == ["pass", None]


def test_runs_of_one_name_are_told_apart() -> None:
    keys = [run["key"] for run in data(page([FAILED, FAILED, FAILED]))["runs"]]
    assert len(set(keys)) == 3


def test_what_was_tried_is_counted_for_each_report() -> None:
    tried = dict(data(page([FAILED, report(result(), result(id="sharing.other"))]))["tried"])
    assert tried["dtype"] == [["float32", [4, 8]], ["int8", [3, 6]]]


@pytest.mark.parametrize("name", ["numpy", "pkg.mod:backend", "x; rm -rf ~", "$(reboot)"])
def test_the_command_to_replay_is_three_words_to_a_shell(name: str) -> None:
    (card,) = data(page([report(result(Verdict.FAIL), name=name)]), "cards-0")
    command, verb, id = shlex.split(card["findings"][0]["replay"])
    assert (command, verb) == ("tensorpact", "replay")
    assert id.startswith(f"{name}/{SHARED}/")


def test_without_a_report_there_is_no_page() -> None:
    with pytest.raises(UsageError, match="at least one"):
        page([])


def test_the_facts_to_repeat_a_run_are_there() -> None:
    header = FAILED.header
    facts = Elements(page([FAILED])).inside("dd")
    assert {header.suite, header.python, header.platform, str(header.seed), header.budget} <= {
        *facts
    }
