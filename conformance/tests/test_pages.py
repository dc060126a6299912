"""Every block of code in the documentation is run, or read by whoever reads it for real.

`test_readme` runs the commands, and `test_examples` the examples of the guarantees.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from pages import DOCS, PAGES, README, STORIES, WRITTEN, Block, blocks, commands, shell, shows
from tensorpact.deviations.files import read

ALL = [(page, block) for page in (README, *PAGES) for block in blocks(page)]
RUN = {"sh", "bash", "python", "toml", "yaml", "json", "c"}

NOT_RUN = {
    ("cli.md", ""): "the usage of a command, printed from the command",
    ("mutation.md", ""): "takes hours",
    ("vectors.md", "for file in the"): "says in no language how a runner goes about it",
    ("how-the-suite-is-tested.md", "tensorpact selftest --seeds 5"): "takes half an hour",
    ("how-to-add-a-guarantee.md", "python -m tensorpact.examples"): "writes into the checkout",
    ("how-to-add-a-guarantee.md", "@breaks("): "a part of a module; it is parsed",
}
"""Blocks of text that show no output, by their page and beginning, and why they are not run."""


def of(language: str) -> list[str]:
    return [block.text for _, block in ALL if block.language == language]


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_every_block_is_run_or_it_is_said_why_not(page: Path) -> None:
    left_out = [each for each in blocks(page) if each.language not in RUN]
    assert all(block.language == "text" for block in left_out)
    for block in left_out if page not in (README, *STORIES) else ():
        assert [why for (name, start), why in NOT_RUN.items()
                if name == page.name and block.text.startswith(start)]  # fmt: skip


def test_whole_scripts_are_recipes_which_have_tests_of_their_own() -> None:
    recipes = [path.read_text(encoding="utf-8") for path in (DOCS / "recipes").iterdir()]
    assert of("bash")
    assert all(text in recipes for text in of("bash"))


def test_no_reason_is_left_over() -> None:
    for name, start in NOT_RUN:
        assert any(page.name == name and block.text.startswith(start) for page, block in ALL)


@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.name)
def test_a_story_shows_what_is_printed(page: Path, tmp_path: Path) -> None:
    printed = ""
    for block in blocks(page):
        if block.file:
            block.saved(tmp_path)
        elif block.language == "sh":
            ended = [shell(command, tmp_path) for command in commands(block)]
            printed = "".join(done.stdout + done.stderr for done in ended)
            assert "Traceback" not in printed
        elif block.language == "text":
            assert shows(block.text, printed), printed


def scripts(page: Path) -> list[str]:
    return [b.text for b in blocks(page) if b.language == "python" and not b.file]


@pytest.mark.parametrize("page", [p for p in WRITTEN if scripts(p)], ids=lambda page: page.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(scripts(page))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_part_of_a_module_parses() -> None:
    (part,) = (text for text in of("text") if text.startswith("@breaks("))
    ast.parse(part)


@pytest.mark.parametrize("text", of("toml"))
def test_toml_is_toml_and_deviations_are_deviations(text: str, tmp_path: Path) -> None:
    if "deviation" in tomllib.loads(text):
        (tmp_path / "file.toml").write_text(text, encoding="utf-8")
        assert read(tmp_path / "file.toml")


def test_yaml_is_yaml() -> None:
    yaml = pytest.importorskip("yaml", reason="the extra `docs` is not installed")
    assert all(yaml.safe_load(text) for text in of("yaml"))


@pytest.mark.parametrize("text", of("json"))
def test_json_is_json_and_vectors_are_vectors(text: str) -> None:
    found = json.loads(text)
    if "guarantee" in found:
        schema = json.loads((files("tensorpact_fixtures") / "vectors/schema.json").read_text())
        jsonschema.validate(found, {**schema, **schema["$defs"]["vector"]})


@pytest.mark.parametrize("text", of("c"))
def test_c_compiles_and_succeeds(text: str, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    subprocess.run(
        [compiler, "-xc", "-", "-o", "it"], input=text, text=True, cwd=tmp_path, check=True
    )
    subprocess.run([tmp_path / "it"], check=True, capture_output=True)


def test_what_was_left_out_may_be_anything_and_what_is_shown_may_not() -> None:
    assert shows("one 1\n…\nthree\n", "zero\none 2\ntwo\nthree\n")
    assert not shows("one\n…\nfour\n", "one\ntwo\nthree\n")


def test_a_change_is_made_where_its_first_line_says(tmp_path: Path) -> None:
    for text in ("# a.py\nx = 1\ny = 2\n", "# a.py, instead of the last line\ny = 3\n"):
        Block("python", text).saved(tmp_path)
    Block("python", "# a.py, above the last line\nz = 4\n").saved(tmp_path)
    assert re.findall(r"^\w = \d$", (tmp_path / "a.py").read_text(), re.MULTILINE) == [
        "x = 1",
        "z = 4",
        "y = 3",
    ]
