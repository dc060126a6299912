"""The specification, as tables: which dtype, which device and whose memory comes out.

Everything in this file is data, with the few lines that interpret it. The reference tensor
obeys these tables, the conformance checks take their expectation from them, and the
documentation prints them; nothing else in the project restates them.

A rule of this file is changed only together with the promise that it is read from: the
Python array API standard 2024.12 (`asarray`, `from_dlpack`), the documentation of
torch.as_tensor, torch.tensor, torch.asarray, torch.from_numpy, torch.frombuffer and
torch.from_dlpack, and the DLPack 1.x specification. Dtypes stand here by their standard
names, devices by whatever the caller uses for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

D = TypeVar("D")


class Operation(StrEnum):
    """The ingestion functions, by the names that PyTorch and the standard give them."""

    AS_TENSOR = "as_tensor"
    TENSOR = "tensor"
    ASARRAY = "asarray"
    FROM_NUMPY = "from_numpy"
    FROMBUFFER = "frombuffer"
    FROM_DLPACK = "from_dlpack"


INGEST = frozenset({Operation.AS_TENSOR, Operation.TENSOR, Operation.ASARRAY})
"""The operations that take any kind of data, infer a dtype and choose a device."""


# --------------------------------------------------------------------------- dtype


class PythonKind(StrEnum):
    """What a Python scalar is; of several in one sequence the last in this order decides."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    COMPLEX = "complex"


class DefaultDtype(StrEnum):
    """The defaults that inference refers to; a library may set them as it likes."""

    INTEGER = "default integer"
    REAL = "default real floating"
    COMPLEX = "default complex"


@dataclass(frozen=True, slots=True)
class Defaults:
    """The dtypes that Python numbers become, by standard name."""

    integer: str = "int64"
    real: str = "float32"
    complex: str = "complex64"

    def __getitem__(self, which: DefaultDtype) -> str:
        return {
            DefaultDtype.INTEGER: self.integer,
            DefaultDtype.REAL: self.real,
            DefaultDtype.COMPLEX: self.complex,
        }[which]

    def with_real(self, real: str) -> Defaults:
        """The defaults after the default real dtype was set: the complex one follows it."""
        return Defaults(self.integer, real, COMPLEX_OF_REAL[real])


INFERENCE: Mapping[PythonKind | None, DefaultDtype | str] = MappingProxyType(
    {
        PythonKind.BOOL: "bool",
        PythonKind.INT: DefaultDtype.INTEGER,
        PythonKind.FLOAT: DefaultDtype.REAL,
        PythonKind.COMPLEX: DefaultDtype.COMPLEX,
        None: DefaultDtype.REAL,
    }
)
"""What Python scalars become when no dtype is given; `None` stands for an empty sequence.

Read from: array API standard 2024.12, asarray, parameter dtype; torch.set_default_dtype;
the empty sequence from torch.tensor (`torch.tensor([])`)."""

COMPLEX_OF_REAL: Mapping[str, str] = MappingProxyType(
    {
        "float16": "complex64",
        "bfloat16": "complex64",
        "float32": "complex64",
        "float64": "complex128",
    }
)
"""The complex dtype that goes with a default real dtype: the narrowest that holds it."""

WIDTHS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bool": ("bool",),
        "uint": ("uint8", "uint16", "uint32", "uint64"),
        "int": ("int8", "int16", "int32", "int64"),
        "float": ("float16", "float32", "float64"),
        "complex": ("complex64", "complex128"),
    }
)
"""The dtypes of each kind from narrow to wide. Kinds stand in the order of promotion;
bfloat16 and float16 hold different values of one width and meet in float32."""


def kind_of(dtype: str) -> str:
    """The kind of a dtype: bool, uint, int, float or complex."""
    return _KINDS[dtype]


_KINDS = {"bfloat16": "float"} | {d: kind for kind, members in WIDTHS.items() for d in members}


def python_kind(values: Iterable[PythonKind]) -> PythonKind | None:
    """The kind that decides for a sequence of Python scalars; None when there are none."""
    order = list(PythonKind)
    return max(values, key=order.index, default=None)


