"""Objects whose protocols raise, give what they must not, or describe memory that is not there.

A lie is told only where a consumer can find it out: of a buffer that is given along, the size
is known; of a bare address nothing is, so that no address is ever wrong here.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tensorpact.cases.thing import InputError, Thing

Array = np.ndarray[Any, Any]


def raising(name: str) -> Callable[..., Any]:
    """A method that raises InputError with its own name."""

    def method(*_: Any, **__: Any) -> Any:
        raise InputError(name)

    return method


def answering(name: str, answer: Callable[[], Any], *bases: type) -> type:
    """A class whose method of this name gives an answer, whatever it is asked."""
    return type("Answering", bases, {name: lambda *_, **__: answer()})


def described(name: str, answer: Callable[[], Any]) -> type:
    """A class whose property of this name has this value."""
    return type("Described", (), {name: property(lambda _: answer())})


# --------------------------------------------------------------------------- numbers


class RaisingFloat:
    """Converting it to a number raises."""

    __float__ = __index__ = __int__ = __complex__ = raising("number")


class LyingInt(int):
    """An int that says of itself that it is another one, or raises."""

    __float__ = __int__ = __bool__ = raising("number")

    def __index__(self) -> int:
        return 2**70


class LyingFloat(float):
    """A float whose `__float__` raises, and which equals nothing."""

    __float__ = __int__ = __eq__ = raising("number")
    __hash__ = float.__hash__


_NUMBERS: Mapping[str, tuple[str, Callable[[], Any]]] = {
    "text_index": ("__index__", lambda: "1"),
    "text_float": ("__float__", lambda: "1.0"),
    "int_float": ("__float__", lambda: 1),
    "float_index": ("__index__", lambda: 1.0),
    "bool_index": ("__index__", lambda: True),
    "array_float": ("__float__", lambda: np.zeros(3)),
    "float_subclass_float": ("__float__", lambda: LyingFloat(1.5)),
    "text_complex": ("__complex__", lambda: "1j"),
    "text_bool": ("__bool__", lambda: "yes"),
    "huge_index": ("__index__", lambda: 10**400),
    "infinite_float": ("__float__", lambda: float("inf")),
}
"""What the conversion of an object to a number gives."""


# --------------------------------------------------------------------------- arrays


class ArrayOfItself:
    """`__array__` gives the object itself."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self


class RecursiveArray:
    """`__array__` makes an array of the object, for which it is asked again."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.asarray(self)


class HoldsItself:
    """`__array__` gives an array of objects that holds the object."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        made = np.empty(1, object)
        made[0] = self
        return made


class InconstantArray:
    """`__array__` gives an array of another shape at every call."""

    length = 0

    def __array__(self, *_: Any, **__: Any) -> Array:
        self.length = self.length % 5 + 1
        return np.ones(self.length)


class OtherDtype:
    """`__array__` gives int16 whatever dtype it is asked for."""

    def __array__(self, *_: Any, **__: Any) -> Array:
        return np.ones(3, np.int16)


def _in_itself() -> Array:
    made = np.empty(2, object)
    made[:] = [made, made]
    return made


class RaisingFinalize(np.ndarray):
    """An array of which no view and no copy can be made."""

    armed = False

    def __array_finalize__(self, obj: object) -> None:
        if getattr(obj, "armed", False):
            raise InputError("finalize")


class RaisingHooks(np.ndarray):
    """An array whose hooks raise."""

    __array_function__ = __array_ufunc__ = __array_wrap__ = raising("hook")
    tolist = item = __getitem__ = __len__ = __iter__ = __float__ = raising("element")


class Overstating(np.ndarray):
    """An array that says that it is larger, in Python, than it is."""

    shape = property(lambda _: (1000, 1000))
    strides = property(lambda _: (8000, 8))
    nbytes = property(lambda _: 8_000_000)
    size = property(lambda _: 1_000_000)
    ndim = property(lambda _: 2)

    def __len__(self) -> int:
        return 1000


def _armed() -> RaisingFinalize:
    made = np.ones(3).view(RaisingFinalize)
    made.armed = True
    return made


# --------------------------------------------------------------------------- interfaces

_INTERFACES: Mapping[str, dict[str, Any]] = {
    "unknown type": {"typestr": "?!", "data": (0, False)},
    "no typestr": {"typestr": None},
    "shape of text": {"shape": "22"},
    "shape of floats": {"shape": (1.5,)},
    "number as shape": {"shape": 2},
    "negative shape": {"shape": (-2,)},
    "shape of more than 2**64 bytes": {"shape": (2**62, 2**62)},
    "65 dimensions": {"shape": (1,) * 65},
    "one stride too few": {"shape": (2, 1), "strides": (8,)},
    "strides of text": {"strides": ("8",)},
    "number as data": {"data": 7},
    "data of one item": {"data": (0,)},
    "offset of text": {"offset": "8"},
    "offset of floats": {"offset": 0.0},
    "items of no bytes": {"typestr": "|V0"},
}
"""What is wrong with an `__array_interface__`; no memory is described that is not there."""

_BEYOND: Mapping[str, dict[str, Any]] = {
    "shape beyond its buffer": {"shape": (1000,)},
    "shape far beyond its buffer": {"shape": (2**40,)},
    "negative stride before its buffer": {"strides": (-8,)},
    "stride beyond its buffer": {"strides": (4096,)},
    "offset beyond its buffer": {"offset": 4096},
    "offset before its buffer": {"offset": -8},
}
"""An `__array_interface__` that reaches out of the 16 bytes that it gives along."""

