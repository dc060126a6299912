"""What an adapter says of a library, in the words that stand in its file."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reftensor.rules import kind_of
from tensorpact.backends.protocol import KEYWORDS
from tensorpact.scaffold.look import Look

NUMBERS: Mapping[str, tuple[str, complex]] = {
    "integer": ("int64", 1),
    "real": ("float32", 1.0),
    "complex": ("complex64", 1j),
}
"""Each default dtype: what it is in most libraries, and the number that shows it."""


@dataclass(frozen=True, slots=True)
class Library:
    """A library as its adapter describes it. `unsure`: operations without a signature to read.

    `ingest` makes a tensor of an array, `empty` one of a shape, if there is such a function.
    `swaps`: its dtypes are NumPy's, which have a byte order.
    """

    name: str
    version: str
    operations: Mapping[str, str]
    keywords: Mapping[str, tuple[str, ...]]
    unsure: tuple[str, ...]
    authorities: Mapping[str, tuple[str, ...]]
    dtypes: Mapping[str, str]
    defaults: Mapping[str, str]
    swaps: bool
    device: str | None
    tensor_type: str
    ingest: str
    empty: str | None
    exports: bool


def described(look: Look) -> Library:
    """The library that was looked at; it must have an `ingest`."""
    ingest = f"{look.name}.{look.ingest}"
    keywords = {o: _keywords(getattr(look.module, o), KEYWORDS[o]) for o in look.operations}
    exports = hasattr(look.sample, "__dlpack__")
    return Library(
        name=look.name,
        version=_version(look),
        operations={operation: f"{look.name}.{operation}" for operation in look.operations},
        keywords={o: _standard(o) if known is None else known for o, known in keywords.items()},
        unsure=tuple(o for o, known in keywords.items() if known is None and KEYWORDS[o]),
        authorities=_authorities(look.operations, ("__dlpack__",) if exports else ()),
        dtypes={name: look.spelled(name) for name in look.dtypes},
        defaults={kind: _default(look, kind) for kind in NUMBERS},
        swaps=look.swaps,
        device=_device(look, f"{ingest}(np.asarray([1.0]))"),
        tensor_type=_tensor_type(look, f"type({ingest}(np.asarray([1.0])))"),
        ingest=ingest,
        empty=f"{look.name}.empty" if callable(getattr(look.module, "empty", None)) else None,
        exports=exports,
    )


def _version(look: Look) -> str:
    if isinstance(getattr(look.module, "__version__", None), str):
        return f"{look.name}.__version__"
    try:
        return repr(version(look.name)).replace("'", '"')
    except PackageNotFoundError:
        return '"unknown"'


def _keywords(operation: Any, standard: Iterable[str]) -> tuple[str, ...] | None:
    """Those of the standard keywords that the operation has; None where it does not say."""
    try:
        parameters = inspect.signature(operation).parameters
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return tuple(sorted(set(standard) & parameters.keys()))


def _standard(operation: str) -> tuple[str, ...]:
    """The usual keywords; autograd is claimed by who describes it."""
    return tuple(sorted(KEYWORDS[operation] - {"requires_grad"}))


def _authorities(
    operations: tuple[str, ...], exports: tuple[str, ...]
) -> Mapping[str, tuple[str, ...]]:
    """What most libraries with such operations promise."""
    claims = {
        "std": tuple(name for name in operations if name in ("asarray", "from_dlpack")),
        "dlpack": (*(name for name in operations if name == "from_dlpack"), *exports),
        "safety": (*operations, *exports),
    }
    return {authority: names for authority, names in claims.items() if names}


def _default(look: Look, kind: str) -> str:
    """The default as it is seen; else the usual one, or one that there is."""
    usual, number = NUMBERS[kind]
    same = [name for name in look.dtypes if kind_of(name) == kind_of(usual)]
    fallback = usual if usual in same or not same else same[-1]
    return look.default(number) or fallback


def _device(look: Look, tensor: str) -> str | None:
    device = getattr(look.sample, "device", None)
    return f"{tensor}.device" if device not in (None, "cpu") else None


def _tensor_type(look: Look, otherwise: str) -> str:
    kind = type(look.sample)
    same = getattr(look.module, kind.__name__, None) is kind
    return f"{look.name}.{kind.__name__}" if same else otherwise