def infer(kind: PythonKind | None, defaults: Defaults) -> str:
    """The dtype that Python scalars of this kind become."""
    entry = INFERENCE[kind]
    return defaults[entry] if isinstance(entry, DefaultDtype) else entry


def promote(a: str, b: str) -> str | None:
    """The common dtype of two dtyped scalars of one sequence, or None where there is none.

    Within a kind the wider one; across kinds the later kind with its own width, as in
    torch.promote_types; complex with float64 is complex128. uint64 with a signed integer
    has none. Read from: array API standard 2024.12, type promotion; torch.promote_types.
    """
    if a == b:
        return a
    first, second = sorted((a, b), key=lambda name: list(WIDTHS).index(kind_of(name)))
    low, high = kind_of(first), kind_of(second)
    if (low, high) == ("uint", "int"):
        index = max(WIDTHS["uint"].index(first) + 1, WIDTHS["int"].index(second))
        return WIDTHS["int"][index] if index < len(WIDTHS["int"]) else None
    if "bfloat16" in (first, second) and low == high:
        return "float32" if "float16" in (first, second) else max(a, b, key=_width)
    if low == high:
        return max(a, b, key=_width)
    if high == "complex" and first == "float64":
        return "complex128"
    return second


def common(carried: Iterable[str], kind: PythonKind | None, defaults: Defaults) -> str | None:
    """The dtype of a sequence of dtyped scalars and Python scalars, whatever their order.

    Python scalars count as scalars of the dtype that they would become alone. None where two
    dtypes have nothing in common.
    """
    names = set(carried)
    if kind is not None or not names:
        names.add(infer(kind, defaults))
    # The latest kind first: it settles what uint64 and a signed integer alone could not.
    order = sorted(names, key=lambda name: list(WIDTHS).index(kind_of(name)), reverse=True)
    found: str | None = order[0]
    for name in order[1:]:
        found = found and promote(found, name)
    return found


def _width(dtype: str) -> int:
    return -1 if dtype == "bfloat16" else WIDTHS[kind_of(dtype)].index(dtype)


# --------------------------------------------------------------------------- placement


class Place(StrEnum):
    """Where a device can come from."""

    EXPLICIT = "explicit"
    CARRIED = "carried by the data"
    DEFAULT = "default"


PLACEMENT: Mapping[Operation, tuple[Place, ...]] = MappingProxyType(
    {
        Operation.AS_TENSOR: (Place.EXPLICIT, Place.CARRIED, Place.DEFAULT),
        Operation.TENSOR: (Place.EXPLICIT, Place.CARRIED, Place.DEFAULT),
        Operation.ASARRAY: (Place.EXPLICIT, Place.CARRIED, Place.DEFAULT),
        Operation.FROM_NUMPY: (Place.CARRIED,),
        Operation.FROMBUFFER: (Place.CARRIED,),
        Operation.FROM_DLPACK: (Place.EXPLICIT, Place.CARRIED),
    }
)
"""Which device wins, first to last. A tensor and an array of an accelerator carry a device.
Host data (ndarray, buffer, scalar, sequence) carries one only for the operations that do
nothing but share: for the others it goes to the default device.

Read from: torch.as_tensor, torch.tensor, torch.asarray, parameter device;
torch.set_default_device, last note; array API standard 2024.12, asarray and from_dlpack."""


def place(operation: Operation, *, explicit: D | None, carried: D | None, default: D, host: D) -> D:
    """The device of the result. `carried` is None for host data."""
    for source in PLACEMENT[operation]:
        if source is Place.EXPLICIT and explicit is not None:
            return explicit
        if source is Place.CARRIED and carried is not None:
            return carried
        if source is Place.DEFAULT:
            return default
    return host


# --------------------------------------------------------------------------- memory


class Data(StrEnum):
    """What the data is, as far as its memory goes."""

    OWN = "own tensor"
    EXPORTER = "exporter (array, buffer, DLPack)"
    VALUES = "plain values (scalars, sequences)"


