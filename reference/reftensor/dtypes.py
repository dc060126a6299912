"""The dtypes: `reftensor.float32` and its like, by their standard names.

Every place that takes a dtype takes the name as well: `dtype("float32") is float32`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from reftensor.errors import refusal
from reftensor.rules import Refusal, kind_of


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DType:
    """What one element is. There is one object a dtype, so compare with `is` or `==`.

    `itemsize` is in bytes, `kind` is "bool", "uint", "int", "float" or "complex", `code` is
    the struct format of a component (bfloat16 is packed as the float32 that it begins).
    """

    name: str
    itemsize: int
    code: str
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", kind_of(self.name))

    @property
    def component(self) -> int:
        """The bytes of a real component: half an element for complex dtypes."""
        return self.itemsize // 2 if self.kind == "complex" else self.itemsize

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"reftensor.{self.name}"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return dtype, (self.name,)


bool_ = DType("bool", 1, "?")
int8 = DType("int8", 1, "b")
int16 = DType("int16", 2, "h")
int32 = DType("int32", 4, "i")
int64 = DType("int64", 8, "q")
uint8 = DType("uint8", 1, "B")
uint16 = DType("uint16", 2, "H")
uint32 = DType("uint32", 4, "I")
uint64 = DType("uint64", 8, "Q")
float16 = DType("float16", 2, "e")
bfloat16 = DType("bfloat16", 2, "f")
float32 = DType("float32", 4, "f")
float64 = DType("float64", 8, "d")
complex64 = DType("complex64", 8, "f")
complex128 = DType("complex128", 16, "d")

_SIGNED = (int8, int16, int32, int64)
_UNSIGNED = (uint8, uint16, uint32, uint64)
_FLOATING = (float16, bfloat16, float32, float64, complex64, complex128)
DTYPES = (bool_, *_SIGNED, *_UNSIGNED, *_FLOATING)
_BY_NAME = {each.name: each for each in DTYPES}


def dtype(dtype: DType | str) -> DType:
    """The dtype of this standard name, such as "float32". TypeError if there is none."""
    found = dtype if isinstance(dtype, DType) else None
    if isinstance(dtype, str):
        found = _BY_NAME.get(dtype)
    if found is None:
        raise refusal(Refusal.UNKNOWN_DTYPE, f"{dtype!r} is not a dtype; write dtype='float32'")
    return found


# What other protocols call the kinds. NumPy has no bfloat16: its letter has no width of two.

_LETTERS = {"bool": "b", "int": "i", "uint": "u", "float": "f", "complex": "c"}
_TYPESTRS = {f"{_LETTERS[each.kind]}{each.itemsize}": each for each in DTYPES}
_TYPESTRS["f2"] = float16
_FORMATS = {
    **dict.fromkeys("?", "b"),
    **dict.fromkeys("bhilqn", "i"),
    **dict.fromkeys("BHILQN", "u"),
    **dict.fromkeys("efd", "f"),
    **dict.fromkeys(["F", "D", "Zf", "Zd"], "c"),
}
_FOREIGN = ">!" if sys.byteorder == "little" else "<"


def typestr(dtype: DType) -> str | None:
    """NumPy's name of the dtype, such as "<f4"; None for bfloat16, which it lacks."""
    if dtype is bfloat16:
        return None
    order = "|" if dtype.itemsize == 1 else "<" if sys.byteorder == "little" else ">"
    return f"{order}{_LETTERS[dtype.kind]}{dtype.itemsize}"


def from_typestr(name: str) -> tuple[DType, bool]:
    """The dtype of an array interface's typestr, and whether its bytes are swapped."""
    found = _TYPESTRS.get(name[1:])
    if found is None:
        raise refusal(Refusal.UNKNOWN_DTYPE, f"there is no dtype here for arrays of {name!r}")
    return found, name[0] in _FOREIGN and found.component > 1


def from_format(format: str, itemsize: int) -> tuple[DType, bool]:
    """The dtype of a buffer's format, and whether its bytes are swapped.

    The width is the buffer's own: ctypes writes "<l" for a long of eight bytes.
    """
    order, code = (format[0], format[1:]) if format[:1] in tuple("@=<>!") else ("@", format)
    letter = _FORMATS.get(code)
    if letter is None:
        raise refusal(Refusal.UNKNOWN_DTYPE, f"there is no dtype here for buffers of {format!r}")
    return from_typestr(f"{order}{letter}{itemsize}")
