"""The HTML page in a real browser: what people see, click, press, copy and share.

It needs the extra `browser` and the chromium of the system, and is skipped without them. Under
TENSORPACT_BROWSER=required that is a failure: where a browser is meant to be, nothing is skipped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlencode

import pytest

from html_reports import HOSTILE, SHARED, every_verdict, finding, hostile, large, report, result
from tensorpact.guarantees import GROUPS, TABLE
from tensorpact.reports.html import page
from tensorpact.reports.model import Report, Verdict
from tensorpact.reports.plain import printable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

Show = Callable[..., "Page"]

COPIED = "copying.copy-true-always-copies"
NUMPY = report(
    result(Verdict.FAIL, SHARED, finding(reproducer="import numpy as np\nnp.asarray([1])\n")),
    result(Verdict.PASS, COPIED),
)
OTHER = report(result(Verdict.PASS, SHARED), result(Verdict.CRASH, COPIED), name="other")


def without(what: str) -> NoReturn:
    """Ends the test for want of a browser: with a failure where one is required."""
    reason = f"{what} (`apt install chromium`, `pip install 'tensorpact[browser]'`)"
    if os.environ.get("TENSORPACT_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = which("chromium") or without("there is no chromium")
    try:
        import axe_playwright_python  # noqa: F401  # needed later; the reason to skip is here
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        without(str(error))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens the page of some reports from a file, and at the end asks what went wrong in it."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(*reports: Report, fragment: str = "", **options: object) -> Page:
        path = tmp_path / "report.html"
        path.write_text(page(reports), encoding="utf-8")
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda message: wrong.append(message.text))
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("request", lambda request: wrong.append(request.url))
        shown.goto(f"{path.as_uri()}#{fragment}")
        wrong.remove(path.as_uri())
        return shown

    yield opened
    for context in contexts:
        context.close()
    assert not wrong, "said on the console, or asked for beside the file"


def cell(shown: Page, guarantee: str = SHARED, run: int = 0) -> Locator:
    return shown.locator(f"[id='cell-{run}-{guarantee}']")


def link(open: str = SHARED, of: str = "numpy 2.4", **filters: str) -> str:
    return urlencode({**filters, "open": open, "of": of})


def expect_rows(shown: Page, *names: str) -> None:
    """Waits until these guarantees are shown, without those of folded groups."""
    from playwright.sync_api import expect

    titles = shown.locator(".matrix tbody tr:not(.group) > th > span:first-child")
    expect(titles).to_have_text(list(names))


def expect_focus(element: Locator) -> None:
    from playwright.sync_api import expect

    expect(element).to_be_focused()


def test_a_page_shows_its_groups_folded_and_asks_for_nothing_but_itself(show: Show) -> None:
    shown = show(NUMPY, OTHER)
    groups = shown.locator(".fold .name").all_inner_texts()
    assert groups == [name for name in GROUPS if name in ("sharing", "copying")]
    expect_rows(shown)


def test_every_verdict_is_told_by_a_word_in_its_cell(show: Show) -> None:
    shown = show(every_verdict())
    shown.get_by_text("Unfold all").click()
    words = {text.split("\n")[0] for text in shown.locator(".cell").all_inner_texts()}
    assert words == {verdict.removesuffix(" deviation") for verdict in Verdict}


def test_filters_narrow_the_matrix_and_stand_in_the_address(show: Show) -> None:
    shown = show(NUMPY, OTHER)
    shown.locator(".chip.fail").click()
    shown.wait_for_url("**#*mark=fail*")
    expect_rows(shown, "array-is-shared")
    shown.locator(".chip.fail").click()
    shown.get_by_text("Groups").click()
    shown.get_by_label("copying").check()
    shown.wait_for_url("**#*group=copying*")
    expect_rows(shown, "copy-true-always-copies")
    shown.get_by_text("Clear").click()
    shown.get_by_role("searchbox").fill("must share")
    shown.wait_for_url("**#*text=must+share*")
    expect_rows(shown, "array-is-shared", "copy-true-always-copies")


def test_a_filter_by_backend_looks_at_that_one_alone(show: Show) -> None:
    shown = show(NUMPY, OTHER, fragment=urlencode({"run": "other 2.4", "mark": "fail"}))
    assert "No guarantee matches" in shown.locator("#shown").inner_text()
    shown.locator(".chip.fail").click()
    shown.locator(".chip.crash").click()
    shown.wait_for_selector(".cell")
    expect_rows(shown, "copy-true-always-copies")
    assert shown.locator(".cell").count() == 1


def test_a_card_opens_from_the_keyboard_and_gives_the_focus_back(show: Show) -> None:
    shown = show(NUMPY)
    shown.locator(".fold").first.focus()
    shown.keyboard.press("Enter")
    shown.keyboard.press("Tab")
    expect_focus(cell(shown))
    shown.keyboard.press("Enter")
    shown.locator("dialog[open]").wait_for()
    assert TABLE[SHARED].sentence in shown.locator("dialog").inner_text()
    assert shown.evaluate("document.activeElement.closest('dialog') !== null")
    shown.keyboard.press("Escape")
    shown.wait_for_url("**#")
    expect_focus(cell(shown))


def test_arrows_go_from_cell_to_cell(show: Show) -> None:
    shown = show(NUMPY, OTHER, fragment="group=sharing")
    cell(shown).focus()
    shown.keyboard.press("ArrowRight")
    expect_focus(cell(shown, run=1))


def test_a_shared_link_opens_the_card_and_back_closes_it(show: Show) -> None:
    shown = show(NUMPY, OTHER, fragment=link(of="other 2.4", group="sharing"))
    assert shown.locator("dialog .of").inner_text() == "other 2.4"
    shown.get_by_role("button", name="Close").click()
    shown.locator("dialog:not([open])").wait_for(state="attached")
    cell(shown).click()
    shown.locator("dialog[open]").wait_for()
    shown.go_back()
    shown.locator("dialog:not([open])").wait_for(state="attached")
    expect_rows(shown, "array-is-shared")


def test_a_link_to_a_cell_that_is_not_there_says_so(show: Show) -> None:
    shown = show(NUMPY, fragment=link(open="__proto__", of="constructor"))
    assert "no cell for __proto__" in shown.locator("#shown").inner_text()


@pytest.mark.parametrize("clipboard", ["writes", "refuses"])
def test_the_reproducer_is_copied_with_and_without_a_clipboard(show: Show, clipboard: str) -> None:
    shown = show(NUMPY, fragment=link(), permissions=["clipboard-read", "clipboard-write"])
    if clipboard == "refuses":
        shown.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject() }")
    shown.get_by_role("button", name="Copy code").click()
    shown.get_by_role("button", name="Copied").wait_for()
    assert shown.evaluate("navigator.clipboard.readText()") == "import numpy as np\nnp.asarray([1])"


def test_a_card_has_all_that_is_known_of_its_findings(show: Show) -> None:
    text = show(NUMPY, fragment=link()).locator("dialog").inner_text()
    guarantee = TABLE[SHARED]
    for said in (guarantee.why, guarantee.promised_by[0].section, "copies where it must share"):
        assert said in text
    for said in ("shared memory", "a copy", "1 like this", "tensorpact replay numpy/", "dtype"):
        assert said in text


def test_axes_of_a_card_unfold_to_counts(show: Show) -> None:
    shown = show(NUMPY, fragment=link())
    shown.locator("dialog summary", has_text=re.compile("^dtype")).click()
    assert "float32\t4" in shown.locator("dialog details table").inner_text()


def test_what_was_tried_is_a_table_for_each_axis(show: Show) -> None:
    shown = show(NUMPY, OTHER)
    shown.get_by_label("Axis").select_option("argument:copy")
    lines = shown.locator("#tried tbody tr").all_inner_texts()
    assert [line.split("\t") for line in lines] == [["False", "14", "14"]]


STATES = {
    "folded": "",
    "unfolded": "group=sharing&group=copying",
    "card": link(),
    "crash": link(COPIED, "other 2.4"),
}


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(show: Show, state: str, colours: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    reports = (every_verdict(), OTHER) if state == "unfolded" else (NUMPY, OTHER)
    width = 390 if state == "folded" else 1280
    size = {"width": width, "height": 800}
    shown = show(*reports, fragment=STATES[state], color_scheme=colours, viewport=size)
    shown.evaluate(
        "document.querySelectorAll('dialog details, .legend').forEach(d => d.open = true)"
    )
    violations = Axe().run(shown).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations] == []


@pytest.mark.parametrize("fragment", STATES.values(), ids=STATES)
def test_a_phone_never_scrolls_the_page_sideways(show: Show, fragment: str) -> None:
    wide = [replace(OTHER, header=replace(OTHER.header, platform="x" * 200))] * 6
    shown = show(NUMPY, OTHER, *wide, fragment=fragment, viewport={"width": 390, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert shown.evaluate("document.getElementById('card').scrollWidth") <= 390


def test_the_switch_changes_the_colours_of_the_system(show: Show) -> None:
    shown = show(NUMPY, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = shown.evaluate(ground)
    shown.get_by_role("button", name="Light colours").click()
    assert shown.evaluate(ground) != dark
    shown.get_by_role("button", name="Dark colours").click()
    assert shown.evaluate(ground) == dark


def elements(shown: Page) -> int:
    found: int = shown.evaluate("document.querySelectorAll('*').length")
    return found


def test_a_large_report_makes_elements_only_of_what_is_looked_at(show: Show) -> None:
    id = next(iter(TABLE))
    shown = show(*large())
    folded = elements(shown)
    assert folded < 3000
    shown.evaluate(f"location.hash = {link(id, 'backend3 2.4')!r}")
    shown.locator("dialog[open]").wait_for()
    opened = elements(shown)
    assert opened < folded + 2000
    assert shown.locator(".finding").count() == 10
    shown.get_by_role("button", name=re.compile("^Show 10 more")).click()
    assert shown.locator(".finding").count() == 20
    shown.keyboard.press("Escape")
    shown.locator("dialog:not([open])").wait_for(state="attached")
    assert shown.locator(".finding").count() == 0


def test_hostile_text_is_text(show: Show) -> None:
    hacked = "typeof hacked !== 'undefined' || document.querySelector('img') !== null"
    shown = show(hostile())
    shown.get_by_text("Unfold all").click()
    shown.locator(".cell.fail").first.click()
    shown.locator("dialog[open]").wait_for()
    for summary in shown.locator("dialog summary").all():
        summary.click()
    text = " ".join(shown.locator("dialog").inner_text().split())
    assert " ".join(printable(HOSTILE).split()) in text
    assert not shown.evaluate(hacked)
    assert shown.locator("dialog a:not([href^='https://'])").count() == 0


def test_without_javascript_the_verdicts_are_a_table(show: Show) -> None:
    shown = show(every_verdict(), java_script_enabled=False)
    text = shown.locator(".plain").inner_text()
    assert all(verdict in text for verdict in Verdict)


def test_a_guarantee_that_is_not_known_here_has_a_card(show: Show) -> None:
    strange = "tomorrow.is-kept"
    shown = show(report(result(Verdict.FAIL, strange)), fragment=link(strange))
    assert "does not know this guarantee" in shown.locator("dialog").inner_text()
    assert "a copy" in shown.locator("dialog").inner_text()
