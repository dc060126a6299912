"""What a result must be: its dtype, shape, place and elements, as assertions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tensorpact.cases.model import Leaf, Nest, Node
from tensorpact.cases.spell import device_text, dtype_text
from tensorpact.cases.words import word
from tensorpact.guarantees.model import DemandKind
from tensorpact.reproducers.typed import Asked, Lines, Typed

_MANY = 64
"""Elements beyond which no list of them is written out."""


def _of_dtype(made: Typed, name: str) -> Iterator[Lines]:
    wanted, seen = dtype_text(name, made.claims), word(made.claims, "dtype of", x="result")
    yield [*made.result, f"assert {seen} == {wanted}, {seen}"]


def _of_shape(made: Typed, shape: tuple[int, ...]) -> Iterator[Lines]:
    seen = word(made.claims, "shape of", x="result")
    yield [*made.result, f"assert {seen} == {shape}, {seen}"]


def _of_dtype_and_shape(made: Typed, value: tuple[str, tuple[int, ...]]) -> Iterator[Lines]:
    yield from _of_dtype(made, value[0])
    yield from _of_shape(made, value[1])


def _on_device(made: Typed, name: str) -> Iterator[Lines]:
    seen = word(made.claims, "device of", x="result")
    yield [*made.result, f"assert {seen} == {device_text(f'{name}#0', made.claims)}, {seen}"]


def _with_strides(made: Typed, strides: tuple[int, ...]) -> Iterator[Lines]:
    seen = word(made.claims, "strides of", x="result")
    yield [*made.result, f"assert {seen} == {strides}, {seen}"]


def _needing_gradient(made: Typed, needed: bool) -> Iterator[Lines]:
    seen = word(made.claims, "requires_grad of", x="result")
    yield [*made.result, f"assert {seen} is {needed}, {seen}"]


def _with_elements(made: Typed, value: tuple[tuple[int, ...], tuple[Any, ...]]) -> Iterator[Lines]:
    """By their text where NaNs or signs of zeros count."""
    shape, numbers = value
    if len(numbers) > _MANY:
        return
    wanted, seen = nested(numbers, shape), word(made.claims, "elements of", x="result")
    if "nan" not in repr(wanted) and "inf" not in repr(wanted):
        yield [*made.result, f"assert {seen} == {wanted!r}, {seen}"]
    yield [*made.result, f"assert str({seen}) == {str(wanted)!r}, {seen}"]


def nested(numbers: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """The numbers as lists in lists; of rank 0 the number itself."""
    if not shape:
        return numbers[0]
    size = len(numbers) // shape[0] if shape[0] else 0
    return [nested(numbers[n * size : (n + 1) * size], shape[1:]) for n in range(shape[0])]


def _with_part(made: Typed, value: tuple[int, float]) -> Iterator[Lines]:
    """One of the numbers, or of the parts of complex ones, in the order in which they were put
    in."""
    index, wanted = value
    assert made.case.root is not None
    paths = list(_paths(made.case.root))
    number = f"float('{wanted}')" if str(wanted).strip("-") == "inf" else repr(wanted)
    for leaf, part in ((index, ""), (index // 2, (".real", ".imag")[index % 2])):
        if leaf < len(paths):
            seen = word(made.claims, "elements of", x="result") + paths[leaf] + part
            yield [*made.result, f"assert {seen} == {number}, {seen}"]


def _paths(node: Node, path: str = "") -> Iterator[str]:
    """The indices of every leaf, in a nested list."""
    if isinstance(node, Leaf):
        yield path
    elif isinstance(node, Nest):
        for index, item in enumerate(node.items):
            yield from _paths(item, f"{path}[{index}]")


def _itself(made: Typed, same: bool) -> Iterator[Lines]:
    yield [*made.result, f"assert result is {'' if same else 'not '}{made.data}"]


ASKED: Mapping[DemandKind, Asked] = {
    "dtype": _of_dtype,
    "shape": _of_shape,
    "dtype and shape": _of_dtype_and_shape,
    "device": _on_device,
    "strides": _with_strides,
    "requires_grad": _needing_gradient,
    "elements": _with_elements,
    "part": _with_part,
    "itself": _itself,
}
