"""A first look at a library: what it has that makes tensors, and what it says of one."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from tensorpact.backends.faults import said
from tensorpact.backends.protocol import ALL
from tensorpact.cases.dtypes import STANDARD
from tensorpact.errors import UsageError

TRIED = ("asarray", "as_tensor", "tensor", "from_numpy", "from_dlpack")
"""The operations that may take an array of NumPy, in the order of preference."""


@dataclass(frozen=True)
class Look:
    """A library, by the name that it is imported by."""

    name: str
    module: Any

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """The standard operations that it has."""
        return tuple(sorted(o for o in ALL if callable(getattr(self.module, o, None))))

    @cached_property
    def ingest(self) -> str | None:
        """The operation that makes a tensor of an array of NumPy; None where nothing does."""
        for operation in TRIED:
            with suppress(Exception):
                if getattr(self.module, operation)(np.asarray([1.0])) is not None:
                    return operation
        return None

    def make(self, data: Any) -> Any:
        """A tensor of the data, by `ingest`. Raises what the library raises."""
        assert self.ingest is not None
        return getattr(self.module, self.ingest)(data)

    @cached_property
    def sample(self) -> Any:
        """A tensor."""
        return self.make(np.asarray([1.0]))

    @cached_property
    def swaps(self) -> bool:
        """Whether its dtypes are those of NumPy, which have a byte order."""
        return isinstance(getattr(self.sample, "dtype", None), np.dtype)

    @cached_property
    def dtypes(self) -> dict[str, Any]:
        """The library's own dtypes, by standard name, of those that it keeps from an array."""
        found = {name: self._kept(name) for name in STANDARD}
        return {name: native for name, native in found.items() if native is not None}

    def _kept(self, name: str) -> Any | None:
        with suppress(Exception):
            native = self.make(np.zeros(1, name)).dtype
            if any(native == other for other in (name, *self._attributes(name).values())):
                return native
        return None

    def _attributes(self, dtype: str) -> dict[str, Any]:
        spelled = (dtype, f"{dtype}_")
        return {word: getattr(self.module, word) for word in spelled if hasattr(self.module, word)}

    def spelled(self, dtype: str) -> str:
        """What a person types for a standard dtype."""
        if self.swaps:
            return f'np.dtype("{dtype}")'
        native = self.dtypes[dtype]
        words = (word for word, own in self._attributes(dtype).items() if own == native)
        return next((f"{self.name}.{word}" for word in words), f'"{dtype}"')

    def default(self, number: complex) -> str | None:
        """The standard name of the dtype that a number of Python becomes, if it can be seen."""
        with suppress(Exception):
            native = self.make(number).dtype
            return next((name for name, own in self.dtypes.items() if own == native), None)
        return None


def imported(name: str) -> ModuleType | None:
    """The module of this name, None where there is none.

    Raises UsageError for one that is there and cannot be imported.
    """
    # As for an adapter: what lies in the working directory is found there.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            return None
        raise UsageError(f"{name} is there, but importing it raised {said(error)}") from error
