"""Find a backend by name, by entry point or by import path.

A name is looked up in this order: the backends that are built in; an entry point of the
group `tensorpact.backends`, whose object is a `Backend`; a family, written `family:name`;
an import path `package.module:attribute`, where the attribute is `backend` when it is left
out and the working directory is importable.

A family is a set of backends that are made on demand, such as a zoo of faulty ones. It is
an entry point of the group `tensorpact.backend_families` whose object is a function that
takes the name within the family and gives the `Backend`, or raises KeyError.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from operator import attrgetter
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

from tensorpact.backends.faults import checked_claims, said
from tensorpact.backends.protocol import Backend
from tensorpact.errors import AdapterFault, UsageError

GROUP = "tensorpact.backends"
FAMILIES = "tensorpact.backend_families"

BUILT_IN: Mapping[str, str] = {
    "reference": "tensorpact.backends.reference:backend",
    "torch": "tensorpact.backends.torch:backend",
    "numpy": "tensorpact.backends.numpy:backend",
    "array-api-strict": "tensorpact.backends.array_api_strict:backend",
}

INSTALLED_BY: Mapping[str, str] = {
    "reference": "tensorpact",
    "torch": "tensorpact[torch]",
    "numpy": "numpy",
    "array-api-strict": "array-api-strict",
}
"""What to install where the library of a built-in backend is missing."""

AN_ADAPTER = "an adapter is named by its import path, as in mypkg.adapter:backend"


def known() -> Mapping[str, str]:
    """The names that `load` takes as they stand, each with the import path behind it."""
    return {**_registered(GROUP), **BUILT_IN}


def load(name: str) -> Backend:
    """The backend of this name; its library is imported now.

    `name` is a built-in name, the name of an entry point, `family:name`, or an import path
    `module:attribute`. Raises UsageError for what cannot be found or is no `Backend`, and for
    a library that is not installed; AdapterFault where the adapter itself is broken.
    """
    backend = _resolve(name)
    if not isinstance(backend, Backend):
        raise UsageError(
            f"{name!r} is no tensorpact.Backend but of type {type(backend).__name__}: {AN_ADAPTER}"
        )
    checked_claims(backend)
    return backend


def _resolve(name: str) -> Any:
    if name in known():
        return _imported(name, known()[name])
    family, _, member = name.partition(":")
    families = _registered(FAMILIES)
    if family in families:
        return _member(name, _imported(name, families[family]), member)
    # As for `python -m`: an adapter that lies in the working directory is found there.
    if "" not in sys.path:
        sys.path.insert(0, "")
    return _imported(name, name)


def _registered(group: str) -> dict[str, str]:
    return {found.name: found.value for found in entry_points(group=group)}


def _imported(name: str, path: str) -> Any:
    module, _, attribute = path.partition(":")
    attribute = attribute or "backend"
    if not all(part.isidentifier() for part in f"{module}.{attribute}".split(".")):
        raise _unknown(name)
    found = _module(name, module)
    try:
        return attrgetter(attribute)(found)
    except AttributeError as error:
        mine = [name for name, value in vars(found).items() if isinstance(value, Backend)]
        near = (name, known()) if name == module else (attribute, mine)
        raise UsageError(
            f"the module {module!r} has no attribute {attribute!r}{_did_you_mean(*near)}: "
            f"{AN_ADAPTER}"
        ) from error


def _module(name: str, module: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if f"{module}.".startswith(f"{missing}."):
            raise _unknown(name) from error
        if name in INSTALLED_BY:
            raise UsageError(
                f"{name} cannot be judged because {missing!r} is not installed: "
                f"pip install '{INSTALLED_BY[name]}'"
            ) from error
        raise _broken(name, module, error) from error
    except (Exception, SystemExit) as error:
        raise _broken(name, module, error) from error


def _member(name: str, make: Any, member: str) -> Any:
    try:
        return make(member)
    except KeyError as error:
        raise UsageError(f"there is no backend {name!r}: {error.args[0]}") from error


def _broken(name: str, module: str, error: BaseException) -> AdapterFault:
    return AdapterFault(
        f"the adapter of {name!r} is broken: importing {module} raised {said(error)}"
    )


def _unknown(name: str) -> UsageError:
    names = sorted(known())
    if name.endswith(".py"):
        module = PurePath(name).stem
        return UsageError(
            f"there is no backend {name!r}: name the module, not its file, as in {module}:backend, "
            "from the directory where it lies"
        )
    module, path, _ = name.partition(":")
    if path and all(part.isidentifier() for part in module.split(".")):
        return UsageError(
            f"there is no backend {name!r}: no module {module!r} can be imported, "
            f"neither from {Path.cwd()} nor among what is installed"
        )
    return UsageError(
        f"there is no backend {name!r}{_did_you_mean(name, names)}: name one of "
        f"{', '.join(names)}, or your own by its import path, as in mypkg.adapter:backend"
    )


def _did_you_mean(word: str, words: Iterable[str]) -> str:
    close = get_close_matches(word, words, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