BAD_INTERFACES: Mapping[str, Mapping[str, Any]] = {
    f"interface_{name.replace(' ', '_')}": fields
    for name, fields in {**_INTERFACES, **_BEYOND}.items()
}
"""The fields that depart from a plain `__array_interface__`, by the name of the thing."""


def _interface(**fields: Any) -> Any:
    plain = {"shape": (2,), "typestr": "<f8", "version": 3, "data": bytearray(16)}
    return described("__array_interface__", lambda: {**plain, **fields})()


# --------------------------------------------------------------------------- buffers


def _released_view() -> memoryview:
    view = memoryview(bytearray(8))
    view.release()
    return view


def _closed_mmap() -> mmap.mmap:
    mapping = mmap.mmap(-1, 16)
    mapping.close()
    return mapping


def _view_of_objects() -> memoryview:
    return np.array([1.5, None, "a"], object).data


# --------------------------------------------------------------------------- the table


def _hostile(
    make: Callable[[], Any], text: str, *, raises: bool = False, beyond: bool = False
) -> Thing:
    return Thing(make, text, hostile=True, raises=raises, beyond=beyond)


def _array(make: Callable[[], Array], text: str) -> Thing:
    return Thing(make, text, hostile=True, data=True)


def _lender(export: Callable[..., Any], device: Any) -> type:
    return type("Lender", (), {"__dlpack__": export, "__dlpack_device__": lambda _: device})


def _real_export(*_: Any, **__: Any) -> Any:
    return np.ones(3).__dlpack__()


def _raises(name: str) -> Thing:
    method = type("Raising", (), {name: raising(name)})
    return _hostile(method, f"an object whose {name} raises", raises=True)


def _answers(name: str, answer: Callable[[], Any], text: str) -> Thing:
    return _hostile(answering(name, answer), f"an object whose {name} gives {text}")


HOSTILE_OBJECTS: Mapping[str, Thing] = {
    "raising_float": _hostile(RaisingFloat, "an object whose __float__ raises", raises=True),
    "lying_int": _hostile(lambda: LyingInt(3), "a subclass of int whose methods lie and raise"),
    "lying_float": _hostile(lambda: LyingFloat(1.5), "a subclass of float whose methods raise"),
    **{
        name: _answers(method, answer, name.partition("_")[0])
        for name, (method, answer) in _NUMBERS.items()
    },
    "raising_array": _raises("__array__"),
    "raising_dlpack": _hostile(
        _lender(raising("dlpack"), (1, 0)), "an object whose __dlpack__ raises", raises=True
    ),
    "wrong_array": _answers("__array__", lambda: [1.0, 2.0], "a list"),
    "array_of_itself": _hostile(ArrayOfItself, "an object whose __array__ gives itself"),
    "recursive_array": _hostile(RecursiveArray, "an object whose __array__ calls np.asarray on it"),
    "holds_itself": _hostile(HoldsItself, "an object whose __array__ gives an array of it"),
    "inconstant_array": _hostile(InconstantArray, "an object whose __array__ changes its shape"),
    "other_dtype": _hostile(OtherDtype, "an object whose __array__ ignores dtype"),
    "array_in_itself": _array(_in_itself, "an array of objects that holds itself"),
    "raising_finalize": _array(_armed, "an array whose __array_finalize__ raises"),
    "raising_hooks": _array(
        lambda: np.ones(3).view(RaisingHooks), "an array whose methods all raise"
    ),
    "overstating": _array(
        lambda: np.ones(3).view(Overstating), "an array whose shape property says (1000, 1000)"
    ),
    "wrong_dlpack": _hostile(
        _lender(lambda *_, **__: "capsule", (1, 0)), "an object whose __dlpack__ gives a str"
    ),
    "wrong_dlpack_device": _hostile(
        _lender(_real_export, ("cpu", None)),
        "an object whose __dlpack_device__ gives ('cpu', None)",
    ),
    "no_dlpack_device": _hostile(
        _lender(_real_export, ()), "an object whose __dlpack_device__ gives ()"
    ),
    "bad_interface": _hostile(
        lambda: _interface(**_INTERFACES["unknown type"]),
        "an object with a bad __array_interface__",
    ),
    "raising_interface": _hostile(
        described("__array_interface__", raising("interface")),
        "an object whose __array_interface__ raises",
        raises=True,
    ),
    "number_interface": _hostile(
        described("__array_interface__", lambda: 3), "an object whose __array_interface__ is 3"
    ),
    "empty_interface": _hostile(
        described("__array_interface__", dict), "an object whose __array_interface__ is {}"
    ),
    "number_struct": _hostile(
        described("__array_struct__", lambda: 3), "an object whose __array_struct__ is 3"
    ),
    **{
        f"interface_{name.replace(' ', '_')}": _hostile(
            lambda fields=fields: _interface(**fields),  # type: ignore[misc] # bound at once
            f"an object with an __array_interface__ of {fields}",
        )
        for name, fields in _INTERFACES.items()
    },
    **{
        f"interface_{name.replace(' ', '_')}": _hostile(
            lambda fields=fields: _interface(**fields),  # type: ignore[misc] # bound at once
            f"an object with an __array_interface__ over 16 bytes, of {fields}",
            beyond=True,
        )
        for name, fields in _BEYOND.items()
    },
    "released_view": _hostile(_released_view, "a memoryview that was released"),
    "closed_mmap": _hostile(_closed_mmap, "an mmap that was closed"),
    "view_of_objects": _hostile(_view_of_objects, "memoryview(np.array([1.5, None, 'a'], object))"),
}
