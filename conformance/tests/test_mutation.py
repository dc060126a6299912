"""What is argued away is argued: the file of surviving mutants, and what counts as a mere text."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

import tensorpact_fixtures

sys.path.insert(0, str(Path(__file__).parents[1] / "mutation"))
from mutate import TARGETS, is_about_texts

ARGUED = tomllib.loads(
    (Path(tensorpact_fixtures.__file__).parent / "mutation" / "survivors.toml").read_text("utf-8")
)
SOURCES = {
    name: "\n".join(path.read_text("utf-8") for path in sorted(target.package.rglob("*.py")))
    for name, target in TARGETS.items()
}


@pytest.mark.parametrize("target", ARGUED)
def test_every_argument_is_about_code_that_there_is_and_says_why(target: str) -> None:
    for each in ARGUED[target]:
        assert each.keys() == {"in", "was", "now", "why"}
        assert each["was"] != each["now"]
        assert len(each["why"].split()) > 3
        assert all(line in SOURCES[target] for line in each["was"].splitlines())
    places = [each["in"] for each in ARGUED[target]]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("now", "about_texts"),
    [
        ('raise TypeError(f"XXno dtype {name}XX")', True),
        ("raise TypeError(None)", True),
        ("raise TypeError()", True),
        ('raise ValueError(f"no dtype {name}")', False),
    ],
)
def test_only_the_words_for_people_do_not_matter(now: str, about_texts: bool) -> None:
    assert is_about_texts('raise TypeError(f"no dtype {name}")', now) is about_texts


def test_a_word_for_the_machine_matters() -> None:
    assert not is_about_texts('if kind == "complex":', 'if kind == "XXcomplexXX":')
    assert is_about_texts('fail(KIND, f"{a} is {b}")', "fail(KIND, )")
    assert not is_about_texts('fail(KIND, f"{a} is {b}")', 'fail(None, f"{a} is {b}")')
