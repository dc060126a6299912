"""The page on mutation testing, printed from what was recorded and from what was argued away."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tensorpact.documentation.markdown import sections, table

PACKAGE, FOLDER = "tensorpact_fixtures", "mutation"
COLUMNS = ("mutants", "killed", "timed out", "texts", "argued away", "holes")

_INTRODUCTION = (
    "Who examines the examiners? [mutmut](https://mutmut.readthedocs.io) changes one thing at a "
    "time in the reference and in the probes, the code that looks at what a backend did, and runs "
    "the tests: a mutant that no test kills is a hole in them, or makes no difference. Those of "
    "the second kind are listed here, each with the reason."
)
_HOW = """\
```text
pip install mutmut==3.8.1
python conformance/mutation/mutate.py reftensor
python conformance/mutation/mutate.py probes
```"""
_WHAT = (
    "makes the numbers, in up to an hour each; it is no part of continuous integration. Its exit "
    "code is 1 where there is a hole. The reference is examined by its own tests, the golden "
    "vectors and a part of a quick run; the probes by every member of the zoo that does not end "
    "its process, on the cases that show its defect. Mutants that change nothing but a text for "
    "people, such as the message of an exception, are counted as texts: what a message says is no "
    "promise. mutmut leaves alone what is not inside a function, and functions with decorators: "
    "for the rule tables, which are data, golden vectors examine every row."
)


def page() -> str:
    """What was found when it was last tried, and the mutants that live."""
    record, argued = _read("record.json"), _read("survivors.toml")
    rows = [
        (f"`{name}`", *(str(found[column]) for column in COLUMNS), f"mutmut {found['mutmut']}")
        for name, found in record.items()
    ]
    return sections(
        "# Mutation testing",
        _INTRODUCTION,
        table(("what", *COLUMNS, "by"), rows) if rows else "",
        _HOW,
        _WHAT,
        *(_argued(name, survivors) for name, survivors in argued.items()),
    )


def _argued(name: str, survivors: list[Mapping[str, str]]) -> str:
    rows = [
        (f"`{_short(each['in'])}`", _code(each["was"]), _code(each["now"]), each["why"])
        for each in survivors
    ]
    if not rows:
        return ""
    return sections(f"## Argued away: {name}", table(("in", "was", "became", "why"), rows))


def _short(function: str) -> str:
    """`reftensor.tensor.xǁTensorǁto`, as mutmut calls it, is reftensor.tensor.Tensor.to."""
    module, _, name = function.rpartition(".")
    return f"{module}.{name.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def _code(text: str) -> str:
    return " ".join(f"`{line}`" for line in text.splitlines()) or "–"


def _read(name: str) -> dict[str, Any]:
    """What the file holds; nothing without the fixtures."""
    try:
        text = (files(PACKAGE) / FOLDER / name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    found: dict[str, Any] = tomllib.loads(text) if name.endswith(".toml") else json.loads(text)
    return found
