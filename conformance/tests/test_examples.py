"""The example of every guarantee holds, and fails for the backend that breaks the guarantee."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.words import word
from tensorpact.documentation import pages
from tensorpact.examples.made import CONDEMNED
from tensorpact.examples.model import Example, as_toml, recorded
from tensorpact.examples.staged import Stage
from tensorpact.guarantees import TABLE
from tensorpact.selftest.zoos import zoo

EXAMPLES = list(recorded().values())


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with closing(Stage()) as found:
        yield found


def test_every_guarantee_has_an_example_on_its_page() -> None:
    assert list(recorded()) == list(TABLE)
    texts = pages()
    for example in EXAMPLES:
        assert example.script.strip() in texts[f"guarantees/{TABLE[example.guarantee].group}.md"]


def test_no_other_python_stands_on_the_generated_pages() -> None:
    blocks = [
        b for text in pages().values() for b in re.findall(r"```python\n(.*?)```", text, re.S)
    ]
    assert {block.strip() for block in blocks} == {each.script.strip() for each in EXAMPLES}


@pytest.mark.parametrize("library", sorted({example.library for example in EXAMPLES}))
def test_examples_hold(library: str, stage: Stage) -> None:
    pytest.importorskip(library.replace("-", "_").replace("reference", "reftensor"))
    imported = word(claims_of(load(library)), "import")
    for example in EXAMPLES:
        if example.library == library:
            ended = stage.run(example.script, imported)
            assert ended.how == "passed", (example.guarantee, ended.output)


def of_the_reference(example: Example) -> bool:
    return bool(example.backend) and zoo()[example.backend].base == "reference"


def test_an_example_fails_for_the_backend_that_breaks_the_guarantee(stage: Stage) -> None:
    tried = [example for example in EXAMPLES if of_the_reference(example)]
    assert len(tried) > len(TABLE) / 3
    for example in tried:
        assert zoo()[example.backend].breaks == example.guarantee
        ended = stage.run_faulty(example.script, zoo()[example.backend])
        assert ended.how in CONDEMNED, (example.guarantee, ended)


def test_what_is_recorded_is_read_back() -> None:
    assert as_toml(EXAMPLES).count("[[example]]") == len(EXAMPLES)
    odd = Example("a.b", "reference", "", 'it\'s \\ "so"', "", "", "x = '''\n'''\n")
    import tomllib

    assert Example(**tomllib.loads(as_toml([odd]))["example"][0]) == odd
