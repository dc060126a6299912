"""A case as code that runs: the lines that make its input, and the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from textwrap import indent
from typing import Any

from tensorpact.backends.protocol import Claims
from tensorpact.cases.dtypes import TYPECODES
from tensorpact.cases.model import Block, Case, Leaf, leaves
from tensorpact.cases.short import shortened
from tensorpact.cases.spell import (
    WRAPPED,
    block_lines,
    call_text,
    in_state,
    inner_name,
    node_text,
    preparations,
)
from tensorpact.cases.things import THINGS
from tensorpact.cases.words import word
from tensorpact.reproducers.capsules import by_hand
from tensorpact.reproducers.odd_inputs import odd_input

Lines = list[str]


@dataclass(frozen=True, slots=True)
class Typed:
    """A case as code: `lines` make the input, `call` is an expression.

    `array` is the expression for an array over the source's memory, empty where there is none.
    """

    case: Case
    claims: Claims
    lines: tuple[str, ...]
    data: str
    call: str

    def doing(self, text: str) -> list[str]:
        """These lines where the defaults of the case are set."""
        return in_state(self.case, self.claims, text)

    @property
    def result(self) -> list[str]:
        """The lines that make the input and name the result."""
        return [*self.lines, *self.doing(f"result = {self.call}")]

    @property
    def outcome(self) -> list[str]:
        """The same, where an exception is the result of a call that raises."""
        return [*self.lines, *self.doing(caught(self.call))]

    @property
    def again(self) -> tuple[str, ...]:
        """The lines without which a second call has no input: a capsule is consumed by the first.

        Of plain values nothing is known, so they are all made anew.
        """
        block = self.case.block
        if block is None or block.twist:
            return self.lines
        return self.lines[-1:] if block.exporter == "capsule" else ()

    @property
    def array(self) -> str:
        """The name of the array that is lent; empty for flat buffers and own tensors."""
        block = self.case.block
        if block is None or block.exporter in ("own", "accelerated", *_FLAT):
            return ""
        return inner_name("x") if block.exporter in WRAPPED else "x"


Asked = Callable[[Typed, Any], Iterator[Lines]]
"""From a typed case and the value of a demand to the candidates, without their imports."""

_FLAT = ("array.array", "bytearray", "bytes", "mmap")


def caught(call: str, name: str = "result") -> str:
    """The call, with an exception for its result where it raises."""
    return f"try:\n    {name} = {call}\nexcept Exception as error:\n    {name} = error"


def typed(case: Case, claims: Claims) -> Typed:
    """The case as code; whether it is Python indeed is for the reader to see."""
    lines = list(preparations(case, claims))
    block = case.block
    if block is not None:
        lines += source_lines(block, claims, "x")
        data = "x"
    else:
        assert case.root is not None
        more: list[str] = []
        data = node_text(case.root, claims, more)
        for leaf in leaves(case.root):
            if isinstance(leaf, Leaf) and leaf.kind == "thing":
                made = odd_input(leaf.text)
                if made is not None:
                    lines += made.lines
                    data = data.replace(THINGS[leaf.text].text, made.data)
        lines += more
        if case.call.operation in _BY_NAME and not data.isidentifier():
            lines, data = [*lines, f"x = {data}"], "x"
    return Typed(case, claims, tuple(lines), data, call_text(case, claims, data))


def from_probes(case: Case, claims: Claims) -> Typed:
    """The case as code that has its input from tensorpact.probes."""
    lines = [*preparations(case, claims), f'x = source("{shortened(case)}")']
    return Typed(case, claims, tuple(lines), "x", call_text(case, claims, "x"))


_BY_NAME = ("__dlpack__", "__array__", "buffer")


def source_lines(block: Block, claims: Claims, name: str) -> list[str]:
    """The lines that make the data, those of a capsule that is made by hand among them."""
    if not block.twist:
        return block_lines(block, claims, name)
    plain = replace(block, exporter="ndarray", twist="")
    return [*block_lines(plain, claims, inner_name(name)), *by_hand(block, name)]


# --------------------------------------------------------------------------- memory


def overwriting(made: Typed, value: int = 0) -> str:
    """The statement that sets every element of the source; empty where nobody may."""
    block = made.case.block
    if block is None or block.readonly or block.exporter == "bytes":
        return ""
    if block.exporter == "own":
        x = word(made.claims, "detach", x="x") if block.grad else "x"
        return word(made.claims, "fill", x=x, value=value)
    if block.exporter == "array.array":
        code = TYPECODES[block.dtype]
        number = f"{value}.0" if code in "fd" else value
        return f"x[:] = array.array({code!r}, [{number}] * len(x))"
    if block.exporter in _FLAT:
        return f"x[:] = bytes([{value}] * len(x))"
    return f"{made.array}[...] = {value}" if made.array else ""


def elements_of_source(made: Typed) -> str:
    """The expression for the source's elements as (nested) lists."""
    block = made.case.block
    if block is None:
        return ""
    if block.exporter == "own":
        return word(made.claims, "elements of", x="x")
    if made.array:
        return f"{made.array}.tolist()"
    return "list(x)"


def indented(text: str) -> str:
    """The lines one step to the right."""
    return indent(text, "    ")
