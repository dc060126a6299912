"""DLPack as it stands in memory: the structures, the codes, the names of the capsules.

Read from: dlpack.h of DLPack 1.1, whose names are kept; "Python Specification for DLPack".
"""

from __future__ import annotations

from ctypes import (
    POINTER,
    Structure,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)

from reftensor.capi import immortal
from reftensor.devices import CPU, DEVICES, Device
from reftensor.dtypes import DTYPES, DType, bfloat16

VERSION = (1, 1)
READ_ONLY, IS_COPIED = 1, 2

LEGACY, VERSIONED = immortal(b"dltensor"), immortal(b"dltensor_versioned")
USED = {LEGACY: immortal(b"used_dltensor"), VERSIONED: immortal(b"used_dltensor_versioned")}
"""A capsule keeps only a pointer to its name, so the names live as long as the process."""


class DLDevice(Structure):
    """Where the data is: the type of the device and its number."""

    _fields_ = [("device_type", c_int32), ("device_id", c_int32)]


class DLDataType(Structure):
    """What an element is: its kind, the bits of a lane, the number of lanes."""

    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class DLTensor(Structure):
    """The tensor itself; strides count elements, and may be null for row-major order."""

    _fields_ = [
        ("data", c_void_p),
        ("device", DLDevice),
        ("ndim", c_int32),
        ("dtype", DLDataType),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class DLManagedTensor(Structure):
    """The legacy generation, in capsules named "dltensor"."""

    _fields_ = [("dl_tensor", DLTensor), ("manager_ctx", c_void_p), ("deleter", c_void_p)]


class DLPackVersion(Structure):
    """A consumer reads on only if it knows the major version."""

    _fields_ = [("major", c_uint32), ("minor", c_uint32)]


class DLManagedTensorVersioned(Structure):
    """The versioned generation, in capsules named "dltensor_versioned"."""

    _fields_ = [
        ("version", DLPackVersion),
        ("manager_ctx", c_void_p),
        ("deleter", c_void_p),
        ("flags", c_uint64),
        ("dl_tensor", DLTensor),
    ]


_KINDS = {"int": 0, "uint": 1, "float": 2, "complex": 5, "bool": 6}
_BFLOAT = 4
_DEVICE_TYPES = {"cpu": 1, "sim": 12}  # kDLCPU, kDLExtDev

DTYPE_CODES: dict[DType, tuple[int, int]] = {
    dtype: (_BFLOAT if dtype is bfloat16 else _KINDS[dtype.kind], 8 * dtype.itemsize)
    for dtype in DTYPES
}
"""The code and the bits of each dtype."""

DEVICE_CODES: dict[Device, tuple[int, int]] = {
    device: (_DEVICE_TYPES[device.kind], device.index) for device in DEVICES
}
"""The type and the number of each device; a simulated one is an extension device."""

_dtypes = {code: dtype for dtype, code in DTYPE_CODES.items()}
_devices = {code: device for device, code in DEVICE_CODES.items()}


def dtype_of(code: int, bits: int, lanes: int) -> DType:
    """The dtype of these fields. Raises BufferError if there is none."""
    found = _dtypes.get((code, bits))
    if found is None or lanes != 1:
        raise BufferError(f"there is no dtype here of code {code}, {bits} bits, {lanes} lanes")
    return found


def device_of(device_type: int, device_id: int) -> Device:
    """The device of these fields. Raises BufferError if there is none."""
    found = _devices.get((device_type, device_id))
    if device_type == _DEVICE_TYPES["cpu"]:
        found = CPU  # the host has no second one, whatever its number
    if found is None:
        raise BufferError(f"there is no device here of type {device_type}, number {device_id}")
    return found
