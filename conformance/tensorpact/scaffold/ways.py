"""The ways in which an adapter may read, write and make tensors, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Ways:
    """How the elements reach NumPy, how new ones are set, and how a tensor is made.

    `write` "host" sets them in the memory that NumPy sees, "index" by the tensor's own index.
    `make` "empty" writes to a new tensor, "array" hands an array to the library.
    """

    read: Literal["asarray", "from_dlpack", "tolist"]
    write: Literal["host", "index"] | None
    make: Literal["empty", "array"] | None


WAYS = (
    Ways("asarray", "host", "empty"),
    Ways("asarray", "host", "array"),
    Ways("from_dlpack", "host", "empty"),
    Ways("from_dlpack", "host", "array"),
    Ways("asarray", "index", "array"),
    Ways("asarray", None, "array"),
    Ways("tolist", "index", "array"),
    Ways("tolist", None, "array"),
)
"""Those that see the memory itself come first, and those that use what is judged come last."""
