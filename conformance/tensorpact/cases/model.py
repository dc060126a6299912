"""A case is a value: what is put in, which call is made, and the state in which it is made.

Every case is frozen, hashable, and survives a round trip through JSON, so that whatever
fails can be replayed in any process. Nothing here touches a backend; `cases.build` turns a
source into a live object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tensorpact.cases.remember import remembered

HOST_EXPORTERS = (
    "ndarray",
    "subclass",
    "memmap",
    "array.array",
    "bytearray",
    "bytes",
    "memoryview",
    "mmap",
    "array_interface",
    "array_protocol",
    "array_protocol_old",
    "dlpack",
    "dlpack_old",
    "dlpack_ignores_copy",
    "capsule",
)
"""The kinds of object that lend host memory. `dlpack` speaks DLPack 1.x with all keywords,
`dlpack_old` knows only `stream` and gives legacy capsules, `dlpack_ignores_copy` takes the
keyword `copy` and does not honour it; `array_protocol_old` has `__array__` without `copy`."""

DLPACKS = ("dlpack", "dlpack_old", "dlpack_ignores_copy", "capsule")
"""Those of them that lend through DLPack alone, whose exports can be made by hand."""

EXPORTERS = ("own", *HOST_EXPORTERS)
"""The kinds of object with memory; `own` is a tensor of the backend itself. One more kind,
`accelerated`, is an array of another library on a device other than the host."""

GIVE = frozenset({"__dlpack__", "__array__", "buffer"})
"""The ways in which a tensor gives out its memory: operations whose input is an own tensor."""

Lazy = Literal["", "conjugate", "negative"]
Grad = Literal["", "leaf", "history"]


@dataclass(frozen=True, slots=True)
class Block:
    """Data that has memory: an array, a buffer, a tensor, an exporter.

    `dtype` is a standard name, or one of `cases.dtypes.FOREIGN` (a NumPy dtype that tensor
    libraries refuse). `layout` names an entry of `cases.layouts.LAYOUTS`, or is "strides",
    and then `strides` holds the byte strides. `alignment` is the largest power of two that
    divides the address of the first element, 64 standing for "at least 64"; 0 leaves it to
    the library's allocator. `content` names an entry of `cases.contents.CONTENTS`.
    Content "untouched" is zeros whose pages nobody has touched: what a call does to them is
    counted, and they are neither read nor written. `device` is the device's name for own
    tensors and arrays of an accelerator, and empty for host memory. `twist` names an entry of
    `cases.twists.TWISTS`: what is unusual about a DLPack export that is made by hand; without
    one NumPy makes it.
    """

    exporter: str = "ndarray"
    dtype: str = "float32"
    shape: tuple[int, ...] = (2, 3)
    layout: str = "C"
    strides: tuple[int, ...] | None = None
    alignment: int = 64
    foreign_order: bool = False
    readonly: bool = False
    content: str = "counting"
    device: str = ""
    grad: Grad = ""
    lazy: Lazy = ""
    twist: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value inside `Values`: kind and text, so that NaN equals itself and JSON is exact.

    Kinds: bool, int, float (text as float.hex()), complex (two such), str, bytes (hex),
    none; `scalar:DTYPE`, an array scalar of NumPy; `thing:NAME`, an entry of
    `cases.things.THINGS` (sets, generators, hostile objects).
    """

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Nest:
    """A sequence inside `Values`: list, tuple, or an entry of `cases.things.SEQUENCES`."""

    kind: str
    items: tuple[Node, ...] = ()


Node = Leaf | Nest | Block


@dataclass(frozen=True, slots=True)
class Values:
    """Data that is written out: scalars, nested sequences, and things that are no data."""

    root: Node


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a story: what is done, to which handle by its number, and how."""

    verb: str
    handle: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Operations one after the other; `cases.stories` says what each verb means."""

    steps: tuple[Step, ...] = ()


Source = Block | Values | Story
Argument = bool | int | str | None
"""An argument's value: dtypes by standard name, devices as `name#k`, the k-th spelling.
A DLPack version or device is two numbers, "1.0"."""


