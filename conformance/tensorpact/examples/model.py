"""What an example is, and those that are recorded among the fixtures."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from tensorpact.errors import HarnessFault

PACKAGE, FILE = "tensorpact_fixtures", "examples/examples.toml"


@dataclass(frozen=True, slots=True)
class Example:
    """A script about one guarantee, that runs to its end with the `library` that it imports.

    Its last statement asserts what was promised: it fails with the `backend` of the zoo in the
    library's place. Where `backend` is empty, it only makes the call. `required` is what that
    must come to, empty where nothing is promised; `outcome` is what the reference does, and
    `replay` the case's word in a replay id: both are empty where it has no such thing.
    """

    guarantee: str
    library: str
    backend: str
    required: str
    outcome: str
    replay: str
    script: str


@cache
def recorded() -> Mapping[str, Example]:
    """The examples by their guarantee; none where the fixtures are not installed.

    Raises HarnessFault for a file that cannot be read.
    """
    try:
        text = (files(PACKAGE) / FILE).read_text(encoding="utf-8")
        found = [Example(**each) for each in tomllib.loads(text)["example"]]
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessFault(f"the examples in {FILE} cannot be read: {error}") from error
    return {example.guarantee: example for example in found}


def as_toml(examples: Iterable[Example]) -> str:
    """The text of the file that `recorded` reads."""
    return "\n".join(map(_entry, examples))


def _entry(example: Example) -> str:
    lines = [f"{name} = {_value(value)}" for name, value in asdict(example).items()]
    return "\n".join(["[[example]]", *lines]) + "\n"


def _value(value: str) -> str:
    quotes, start = ("'''", "\n") if "\n" in value else ("'", "")
    if quotes not in value:
        return f"{quotes}{start}{value}{quotes}"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"""\n{escaped}"""' if "\n" in value else f'"{escaped}"'
