"""Cases as JSON: what a report and the golden vectors hold, and what a person may edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorpact.cases import checked
from tensorpact.cases.model import (
    Block,
    Case,
    Leaf,
    Nest,
    Node,
    Source,
    State,
    Step,
    Story,
    Values,
    call,
)

_KEYS = ("source", "call", "state", "schedule")
REMARKS = ("id", "result", "raises")
"""What a golden vector says besides its case: its name, and what the call must come to."""


def to_json(case: Case) -> dict[str, Any]:
    """The case as plain JSON data, defaults left out; `from_json` is its inverse."""
    data: dict[str, Any] = {"source": _source_to_json(case.source)}
    data["call"] = {"operation": case.call.operation, **dict(case.call.arguments)}
    state = _fields(case.state, State())
    data |= {"state": state} if state else {}
    return data | ({"schedule": case.schedule} if case.schedule else {})


def from_json(data: Mapping[str, Any]) -> Case:
    """The case that `to_json` wrote. Raises ValueError naming what does not fit, and what would.

    The names of operations, dtypes, layouts and so on must be known; those of devices and of
    keywords are the backend's own. Beside the case there may stand the keys of `REMARKS`.
    """
    made = of_any_version(data)
    try:
        checked.known_names(made)
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a case: {error}") from error
    return made


def of_any_version(data: Mapping[str, Any]) -> Case:
    """The case, whose names may be those of another version: to be shown, not to be tried.

    Raises ValueError for what has not the form of a case.
    """
    try:
        checked.only("case", data, (*_KEYS, *REMARKS))
        arguments = dict(data["call"])
        operation = arguments.pop("operation")
        state = data.get("state", {})
        checked.only("state", state, State.__slots__)
        made = Case(
            _source_from_json(data["source"]),
            call(operation, **arguments),
            State(**state),
            data.get("schedule", ""),
        )
    except KeyError as error:
        raise ValueError(f"not a case: it has no key {error}") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a case: {error}") from error
    return made


def _fields(value: Any, default: Any) -> dict[str, Any]:
    names = value.__slots__
    return {n: getattr(value, n) for n in names if getattr(value, n) != getattr(default, n)}


def _source_to_json(source: Source) -> dict[str, Any]:
    match source:
        case Values(root):
            return {"values": _node_to_json(root)}
        case Story(steps):
            return {"story": [[step.verb, step.handle, step.detail] for step in steps]}
    return {"block": _fields(source, Block())}


def _source_from_json(data: Mapping[str, Any]) -> Source:
    checked.only("source", data, ("values", "story", "block"))
    if len(data) > 1:
        raise ValueError(f"a source is one of its keys, not {' and '.join(data)}")
    if "values" in data:
        return Values(_node_from_json(data["values"]))
    if "story" in data:
        return Story(tuple(Step(*step) for step in data["story"]))
    return _block(data["block"])


def _block(data: Mapping[str, Any]) -> Block:
    checked.only("block", data, Block.__slots__)
    sequences = {k: tuple(v) for k, v in data.items() if isinstance(v, list)}
    return Block(**{**data, **sequences})


def _node_to_json(node: Node) -> Any:
    match node:
        case Leaf():
            return [node.kind, node.text]
        case Nest():
            return {node.kind: [_node_to_json(item) for item in node.items]}
        case Block():
            return {"block": _fields(node, Block())}


def _node_from_json(data: Any) -> Node:
    if isinstance(data, list):
        return Leaf(*data)
    ((kind, items),) = data.items()
    if kind == "block":
        return _block(items)
    return Nest(kind, tuple(_node_from_json(item) for item in items))
