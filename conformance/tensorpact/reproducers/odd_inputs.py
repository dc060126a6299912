"""Hostile inputs in plain Python: those whose text in a spelled case is prose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tensorpact.cases.hostile_objects import BAD_INTERFACES
from tensorpact.cases.hostile_sequences import ACTS, METHODS


@dataclass(frozen=True, slots=True)
class OddInput:
    """The lines that are needed first, and the expression for the input."""

    lines: tuple[str, ...]
    data: str


def odd_input(name: str) -> OddInput | None:
    """The thing of this name as code; None where its text is code already, or no code is known."""
    if name in _WRITTEN:
        return _WRITTEN[name]
    if name in BAD_INTERFACES:
        return _interface(BAD_INTERFACES[name])
    if name.startswith("deep_"):
        return _deep(int(name.removeprefix("deep_")))
    method, _, act = name.rpartition("_")
    if act in ACTS and f"__{method}__" in METHODS:
        return _meddling(f"__{method}__", act)
    return None


# --------------------------------------------------------------------------- lists that change

_STATEMENTS: Mapping[str, str] = {
    "clears": "rows.clear()",
    "shortens": "del rows[1:]",
    "lengthens": "rows.extend([9.5] * 1000)",
    "replaces": "rows[:] = [9.5] * len(rows)",
}
_RETURNS: Mapping[str, str] = {
    "__float__": "1.0",
    "__index__": "1",
    "__bool__": "True",
    "__complex__": "1j",
    "__len__": "2",
    "__getitem__": "[1.0, 1.0][index]",
    "__iter__": "iter(())",
    "__array__": "np.zeros(2)",
}
_REUSED = "    freed[:] = [b'\\xa5' * n for n in range(16, 528, 16) for _ in range(64)]"
"""Puts other bytes where objects were freed: what is still read there is seen to be gone."""


def _meddling(method: str, act: str) -> OddInput:
    nested = method in ("__len__", "__getitem__", "__iter__", "__array__")
    bodies = {"__len__": "return 2", "__getitem__": "return [1.0, 1.0][index]"} if nested else {}
    bodies[method] = f"meddle(); return {_RETURNS[method]}"
    others = "[[float(n)] * 2 for n in range(39)]" if nested else "[2**40 + n for n in range(39)]"
    lines = [
        "def meddle():",
        f"    {_STATEMENTS[act]}",
        _REUSED,
        "class First:",
        *(f"    def {name}({_signature(name)}): {body}" for name, body in bodies.items()),
        f"freed, rows = [], [First()] + {others}",
    ]
    return OddInput(tuple(lines), "rows")


def _signature(method: str) -> str:
    given = {"__getitem__": ", index", "__array__": ", *_, **__"}
    return f"self{given.get(method, '')}"


# --------------------------------------------------------------------------- others


def _interface(fields: Mapping[str, object]) -> OddInput:
    plain = {"shape": (2,), "typestr": "<f8", "version": 3}
    shown = ", ".join(f"{name!r}: {value!r}" for name, value in {**plain, **fields}.items())
    data = "" if "data" in fields else "'data': bytearray(16), "
    return OddInput((f"x = SimpleNamespace(__array_interface__={{\n    {data}{shown}}})",), "x")


def _deep(levels: int) -> OddInput:
    return OddInput(("x = [1.0]", f"for _ in range({levels - 1}): x = [x]"), "x")


_SIZED = "    def __getitem__(self, index): return [1.0, 2.0, 3.0][index]"


def _sized(length: str) -> OddInput:
    lines = ("class Rows:", f"    def __len__(self): return {length}", _SIZED)
    return OddInput(lines, "Rows()")


def _method(name: str, answer: str) -> OddInput:
    return OddInput(("class Odd:", f"    def {name}(self, *_, **__): {answer}"), "Odd()")


_COUNTING = (
    "class Rows:",
    "    asked = 0",
    "    def __init__(self, array): self.array = array",
    "    def __array__(self, dtype=None, copy=None): return np.array(self.array, dtype, copy=copy)",
    "    def __len__(self): Rows.asked += 1; return len(self.array)",
    "    def __getitem__(self, index):",
    "        Rows.asked += 1",
    "        item = self.array[index]",
    "        return Rows(item) if item.ndim else float(item)",
)
"""A sequence that has `__array__` too."""

_WRITTEN: Mapping[str, OddInput] = {
    "overstated": _sized("5"),
    "understated": _sized("2"),
    "huge_len": _sized("2**62"),
    "negative_len": _sized("-1"),
    "text_len": _sized("'3'"),
    "overstated_list": OddInput(
        ("class Rows(list):", "    def __len__(self): return 1000"), "Rows([1.0, 2.0])"
    ),
    "understated_list": OddInput(
        ("class Rows(list):", "    def __len__(self): return 0"), "Rows([1.0, 2.0])"
    ),
    "overstated_tuple": OddInput(
        ("class Rows(tuple):", "    def __len__(self): return 1000"), "Rows((1.0, 2.0))"
    ),
    "raising_float": _method("__float__", "raise KeyError('number')"),
    "raising_array": _method("__array__", "raise KeyError('array')"),
    "raising_dlpack": _method("__dlpack__", "raise KeyError('dlpack')"),
    "text_index": _method("__index__", "return '1'"),
    "text_float": _method("__float__", "return '1.0'"),
    "int_float": _method("__float__", "return 1"),
    "float_index": _method("__index__", "return 1.0"),
    "bool_index": _method("__index__", "return True"),
    "array_float": _method("__float__", "return np.zeros(3)"),
    "text_complex": _method("__complex__", "return '1j'"),
    "text_bool": _method("__bool__", "return 'yes'"),
    "huge_index": _method("__index__", "return 10**400"),
    "infinite_float": _method("__float__", "return float('inf')"),
    "wrong_array": _method("__array__", "return [1.0, 2.0]"),
    "array_of_itself": _method("__array__", "return self"),
    "recursive_array": _method("__array__", "return np.asarray(self)"),
    "other_dtype": _method("__array__", "return np.ones(3, np.int16)"),
    "shrinking_list": OddInput(
        ("class Rows(list):", "    def __len__(self): self.clear(); return 3"),
        "Rows([1.5, 2.5, 3.5])",
    ),
    **{
        f"rows_{name}": OddInput(_COUNTING, f"Rows(np.ones((3, {length}), np.float32))")
        for name, length in {"short": 8, "long": 512}.items()
    },
    "closed_mmap": OddInput(("x = mmap.mmap(-1, 16)", "x.close()"), "x"),
    "released_view": OddInput(("x = memoryview(bytearray(8))", "x.release()"), "x"),
}
