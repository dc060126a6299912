"""Deviation files: those that are named, the one shipped for a library, and the user's settings."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tensorpact.cases.checked import known, only
from tensorpact.deviations.entries import deviation_of, texts
from tensorpact.deviations.model import Deviation
from tensorpact.deviations.when import when
from tensorpact.errors import UsageError

SHIPPED = "shipped"
"""Stands for the file that is shipped for the library that is judged."""

NONE = "none"
"""Stands for no file, where pyproject.toml names some."""

PACKAGE, FOLDER = "tensorpact_fixtures", "deviations"


Files = str | PathLike[str] | Sequence[str | PathLike[str]]
"""One file or several."""


def named_files(files: Files) -> tuple[str, ...]:
    """The files as texts."""
    several = (files,) if isinstance(files, str | PathLike) else files
    return tuple(fspath(name) for name in several)


def loaded(named: Sequence[str], library: str | None = None) -> tuple[Deviation, ...]:
    """The deviations in these files, each with a key of its own.

    Without a `library` the shipped file, which takes one, is left out. Raises UsageError for
    files that cannot be read and for what is wrong in them.
    """
    found: list[Deviation] = []
    for name in named:
        if name == SHIPPED:
            found += () if library is None else read(_shipped_for(library))
        elif name != NONE:
            found += read(Path(name))
    numbers: Counter[str] = Counter()
    keyed = []
    for deviation in found:
        numbers[deviation.guarantee] += 1
        key = f"{deviation.guarantee}#{numbers[deviation.guarantee]}"
        keyed.append(replace(deviation, key=key))
    return tuple(keyed)


def read(file: Traversable) -> tuple[Deviation, ...]:
    """The deviations of one file, in its order. Raises UsageError as `loaded` does."""
    try:
        return parsed(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        close = _close_files(Path(str(file)))
        raise UsageError(f"cannot read {file}: {error.strerror}{close}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not TOML: it is no UTF-8 text") from error


def parsed(text: str, name: str) -> tuple[Deviation, ...]:
    """The deviations in a text; `name` is that of its file. Raises UsageError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is not TOML: {error}") from error
    try:
        only("deviation file", data, ("deviation", "when"))
        always = when(texts(data, "when"))
        entries = data.get("deviation", [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise ValueError("its deviations are no tables: write [[deviation]] above each")
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
    found = []
    for number, entry in enumerate(entries, 1):
        try:
            deviation = deviation_of(entry, always)
        except ValueError as error:
            of = entry.get("guarantee")
            about = f" ({of})" if isinstance(of, str) and of not in str(error) else ""
            raise UsageError(f"{name}, deviation {number}{about}: {error}") from error
        found.append(replace(deviation, file=name, number=number))
    return tuple(found)


def shipped() -> Mapping[str, Traversable]:
    """The shipped files by the name of their library; none where the fixtures are not there."""
    try:
        folder = files(PACKAGE) / FOLDER
        found = sorted(folder.iterdir(), key=lambda file: file.name)
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    return {f.name.removesuffix(".toml"): f for f in found if f.name.endswith(".toml")}


def _shipped_for(library: str) -> Traversable:
    found = shipped()
    if library not in found:
        listed = ", ".join(found) or "none"
        raise UsageError(f"no deviations are shipped for {library}: those shipped are {listed}")
    return found[library]


def _close_files(path: Path) -> str:
    try:
        there = [file.name for file in path.parent.iterdir() if file.suffix == ".toml"]
    except OSError:
        return ""
    close = get_close_matches(path.name, {*there, SHIPPED} - {path.name}, n=1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


# --------------------------------------------------------------------------- pyproject.toml


def configured(start: Path | None = None) -> tuple[str, ...]:
    """The files that the nearest pyproject.toml with a table [tool.tensorpact] names.

    It is looked for in the working directory and upwards. Raises UsageError for one that is
    malformed.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and (settings := _settings(path)) is not None:
            return tuple(_found_from(folder, _deviations(path, settings)))
    return ()


def _settings(path: Path) -> Mapping[str, Any] | None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    tool = data.get("tool")
    settings = tool.get("tensorpact") if isinstance(tool, dict) else None
    if settings is None or isinstance(settings, dict):
        return settings
    raise UsageError(f"{path}: tool.tensorpact is no table: write [tool.tensorpact]")


def _deviations(path: Path, settings: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        for key in settings:
            known("setting", key, ("deviations",))
        return texts(settings, "deviations")
    except ValueError as error:
        raise UsageError(f"{path}, [tool.tensorpact]: {error}") from error


def _found_from(folder: Path, named: Iterable[str]) -> Iterable[str]:
    return (name if name in (SHIPPED, NONE) else str(folder / name) for name in named)
