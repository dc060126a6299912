"""DLPack exports that are unusual, in plain Python: fields of NumPy's own capsule overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tensorpact.capsules.fields import DTYPES
from tensorpact.capsules.forge import Description
from tensorpact.capsules.handshake import CAPSULE, DEVICE
from tensorpact.cases import layouts
from tensorpact.cases.dtypes import itemsize
from tensorpact.cases.model import Block
from tensorpact.cases.spell import inner_name
from tensorpact.cases.twists import Twist, twist_of

NOT_TYPED = "made by hand: {}"
"""Stands for what cannot be typed in a few lines, and is no Python."""

_ADDRESS = 1 << 20
_HEAD = 32
"""Bytes of a versioned structure before its tensor: version, context, deleter, flags."""

_FIELDS: Mapping[str, tuple[str, int]] = {
    "device": ("c_int32", 8),
    "ndim": ("c_int32", 16),
    "code": ("c_uint8", 20),
    "bits": ("c_uint8", 21),
    "lanes": ("c_uint16", 22),
    "byte_offset": ("c_uint64", 40),
}
"""The C type of a field of DLTensor and its offset, as in dlpack.h, where pointers have 8 bytes."""


POINTER = "pointer = ctypes.c_void_p.from_address(id(capsule) + object.__basicsize__).value"
"""What PyCapsule_GetPointer gives, in one line: CPython keeps it behind the object's header."""


def field_text(type_name: str, offset: int, versioned: bool = False) -> str:
    """The expression for a field of the structure at `pointer`."""
    found = offset + _HEAD * versioned
    return f"ctypes.{type_name}.from_address(pointer{f' + {found}' if found else ''}).value"


def by_hand(block: Block, name: str) -> list[str]:
    """The lines that make the export of the array, and call it `name`."""
    twist, array = twist_of(block), inner_name(name)
    changed = twist.change(Description(strides=()))
    unnamed = twist.copies or changed.name is not None
    if unnamed or changed.garbled or block.dtype not in DTYPES:
        return [NOT_TYPED.format(twist.text)]
    if twist.raises is not None:
        return _raising(twist, array, name)
    if not twist.capsule:
        return [f"{name} = {_exporter('lambda **_: 42', twist, array)}"]
    changes = list(_changes(_described(block), twist))
    version = "max_version=(1, 0)" if twist.versioned else ""
    lines = [f"capsule = {array}.__dlpack__({version})", POINTER, *changes]
    if block.exporter == "capsule":
        return [*lines, f"{name} = capsule"]
    takes = "stream=None" if block.exporter == "dlpack_old" else "**_"
    return [*lines, f"{name} = {_exporter(f'lambda {takes}: capsule', twist, array)}"]


def _exporter(method: str, twist: Twist, array: str) -> str:
    if DEVICE not in twist.methods:
        return f"SimpleNamespace(__dlpack__={method})"
    device = f"lambda: {twist.device}" if twist.device else f"{array}.__dlpack_device__"
    return f"SimpleNamespace(__dlpack__={method},\n{' ' * 20}__dlpack_device__={device})"


def _raising(twist: Twist, array: str, name: str) -> list[str]:
    assert twist.raises is not None
    method, error = twist.raises
    fail = f"def fail(*_, **__): raise {error.__name__.removeprefix('Raises')}('cannot')"
    if method == CAPSULE:
        return [fail, f"{name} = {_exporter('fail', twist, array)}"]
    given = f"__dlpack__={array}.__dlpack__, __dlpack_device__=fail"
    return [fail, f"{name} = SimpleNamespace({given})"]


def _described(block: Block) -> Description:
    """The true description, but for the address, which is known when the script runs."""
    size = itemsize(block.dtype)
    strides = tuple(step // size for step in layouts.byte_strides(block))
    return Description(_ADDRESS, block.shape, strides, DTYPES[block.dtype])


def _changes(plain: Description, twist: Twist) -> Iterator[str]:
    """A line or two for every field that the twist changes."""
    wanted, versioned = twist.change(plain), twist.versioned
    if wanted.version != plain.version and wanted.version is not None:
        for offset, number in zip((0, 4), wanted.version, strict=True):
            yield f"ctypes.c_uint32.from_address(pointer + {offset}).value = {number}"
    if wanted.flags != plain.flags:
        yield f"ctypes.c_uint64.from_address(pointer + 24).value |= {wanted.flags}"
    if wanted.data != plain.data:
        field = field_text("c_void_p", 0, versioned)
        yield f"{field} {'= None' if not wanted.data else f'-= {plain.data - wanted.data}'}  # data"
    before, after = _numbers(plain), _numbers(wanted)
    for name, (type_name, offset) in _FIELDS.items():
        if before[name] != after[name]:
            yield f"{field_text(type_name, offset, versioned)} = {after[name]}  # {name}"
    for name, offset in (("shape", 24), ("strides", 32)):
        yield from _array(name, offset, getattr(plain, name), getattr(wanted, name), versioned)
    if not wanted.deleter:
        yield f"{field_text('c_void_p', 16 if versioned else 56)} = None  # deleter"


def _numbers(found: Description) -> Mapping[str, int]:
    code, bits, lanes = found.dtype
    ndim = len(found.shape or ()) if found.ndim is None else found.ndim
    return {
        "device": found.device[0],
        "ndim": ndim,
        "code": code,
        "bits": bits,
        "lanes": lanes,
        "byte_offset": found.byte_offset,
    }


def _array(
    name: str,
    offset: int,
    before: tuple[int, ...] | None,
    after: tuple[int, ...] | None,
    versioned: bool,
) -> Iterator[str]:
    if before == after:
        return
    field = field_text("c_void_p", offset, versioned)
    if after is None:
        yield f"{field} = None  # {name}"
        return
    yield f"{name} = (ctypes.c_int64 * {len(after)}){after}"
    yield f"{field} = ctypes.addressof({name})"
