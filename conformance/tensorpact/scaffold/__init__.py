"""The files that a new user starts from: adapter, test and workflow.

`start` looks at a library and gives their texts; nothing here writes a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tensorpact.backends.faults import said
from tensorpact.backends.smoke import smoke
from tensorpact.errors import AdapterFault, UsageError
from tensorpact.scaffold.library import Library, described
from tensorpact.scaffold.look import Look, imported
from tensorpact.scaffold.text import rendered
from tensorpact.scaffold.ways import WAYS

TAKEN = frozenset(
    {
        *("Any", "Backend", "DTYPES", "Defaults", "Device", "np"),
        *("backend", "host", "make", "read", "write"),
    }
)
"""The names that the adapter has for itself."""

EXAMPLE_IMPORTS = "from typing import Any\nimport numpy as np\n"


@dataclass(frozen=True, slots=True)
class Start:
    """Texts by their paths, and what is not as one may think, in whole sentences."""

    texts: Mapping[str, str]
    notes: tuple[str, ...] = ()


def start(name: str) -> Start:
    """What to start from with the library of this name, which is imported if it is there.

    Raises UsageError for one that cannot be imported though it is there, and for a name that
    the adapter has for something else.
    """
    if name in TAKEN:
        raise UsageError(f"the adapter has a {name!r} of its own: choose another name than {name}")
    module = imported(name)
    look = Look(name, module)
    example, notes = "", []
    if look.ingest is None:
        why = "has no operation that is known" if module else "cannot be imported here"
        notes.append(f"{name} {why}: an example stands in its place in the adapter")
        example = rendered("example.py", name=name).strip()
        look = Look(name, _defined(EXAMPLE_IMPORTS + example)[name])
    adapter, problems = _adapter(described(look), example)
    if not look.dtypes:
        problems = ("no dtype was recognized, so that DTYPES is empty",)
    texts = {
        f"{name}_adapter.py": adapter,
        f"test_{name}_conformance.py": rendered("test.py", name=name),
        f".github/workflows/{name}-conformance.yml": rendered("workflow.yml", name=name),
    }
    notes += [f"the adapter is not finished: {problem}" for problem in problems]
    return Start(texts, tuple(notes))


def _adapter(library: Library, example: str) -> tuple[str, tuple[str, ...]]:
    """The first adapter that passes its smoke test; else the last, and what is wrong with it."""
    values = {"name": library.name, "library": library, "example": example}
    imports = {"import numpy as np", *(() if example else (f"import {library.name}",))}
    problems: tuple[str, ...] = ()
    for ways in (ways for ways in WAYS if library.empty or ways.make != "empty"):
        text = rendered("adapter.py", **values, imports=sorted(imports), ways=ways)
        problems = _problems(text)
        if not problems:
            break
    return text, problems


def _problems(adapter: str) -> tuple[str, ...]:
    try:
        return smoke(_defined(adapter)["backend"])
    except AdapterFault as fault:
        return (str(fault),)
    except Exception as error:
        return (said(error),)


def _defined(text: str) -> dict[str, Any]:
    """The names that a text of ours defines."""
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(text, "<adapter>", "exec"), names)
    return names