def two_numbers(text: str) -> tuple[int, int]:
    """A DLPack version or device as a call holds it: (1, 0) for "1.0"."""
    first, _, second = text.partition(".")
    return int(first), int(second)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation and its keyword arguments, in the order of their names."""

    operation: str
    arguments: tuple[tuple[str, Argument], ...] = ()

    def given(self, name: str) -> bool:
        """Whether the argument is passed at all; `copy=None` is passed."""
        for key, _ in self.arguments:  # noqa: SIM110 - asked very often: any() takes thrice as long
            if key == name:
                return True
        return False

    def get(self, name: str) -> Argument:
        """The argument's value, None when it is not passed."""
        for key, value in self.arguments:
            if key == name:
                return value
        return None

    def without(self, name: str) -> Call:
        return replace(self, arguments=tuple(a for a in self.arguments if a[0] != name))

    def with_argument(self, name: str, value: Argument) -> Call:
        kept = self.without(name).arguments
        return replace(self, arguments=tuple(sorted((*kept, (name, value)))))

    @property
    def dtype(self) -> str | None:
        value = self.get("dtype")
        return value if isinstance(value, str) else None

    @property
    def copy(self) -> bool | None:
        value = self.get("copy")
        return value if isinstance(value, bool) else None

    @property
    def device(self) -> str | None:
        """The name of the device asked for, without the number of its spelling."""
        value = self.get("device")
        return value.partition("#")[0] if isinstance(value, str) else None


def call(operation: str, **arguments: Argument) -> Call:
    """A call with its arguments in order: `call("asarray", dtype="int8", copy=True)`."""
    return Call(operation, tuple(sorted(arguments.items())))


@dataclass(frozen=True, slots=True)
class State:
    """What is set before the call; empty strings leave the library's own defaults.

    `device_form` says how the default device is set: globally or as a context. `warnings`
    is "error" where every warning is raised as an exception.
    """

    default_real: str = ""
    default_device: str = ""
    device_form: Literal["setting", "context"] = "setting"
    warnings: Literal["", "error"] = ""


STORY = "story"
"""The operation of a case that is a story."""

Aspect = Literal["memory", "values", "export", "life", "story"]
"""What a case is about, which decides how it is observed: what comes of data with memory, or
of written-out values; what a tensor gives out; who keeps what alive; a whole story."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call on one input in one state.

    `schedule` names an entry of `cases.schedules.SCHEDULES`: in which order, how often and
    where things are released after the call; without one the result is read and written.
    """

    source: Source
    call: Call
    state: State = field(default_factory=State)
    schedule: str = ""

    @property
    def aspect(self) -> Aspect:
        if isinstance(self.source, Story):
            return "story"
        if self.schedule:
            return "life"
        if self.call.operation in GIVE:
            return "export"
        return "memory" if isinstance(self.source, Block) else "values"

    @property
    def block(self) -> Block | None:
        return self.source if isinstance(self.source, Block) else None

    @property
    def root(self) -> Node | None:
        return self.source.root if isinstance(self.source, Values) else None


# --------------------------------------------------------------------------- values


def py(value: object) -> Node:
    """The node of a Python value: `py([1, (2.5, True)])`. Raises TypeError for others."""
    match value:
        case bool():
            return Leaf("bool", str(value))
        case int():
            return Leaf("int", str(value) if abs(value) < 10**4000 else hex(value))
        case float():
            return Leaf("float", value.hex())
        case complex():
            return Leaf("complex", f"{value.real.hex()} {value.imag.hex()}")
        case str():
            return Leaf("str", value)
        case bytes():
            return Leaf("bytes", value.hex())
        case None:
            return Leaf("none")
        case list() | tuple():
            return Nest(type(value).__name__, tuple(py(item) for item in value))
        case Leaf() | Nest() | Block():
            return value
    raise TypeError(f"no node for {type(value).__name__}")


def leaf_value(leaf: Leaf) -> Any:
    """The Python value of a leaf of a Python kind; the number of an array scalar's text."""
    match leaf.kind:
        case "bool":
            return leaf.text == "True"
        case "int":
            return int(leaf.text, 0)
        case "float":
            return float.fromhex(leaf.text)
        case "complex":
            real, imaginary = leaf.text.split(" ")
            return complex(float.fromhex(real), float.fromhex(imaginary))
        case "str":
            return leaf.text
        case "bytes":
            return bytes.fromhex(leaf.text)
        case "none":
            return None
    if leaf.kind.startswith("scalar:"):
        inner, _, text = leaf.text.partition("=")
        return leaf_value(Leaf(inner, text))
    raise TypeError(f"a leaf of kind {leaf.kind!r} has no plain value")


def scalar(dtype: str, value: bool | float | complex) -> Leaf:
    """The leaf of a NumPy array scalar of this dtype."""
    inner = py(value)
    assert isinstance(inner, Leaf)
    return Leaf(f"scalar:{dtype}", f"{inner.kind}={inner.text}")


@remembered
def leaves(node: Node) -> tuple[Leaf | Block, ...]:
    """The leaves and arrays of a nested value, first to last."""
    return tuple(walked(node))


def walked(node: Node) -> Iterator[Leaf | Block]:
    """The same one by one, for who needs the first few of thousands."""
    if isinstance(node, Nest):
        for item in node.items:
            yield from walked(item)
    else:
        yield node
