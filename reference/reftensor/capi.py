"""The few functions of Python's C API that reach memory by its address.

They are taken from a private `ctypes.PyDLL`: the prototypes of `ctypes.pythonapi` belong to
the whole process, and other libraries change them.
"""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_ssize_t, c_void_p, py_object
from typing import Any, TypeVar, cast

T = TypeVar("T")

_API = ctypes.PyDLL(None)


class _Buffer(ctypes.Structure):
    """`Py_buffer`."""

    _fields_ = [
        ("buf", c_void_p),
        ("obj", c_void_p),
        ("len", c_ssize_t),
        ("itemsize", c_ssize_t),
        ("readonly", c_int),
        ("ndim", c_int),
        ("format", c_char_p),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
        ("internal", c_void_p),
    ]


def _prototype(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, *arguments)((name, _API))


_get_buffer = _prototype("PyObject_GetBuffer", c_int, py_object, c_void_p, c_int)
_release_buffer = _prototype("PyBuffer_Release", None, c_void_p)
_from_memory = _prototype("PyMemoryView_FromMemory", py_object, c_void_p, c_ssize_t, c_int)
_incref = _prototype("Py_IncRef", None, py_object)

_PYBUF_FULL_RO = 0x11C
_PYBUF_WRITE = 0x200

new_capsule = _prototype("PyCapsule_New", py_object, c_void_p, c_char_p, c_void_p)
capsule_is_valid = _prototype("PyCapsule_IsValid", c_int, py_object, c_char_p)
capsule_pointer = _prototype("PyCapsule_GetPointer", c_void_p, py_object, c_char_p)
capsule_name = _prototype("PyCapsule_GetName", c_char_p, py_object)
rename_capsule = _prototype("PyCapsule_SetName", c_int, py_object, c_char_p)
# A capsule that is being destroyed must not be touched as an object: it would be destroyed
# again when that reference is dropped.
dying_capsule_is_valid = _prototype("PyCapsule_IsValid", c_int, c_void_p, c_char_p)
dying_capsule_pointer = _prototype("PyCapsule_GetPointer", c_void_p, c_void_p, c_char_p)

raise_pending = _prototype("PyGILState_Check", c_int)
"""Raise the exception that was set when C code called back, and that nobody has raised yet.

Any call through a PyDLL does so. A callback that fails to would end in a SystemError before
its work is done; so it ends with this exception printed, and its work is done. (ctypes has no
way to hand the exception on to the caller, who finds none set.)"""

Capsule: type = type(new_capsule(1, b"", None))
"""The type of capsules, which Python names only from 3.13 on."""


def address_of(view: memoryview) -> int:
    """The address of the first element of a buffer, which must stay locked by `view`."""
    buffer = _Buffer()
    _get_buffer(view, ctypes.byref(buffer), _PYBUF_FULL_RO)
    address = buffer.buf or 0
    _release_buffer(ctypes.byref(buffer))
    return address


def window(address: int, nbytes: int) -> memoryview:
    """The bytes at an address, writable. Nothing keeps them alive, nothing checks them."""
    return cast(memoryview, _from_memory(address, nbytes, _PYBUF_WRITE))


def immortal(thing: T) -> T:
    """The thing itself, never to be freed: C code may still use it while Python exits."""
    _incref(thing)
    return thing