class Need(StrEnum):
    """What stands between the data and the result that was asked for."""

    NOTHING = "as it is"
    LAYOUT = "its layout cannot be described"
    DTYPE = "needs another dtype"
    DEVICE = "needs another device"


class Memory(StrEnum):
    """What becomes of the memory."""

    SAME = "same object"
    SHARE = "share"
    COPY = "copy"
    REFUSE = "refuse"


Column = tuple[Operation, bool | None]
"""An operation and its `copy` argument; None where it has no such argument or it is unset."""

COLUMNS: tuple[Column, ...] = (
    (Operation.AS_TENSOR, None),
    (Operation.TENSOR, None),
    (Operation.ASARRAY, None),
    (Operation.ASARRAY, True),
    (Operation.ASARRAY, False),
    (Operation.FROM_NUMPY, None),
    (Operation.FROMBUFFER, None),
    (Operation.FROM_DLPACK, None),
    (Operation.FROM_DLPACK, True),
    (Operation.FROM_DLPACK, False),
)

_SAME, _SHARE, _COPY, _REFUSE = Memory.SAME, Memory.SHARE, Memory.COPY, Memory.REFUSE
_ROWS: Mapping[tuple[Data, Need], tuple[Memory | None, ...]] = {
    # as_tensor, tensor, asarray None/True/False, from_numpy, frombuffer, from_dlpack N/T/F
    (Data.OWN, Need.NOTHING):
        (_SAME, _COPY, _SAME, _COPY, _SAME, _REFUSE, _REFUSE, _SHARE, _COPY, _SHARE),
    (Data.EXPORTER, Need.NOTHING):
        (_SHARE, _COPY, _SHARE, _COPY, _SHARE, _SHARE, _SHARE, _SHARE, _COPY, _SHARE),
    (Data.EXPORTER, Need.LAYOUT):
        (_COPY, _COPY, _COPY, _COPY, _REFUSE, _REFUSE, _REFUSE, _REFUSE, _COPY, _REFUSE),
    (Data.OWN, Need.DTYPE):
        (_COPY, _COPY, _COPY, _COPY, _REFUSE, None, None, None, None, None),
    (Data.EXPORTER, Need.DTYPE):
        (_COPY, _COPY, _COPY, _COPY, _REFUSE, None, None, None, None, None),
    (Data.OWN, Need.DEVICE):
        (_COPY, _COPY, _COPY, _COPY, _REFUSE, None, None, _COPY, _COPY, _REFUSE),
    (Data.EXPORTER, Need.DEVICE):
        (_COPY, _COPY, _COPY, _COPY, _REFUSE, None, None, _COPY, _COPY, _REFUSE),
    (Data.VALUES, Need.NOTHING):
        (_COPY, _COPY, _COPY, _COPY, _REFUSE, _REFUSE, _REFUSE, _REFUSE, _REFUSE, _REFUSE),
}  # fmt: skip

MEMORY: Mapping[tuple[Data, Need], Mapping[Column, Memory | None]] = MappingProxyType(
    {row: MappingProxyType(dict(zip(COLUMNS, cells, strict=True))) for row, cells in _ROWS.items()}
)
"""Whose memory the result uses; None where the operation has no such argument.

Read from: array API standard 2024.12, asarray and from_dlpack, parameter copy;
torch.as_tensor, torch.tensor, torch.asarray, torch.from_numpy, torch.frombuffer."""


def memory(
    operation: Operation, copy: bool | None, data: Data, needs: Iterable[Need] = ()
) -> Memory:
    """What becomes of the memory when all `needs` hold at once: a refusal wins over a copy.

    Plain values have no memory to speak of: for them needs make no difference.
    Raises KeyError for a combination that the operation does not have.
    """
    wanted = {Need.NOTHING} if data is Data.VALUES else set(needs) - {Need.NOTHING}
    wanted = wanted or {Need.NOTHING}
    cells = [MEMORY[data, need][operation, copy] for need in wanted]
    if None in cells:
        raise KeyError(f"{operation} cannot be asked for another dtype or device")
    return Memory.REFUSE if Memory.REFUSE in cells else cells[0] or Memory.REFUSE


