"""The golden vectors as they lie in the package of fixtures, read when first asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from tensorpact.backends.protocol import Claims
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Block, Case, Node, Values, call, leaves
from tensorpact.errors import HarnessFault
from tensorpact.vectors.model import HOST, NOWHERE, Vector
from tensorpact.vectors.parse import vector_of

PACKAGE = "tensorpact_fixtures"
SCHEMA = "schema.json"


@cache
def vectors() -> Mapping[str, tuple[Vector, ...]]:
    """The vectors by the name of their file; none where the fixtures are not installed.

    Raises HarnessFault for a file that cannot be read.
    """
    return {file.name.removesuffix(".json"): read(file) for file in _files()}


def _files() -> list[Traversable]:
    try:
        folder = files(PACKAGE) / "vectors"
    except ModuleNotFoundError:
        return []
    found = (file for file in folder.iterdir() if file.name.endswith(".json"))
    return sorted((file for file in found if file.name != SCHEMA), key=lambda file: file.name)


def read(file: Traversable) -> tuple[Vector, ...]:
    """The vectors of one file. Raises HarnessFault, in one sentence, for what is malformed."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessFault(f"the vector file {file.name} cannot be read: {error}") from error
    return tuple(_parsed(file.name, number, entry) for number, entry in enumerate(entries))


def _parsed(name: str, number: int, entry: Mapping[str, str]) -> Vector:
    try:
        return vector_of(entry)
    except ValueError as error:
        id = entry.get("id", number) if isinstance(entry, dict) else number
        raise HarnessFault(f"in the vector file {name}, vector {id!r}: {error}") from error


def cases_of(vector: Vector, claims: Claims) -> Iterator[Case]:
    """A case for each operation that the backend has with these arguments; what can be made."""
    source = vector.input if isinstance(vector.input, Block) else Values(vector.input)
    if vector.guarantee not in OF_FOREIGN and not _has_dtypes(vector.input, claims):
        return
    devices = {HOST: f"{claims.host}#0", NOWHERE: f"{NOWHERE}#0"}
    arguments = dict(vector.arguments)
    if isinstance(device := arguments.get("device"), str):
        arguments["device"] = devices[device]
    for operation in vector.operations:
        if operation not in claims.operations:
            continue
        case = Case(source, call(operation, **arguments))
        if all(claims.takes(operation, name) for name in arguments) and possible(case, claims):
            yield case


OF_FOREIGN = frozenset({"dtype.unsupported-is-refused"})
"""Guarantees that speak of arrays whose dtype a library lacks."""


def _has_dtypes(data: Node, claims: Claims) -> bool:
    blocks = (leaf for leaf in leaves(data) if isinstance(leaf, Block))
    return all(block.dtype in claims.dtypes for block in blocks)


def cases_in(group: str, claims: Claims) -> Iterator[Case]:
    """The cases of the vectors of one file, each once."""
    return iter(dict.fromkeys(c for vector in vectors()[group] for c in cases_of(vector, claims)))


def by_case(claims: Claims) -> Mapping[Case, tuple[Vector, ...]]:
    """For every case of a vector the vectors that speak of it."""
    return _by_case(claims.nameless)


@lru_cache(maxsize=8)
def _by_case(claims: Claims) -> Mapping[Case, tuple[Vector, ...]]:
    found: dict[Case, tuple[Vector, ...]] = {}
    for vector in (vector for group in vectors().values() for vector in group):
        for case in cases_of(vector, claims):
            found[case] = (*found.get(case, ()), vector)
    return found
