"""What a check asked for, as scripts that ask for it again: the candidates, most telling first.

Each takes a typed case and the value of the demand. Not every candidate works for every input,
and none is shown before it was seen to fail: see `made`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tensorpact.cases.model import Leaf, Nest, Node
from tensorpact.cases.spell import device_text, dtype_text
from tensorpact.cases.words import word
from tensorpact.guarantees.model import Demand
from tensorpact.reproducers.capsules import POINTER, field_text
from tensorpact.reproducers.typed import (
    Typed,
    caught,
    elements_of_source,
    indented,
    overwriting,
)

Lines = list[str]
Asked = Callable[[Typed, Any], Iterator[Lines]]

_MANY = 64
"""Elements beyond which no list of them is written out."""


def candidates(made: Typed, demand: Demand) -> Iterator[Lines]:
    """The scripts for a demand, without their imports; those for a call that raised at the end."""
    asked = _ASKED.get(demand.kind)
    if asked is not None:
        yield from asked(made, demand.value)
    yield from _taken(made)


# --------------------------------------------------------------------------- outcomes


def _taken(made: Typed) -> Iterator[Lines]:
    """The call does not raise."""
    yield [*made.outcome, "assert not isinstance(result, Exception), repr(result)"]


def _refused(made: Typed, classes: tuple[str, ...]) -> Iterator[Lines]:
    if not classes:
        yield [*made.outcome, "assert isinstance(result, Exception), type(result)"]
        return
    listed = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
    yield [*made.outcome, f"assert isinstance(result, {listed}), repr(result)"]


def _of_a_class(made: Typed, classes: tuple[str, ...]) -> Iterator[Lines]:
    """A value is as good; the classes would make a line of their own."""
    yield [
        *made.outcome,
        f"telling = ({', '.join(classes[:4])},",
        f"           {', '.join(classes[4:])})",
        "assert not isinstance(result, Exception) or isinstance(result, telling), repr(result)",
    ]


def _with_message(made: Typed, _: Any) -> Iterator[Lines]:
    yield [*made.outcome, "assert not isinstance(result, Exception) or str(result), repr(result)"]


def _ordinary(made: Typed, _: Any) -> Iterator[Lines]:
    tried = caught(made.call).replace("except Exception", "except BaseException")
    strange = "isinstance(result, SystemError) or not isinstance(result, Exception)"
    yield [
        *made.lines,
        *made.doing(tried),
        f"assert not (isinstance(result, BaseException) and ({strange})), repr(result)",
    ]


# --------------------------------------------------------------------------- what a result is


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


# --------------------------------------------------------------------------- memory


def _memory(made: Typed, wanted: str) -> Iterator[Lines]:
    """A write to either side shows in the other, or does not."""
    seen, source = word(made.claims, "elements of", x="result"), elements_of_source(made)
    write = overwriting(made)
    shared = wanted == "shared"
    told = "" if shared else ", 'a write to the source shows in the result'"
    if write and not shared:
        before = [*made.result, f"before = {seen}", write]
        yield [*before, f"assert {seen} == before{told}"]
        yield [*before, f"assert str({seen}) == str(before){told}"]
    if write and shared:
        yield [*made.result, write, f"assert {seen} == {source}, {seen}"]
        unseen = "'a write to the source does not show in the result'"
        yield [*made.result, f"before = {seen}", write, f"assert {seen} != before, {unseen}"]
    written = word(made.claims, "fill", x="result", value=0)
    if source and shared:
        yield [*made.result, written, f"assert {source} == {seen}, {source}"]
    elif source:
        first = [*made.result, f"before = {source}", written]
        yield [*first, f"assert {source} == before, 'a write to the result shows in the source'"]


def _fresh(made: Typed, _: Any) -> Iterator[Lines]:
    other = word(made.claims, "elements of", x="other")
    yield [
        *made.result,
        *made.again,
        *made.doing(f"other = {made.call}"),
        f"before = {other}",
        word(made.claims, "fill", x="result", value=0),
        f"assert {other} == before, 'two results share one memory'",
    ]


def _untouched(made: Typed, _: Any) -> Iterator[Lines]:
    """The source's elements, its description, and what is left of an iterator."""
    block, claims = made.case.block, made.claims
    looks = [elements_of_source(made)] if block is not None else []
    if block is not None and block.exporter == "own":
        looks += [
            word(claims, kind, x="x")
            for kind in ("requires_grad of", "dtype of", "shape of", "strides of")
        ]
    for look in looks:
        first = [*made.lines, f"before = {look}", *made.doing(caught(made.call))]
        yield [*first, f"assert {look} == before, {look}"]
    if block is None:
        call = made.call.replace(made.data, "x", 1)
        lines = [*made.lines, f"x = {made.data}", *made.doing(caught(call))]
        yield [*lines, "assert len(list(x)) == 2, 'items were taken'"]