# --------------------------------------------------------------------------- values


class Conversion(StrEnum):
    """How a value gets into a dtype of another kind."""

    EXACT = "exactly"
    IN_RANGE = "exactly, or OverflowError where the dtype cannot hold it"
    NEAREST = "rounded once, to nearest even; beyond the range to infinity or OverflowError"
    TRUNCATED = "truncated towards zero; NaN, infinity and out of range raise"
    NONZERO = "x != 0, so NaN is True"
    REFUSED = "TypeError"


_K = PythonKind
_FLOATS, _INTEGERS = ("float", "complex"), ("uint", "int")
CONVERSION: Mapping[tuple[PythonKind, str], Conversion] = MappingProxyType(
    {(source, "bool"): Conversion.NONZERO for source in PythonKind}
    | {(_K.BOOL, kind): Conversion.EXACT for kind in (*_INTEGERS, *_FLOATS)}
    | {(_K.INT, kind): Conversion.IN_RANGE for kind in _INTEGERS}
    | {(_K.INT, kind): Conversion.NEAREST for kind in _FLOATS}
    | {(_K.FLOAT, kind): Conversion.TRUNCATED for kind in _INTEGERS}
    | {(_K.FLOAT, kind): Conversion.NEAREST for kind in _FLOATS}
    | {(_K.COMPLEX, kind): Conversion.REFUSED for kind in (*_INTEGERS, "float")}
    | {(_K.COMPLEX, "complex"): Conversion.NEAREST}
)
"""How a Python number of a kind becomes an element of a dtype of a kind. The reference
converts the elements of arrays by the same table, so that every route agrees.

Read from: torch.tensor and torch.asarray as documented for truncation and complex numbers;
IEEE 754-2019, 4.3.1, for rounding; the rest is what a user is owed: no silent wrong number."""


# --------------------------------------------------------------------------- refusals


class Refusal(StrEnum):
    """Why data is refused."""

    NEEDS_COPY = "copy=False and a copy would be needed"
    NOT_EXPORTABLE = "the export or import cannot be described"
    WRONG_TYPE = "text, None, sets, dicts, generators, arbitrary objects"
    RAGGED = "irregular nesting"
    TOO_DEEP = "nested too deep, or a list that contains itself"
    OUT_OF_RANGE = "a number that the dtype cannot hold"
    COMPLEX_TO_REAL = "a complex number for a real dtype"
    UNKNOWN_DTYPE = "an array of a dtype that does not exist here"
    UNKNOWN_DEVICE = "a device that does not exist"
    BUFFER_BOUNDS = "an offset or a count outside the buffer"
    UNKNOWN_KEYWORD = "an unknown keyword"


REFUSALS: Mapping[Refusal, tuple[type[Exception], ...]] = MappingProxyType(
    {
        Refusal.NEEDS_COPY: (ValueError,),
        Refusal.NOT_EXPORTABLE: (BufferError, ValueError),
        Refusal.WRONG_TYPE: (TypeError,),
        Refusal.RAGGED: (ValueError, TypeError),
        Refusal.TOO_DEEP: (ValueError, RecursionError),
        Refusal.OUT_OF_RANGE: (OverflowError, ValueError),
        Refusal.COMPLEX_TO_REAL: (TypeError,),
        Refusal.UNKNOWN_DTYPE: (TypeError,),
        Refusal.UNKNOWN_DEVICE: (ValueError,),
        Refusal.BUFFER_BOUNDS: (ValueError,),
        Refusal.UNKNOWN_KEYWORD: (TypeError,),
    }
)
"""The exceptions that say it best, the reference's own first.

For asarray the standard names ValueError where copy=False needs a copy; for from_dlpack it
names both ValueError and BufferError (array API standard 2024.12, from_dlpack, Raises)."""
