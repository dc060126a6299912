"""Calls: the full product of arguments that each operation has on a backend."""

from __future__ import annotations

from itertools import product

from reftensor.rules import kind_of
from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Argument, Call, call

UNSET = "unset"
SAME, OTHER = "same", "other"
_COPIES: tuple[Argument, ...] = (UNSET, None, True, False)


def spellings(claims: Claims) -> tuple[str, ...]:
    """Every spelling of every device, as `name#k`."""
    return tuple(f"{name}#{k}" for name, count in claims.spellings for k in range(count))


def argument_product(operation: str, claims: Claims) -> list[dict[str, Argument]]:
    """Every combination of dtype, device and copy, with "same" and "other" for the dtype."""
    axes: dict[str, tuple[Argument, ...]] = {}
    if claims.takes(operation, "copy"):
        axes["copy"] = _COPIES
    if operation == "frombuffer":
        axes["dtype"] = (SAME,)
    elif claims.takes(operation, "dtype"):
        axes["dtype"] = (UNSET, SAME, OTHER)
    if claims.takes(operation, "device"):
        axes["device"] = (UNSET, None, *spellings(claims))
    return [
        {name: value for name, value in zip(axes, row, strict=True) if value != UNSET}
        for row in product(*axes.values())
    ]


def needed(operation: str, dtype: str) -> dict[str, Argument]:
    """The arguments that a call cannot do without: frombuffer has to be told the dtype."""
    return {"dtype": dtype} if operation == "frombuffer" else {}


def resolved(operation: str, arguments: dict[str, Argument], dtype: str, claims: Claims) -> Call:
    """The call with "same" and "other" replaced by dtypes."""
    wanted = arguments.get("dtype")
    if wanted == SAME:
        arguments = {**arguments, "dtype": dtype}
    elif wanted == OTHER:
        arguments = {**arguments, "dtype": other_dtype(dtype, claims)}
    return call(operation, **arguments)


def other_dtype(dtype: str, claims: Claims) -> str:
    """Another dtype of the backend, to which promotion leads where there is one."""
    wider = {
        "bool": ("uint8", "int32"),
        "uint8": ("int32", "int16"),
        "int8": ("int32", "int16"),
        "float32": ("float64", "complex64"),
        "float16": ("float32",),
        "bfloat16": ("float32",),
        "complex64": ("complex128",),
    }
    for candidate in (*wider.get(dtype, ()), "float64", "float32", "complex128", "int64"):
        if candidate in claims.dtypes and candidate != dtype:
            lossy = kind_of(candidate) != "complex" and dtype.startswith("complex")
            if not lossy:
                return candidate
    return next((name for name in claims.dtypes if name != dtype), dtype)
