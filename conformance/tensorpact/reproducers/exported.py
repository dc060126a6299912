"""What a tensor must give out: by NumPy's consumer, and by the fields of its capsule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tensorpact.cases.spell import operation_text
from tensorpact.cases.words import word
from tensorpact.guarantees.model import DemandKind
from tensorpact.reproducers.capsules import POINTER, field_text
from tensorpact.reproducers.typed import Asked, Lines, Typed, caught, overwriting


def _exported_elements(made: Typed, _: Any) -> Iterator[Lines]:
    own = word(made.claims, "elements of", x="x")
    for taken_by in ("np.from_dlpack(x)", "np.asarray(x)"):
        yield [*made.lines, f"y = {taken_by}", f"assert y.tolist() == {own}, y"]
        yield [*made.lines, f"y = {taken_by}", f"assert str(y.tolist()) == str({own}), y"]
    for x, call in (("result", made.call), ("y", _own_import(made))):
        seen = word(made.claims, "elements of", x=x)
        yield [*made.lines, f"{x} = {call}", f"assert {seen} == {own}, {x}"]
        yield [*made.lines, f"{x} = {call}", f"assert str({seen}) == str({own}), {x}"]


def _own_import(made: Typed) -> str:
    return f"{operation_text('from_dlpack', made.claims)}(x)"


def _exported_memory(made: Typed, wanted: str) -> Iterator[Lines]:
    own, write = word(made.claims, "elements of", x="x"), overwriting(made)
    copy = ", copy=True" if wanted == "independent" else ""
    for taken_by in (f"np.from_dlpack(x{copy})", made.call, "np.asarray(x)"):
        if wanted == "independent":
            first = [*made.lines, f"y = {taken_by}", "before = y.tolist()", write]
            yield [*first, "assert y.tolist() == before, 'a write to the tensor shows in the copy'"]
        else:
            yield [*made.lines, f"y = {taken_by}", write, f"assert y.tolist() == {own}, y"]


def _pointing(made: Typed) -> Lines:
    return [*made.lines, f"capsule = {made.call}", POINTER]


def _flagged(made: Typed, flag: int) -> Iterator[Lines]:
    flags = "ctypes.c_uint64.from_address(pointer + 24).value"
    yield [*_pointing(made), f"flags = {flags}", f"assert flags & {flag}, flags"]


def _null(made: Typed, _: Any) -> Iterator[Lines]:
    for versioned in (False, True):
        data = field_text("c_void_p", 0, versioned)
        yield [*_pointing(made), f"data = {data}", "assert data is None, hex(data)"]


def _named(made: Typed, name: str) -> Iterator[Lines]:
    text = f"assert '\"{name}\"' in repr(capsule), capsule"
    yield [*made.lines, f"capsule = {made.call}", text]


def _answering_device(made: Typed, _: Any) -> Iterator[Lines]:
    told = "assert not isinstance(result, Exception), repr(result)"
    yield [*made.lines, caught("x.__dlpack_device__()"), told]


ASKED: Mapping[DemandKind, Asked] = {
    "exported elements": _exported_elements,
    "exported memory": _exported_memory,
    "flag": _flagged,
    "null": _null,
    "capsule name": _named,
    "device answer": _answering_device,
}
