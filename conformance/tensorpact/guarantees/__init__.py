"""The guarantees: one module a group, one table of them all."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, get_args

from tensorpact.cases.model import STORY, Aspect
from tensorpact.errors import UsageError
from tensorpact.guarantees.model import Guarantee

if TYPE_CHECKING:
    from tensorpact.backends.protocol import Claims
    from tensorpact.cases.model import Case

_MODULES = (
    "dtype", "value", "shape", "device", "sharing", "copying", "readonly", "lifetime",
    "dlpack", "grad", "error", "cost",
)  # fmt: skip
_LOADED = tuple(import_module(f"{__name__}.{name}") for name in _MODULES)

GROUPS: Mapping[str, str] = {
    name: module.TITLE for name, module in zip(_MODULES, _LOADED, strict=True)
}
"""Each group and what it is about, in the order in which reports show them."""

TABLE: Mapping[str, Guarantee] = {
    guarantee.id: guarantee for module in _LOADED for guarantee in module.GUARANTEES
}
"""Every guarantee by its id, group by group."""


def select(globs: Sequence[str] = ()) -> tuple[Guarantee, ...]:
    """The guarantees whose id matches one of the globs; all of them without globs.

    A bare group name stands for the group. Raises UsageError for a glob that matches none.
    """
    if not globs:
        return tuple(TABLE.values())
    chosen: set[str] = set()
    for glob in globs:
        wanted = f"{glob}.*" if glob in GROUPS else glob
        matching = {name for name in TABLE if fnmatchcase(name, wanted)}
        if not matching:
            raise UsageError(unknown_guarantee(glob))
        chosen |= matching
    return tuple(g for name, g in TABLE.items() if name in chosen)


def claimed(
    guarantees: Sequence[Guarantee], claims: Claims
) -> Callable[[Case], tuple[Guarantee, ...]]:
    """What a backend is held to: the guarantees that speak of a case's operation and input.

    Looked up once for all cases; `Guarantee.applies` says the rest.
    """
    operations = claims.operations | claims.exports | {STORY}
    found = {
        (operation, aspect): tuple(
            g for g in guarantees if g.speaks_of(aspect) and g.promises_for(claims, operation)
        )
        for operation, aspect in product(operations, get_args(Aspect))
    }
    return lambda case: found.get((case.call.operation, case.aspect), ())


def unknown_guarantee(name: str) -> str:
    """One sentence that says that there is no such guarantee, and which come close.

    For what would lie in a group, those are the guarantees of the group.
    """
    if name in GROUPS:
        return f"{name!r} is a group of guarantees; see `tensorpact list --group {name}`."
    group, dot, rest = name.partition(".")
    if dot and group in GROUPS:
        inside = [
            other.removeprefix(f"{group}.") for other in TABLE if other.startswith(f"{group}.")
        ]
        found = difflib.get_close_matches(rest, inside, n=3, cutoff=0.5)
        close, listing = [f"{group}.{other}" for other in found], f" --group {group}"
    else:
        close = difflib.get_close_matches(name, [*TABLE, *GROUPS], n=3, cutoff=0.5)
        listing = ""
    hint = f"did you mean {' or '.join(close)}?" if close else f"see `tensorpact list{listing}`."
    return f"no guarantee matches {name!r}; {hint}"
