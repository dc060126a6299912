"""From JSON to vectors; what does not fit is a ValueError that says what, and what would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorpact.authorities import AUTHORITIES
from tensorpact.backends.protocol import ALL
from tensorpact.cases import dtypes
from tensorpact.cases.checked import known, only
from tensorpact.cases.model import Argument, Leaf, Nest, Node, py
from tensorpact.vectors.arrays import array_of, elements_of
from tensorpact.vectors.model import DEFAULTS, HOST, NOWHERE, Expect, Vector

_KEYS = ("id", "guarantee", "authority", "why", "input", "call", "expect")
_ARGUMENTS = ("dtype", "copy", "device", "count", "offset", "requires_grad")
_RESULT = (
    "dtype", "shape", "elements", "memory", "same_object", "strides", "writable", "device",
)  # fmt: skip


def vector_of(data: Mapping[str, Any]) -> Vector:
    """The vector of an entry of a file. Raises ValueError."""
    from tensorpact.guarantees import TABLE

    try:
        only("vector", data, _KEYS)
        known("guarantee", data["guarantee"], TABLE)
        known("authority", data["authority"]["name"], AUTHORITIES)
        operations, arguments = _call(data["call"])
        return Vector(
            data["id"],
            data["guarantee"],
            data["authority"]["name"],
            data["authority"]["section"],
            data["why"],
            node_of(data["input"]),
            operations,
            arguments,
            tuple(_outcomes(data["expect"])),
        )
    except KeyError as error:
        raise ValueError(f"it has no key {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def _call(data: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[tuple[str, Argument], ...]]:
    only("call", data, ("operation", "operations", *_ARGUMENTS))
    if ("operation" in data) == ("operations" in data):
        raise ValueError("a call has an operation or operations, and not both")
    operations = (data["operation"],) if "operation" in data else tuple(data["operations"])
    for operation in operations:
        known("operation", operation, sorted(ALL))
    if "dtype" in data:
        known("argument dtype", data["dtype"], dtypes.RAW)
    if "device" in data:
        known("argument device", data["device"], (HOST, NOWHERE))
    return operations, tuple(sorted((k, v) for k, v in data.items() if k in _ARGUMENTS))


# --------------------------------------------------------------------------- input


def node_of(data: Mapping[str, Any]) -> Node:
    """The input: an object with one key, which says what it is. Raises ValueError."""
    if len(data) != 1:
        raise ValueError(f"an input has one key, not {len(data)}: {', '.join(data)}")
    ((kind, value),) = data.items()
    match kind:
        case "list" | "tuple":
            return Nest(kind, tuple(map(node_of, value)))
        case "array":
            return array_of(value)
        case "scalar":
            only("scalar", value, ("dtype", "value"))
            known("dtype of a scalar", value["dtype"], dtypes.STANDARD)
            inner = _leaf(*_only_item(value["value"]))
            return Leaf(f"scalar:{value['dtype']}", f"{inner.kind}={inner.text}")
    return _leaf(kind, value)


def _only_item(data: Mapping[str, Any]) -> tuple[str, Any]:
    ((kind, value),) = data.items()
    return kind, value


def _leaf(kind: str, value: Any) -> Leaf:
    known("kind of input", kind, ("bool", "int", "float", "complex", "str", "bytes", "none"))
    match kind:
        case "bool":
            made = py(bool(value))
        case "int":
            made = py(int(value))
        case "float":
            made = py(float.fromhex(value))
        case "complex":
            made = py(complex(*map(float.fromhex, value)))
        case "bytes":
            made = py(bytes.fromhex(value))
        case _:
            made = py(value)
    assert isinstance(made, Leaf)
    return made


# --------------------------------------------------------------------------- outcome


def _outcomes(data: Mapping[str, Any]) -> list[Expect]:
    if "either" in data:
        only("choice of outcomes", data, ("either",))
        return [outcome for choice in data["either"] for outcome in _outcomes(choice)]
    if "raises" in data:
        only("refusal", data, ("raises",))
        return [Expect(raises=tuple(data["raises"]))]
    only("result", data, _RESULT)
    known("dtype of a result", data["dtype"], (*DEFAULTS, *dtypes.RAW))
    if "memory" in data:
        known("memory", data["memory"], ("shared", "independent"))
    if "device" in data:
        known("device of a result", data["device"], (HOST,))
    fields: dict[str, Any] = {
        k: tuple(v) if k in ("shape", "strides") else v for k, v in data.items()
    }
    if "elements" in data:
        fields["elements"] = elements_of(data["elements"])
    return [Expect(**fields)]