def _writable(made: Typed, wanted: bool) -> Iterator[Lines]:
    fill, seen = word(made.claims, "fill", x="result", value=0), "error"
    tried = f"try:\n    {fill}\n    error = None\nexcept Exception as raised:\n    error = raised"
    yield [*made.result, tried, f"assert {seen} is {'' if wanted else 'not '}None, repr(error)"]


# --------------------------------------------------------------------------- warnings


def _recorded(text: str) -> Lines:
    first = (
        "with warnings.catch_warnings(record=True) as told:\n    warnings.simplefilter('always')"
    )
    return [first, indented(text)]


def _warning_count(made: Typed, least: int) -> Iterator[Lines]:
    """None at all for 0, else none or one at each of so many calls."""
    call = "\n".join([*made.again, *made.doing(f"result = {made.call}")])
    if not least:
        yield [*made.lines, *_recorded(call), "assert not told, told[0].message"]
        return
    calls = f"for _ in range({least}):\n{indented(call)}"
    yield [*made.lines, *_recorded(calls), f"assert len(told) in (0, {least}), len(told)"]


def _told_or_protected(made: Typed, _: Any) -> Iterator[Lines]:
    source = elements_of_source(made)
    fill = word(made.claims, "fill", x="result", value=0)
    call = "\n".join(made.doing(f"result = {made.call}"))
    told = "'read-only memory was written, and nobody was warned'"
    yield [
        *made.lines,
        f"before = {source}",
        *_recorded(f"{call}\n{fill}"),
        f"assert told or {source} == before, {told}",
    ]


def _refused_or_told(made: Typed, _: Any) -> Iterator[Lines]:
    call = "\n".join(made.doing(caught(made.call)))
    yield [
        *made.lines,
        *_recorded(call),
        "assert told or isinstance(result, Exception), result",
    ]


# --------------------------------------------------------------------------- exports


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
    from tensorpact.cases.spell import operation_text

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


# --------------------------------------------------------------------------- life


def _not_resized(made: Typed, _: Any) -> Iterator[Lines]:
    for resize in _resizes(made):
        tried = f"try:\n    {resize}\n    refused = False\nexcept Exception:\n    refused = True"
        yield [*made.result, tried, "assert refused"]


def _size_kept(made: Typed, _: Any) -> Iterator[Lines]:
    shape = word(made.claims, "shape of", x="result")
    for resize in _resizes(made):
        tried = f"try:\n    {resize}\nexcept Exception:\n    pass"
        yield [*made.result, f"before = {shape}", tried, f"assert {shape} == before, {shape}"]


def _resizes(made: Typed) -> Iterable[str]:
    block = made.case.block
    if made.case.schedule == "result resized":
        return [word(made.claims, "resize", x="result").replace("...", "1000")]
    kinds = {"array.array": "x.append(x[0])", "bytearray": "x.append(0)", "mmap": "x.close()"}
    return [kinds.get(block.exporter if block is not None else "", "x.resize(1000)")]


def _consumed(made: Typed, _: Any) -> Iterator[Lines]:
    again = caught(made.call, "again")
    yield [*made.result, *made.doing(again), "assert isinstance(again, Exception), type(again)"]


# --------------------------------------------------------------------------- cost


def _few_questions(made: Typed, most: int) -> Iterator[Lines]:
    """The odd input counts what it is asked."""
    call = "\n".join(made.doing(f"result = {made.call}"))
    asked = f"assert told or Rows.asked <= {most}, f'{{Rows.asked}} questions'"
    yield [*made.lines, *_recorded(call), asked]


_ASKED: Mapping[str, Asked] = {
    "refusal": _refused,
    "class": _of_a_class,
    "message": _with_message,
    "ordinary": _ordinary,
    "dtype": _of_dtype,
    "shape": _of_shape,
    "dtype and shape": _of_dtype_and_shape,
    "device": _on_device,
    "strides": _with_strides,
    "requires_grad": _needing_gradient,
    "elements": _with_elements,
    "part": _with_part,
    "itself": _itself,
    "memory": _memory,
    "fresh": _fresh,
    "untouched": _untouched,
    "writable": _writable,
    "warnings": _warning_count,
    "told or protected": _told_or_protected,
    "refusal or warning": _refused_or_told,
    "exported elements": _exported_elements,
    "exported memory": _exported_memory,
    "flag": _flagged,
    "null": _null,
    "capsule name": _named,
    "device answer": _answering_device,
    "no resize": _not_resized,
    "size after resize": _size_kept,
    "consumed": _consumed,
    "questions": _few_questions,
}
"""By the kind of the demand; those of two calls and of stories stand in modules of their own."""
