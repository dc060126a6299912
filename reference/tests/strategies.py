"""What the laws are tried on: arrays of every layout, nested data, a hand-made DLPack exporter."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, c_int64, c_void_p
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reftensor import capi, dlpack

# No clock: the first example pays for what is imported and compiled on the way, and a machine
# may be busy elsewhere.
settings.register_profile("reftensor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("reftensor")

Array = np.ndarray[Any, Any]

NUMPY_DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]

JUNK = st.none() | st.text() | st.binary() | st.sets(st.integers()) | st.just(object())
LEAVES = st.integers() | st.floats() | st.complex_numbers() | st.booleans() | JUNK


@st.composite
def layouts(draw: st.DrawFn, dtype: str | None = None) -> Array:
    """A view of a fresh array: stepped, reversed, transposed, broadcast, misaligned."""
    kind = np.dtype(dtype or draw(st.sampled_from(NUMPY_DTYPES)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    array = draw(hnp.arrays(kind, shape, elements=hnp.from_dtype(kind)))
    if draw(st.booleans()):
        raw = np.zeros(array.nbytes + 1, "u1")[1:]
        misaligned = raw.view(kind).reshape(shape)
        misaligned[...] = array
        array = misaligned
    for axis in range(array.ndim):
        step = draw(st.sampled_from([1, 2, -1, -2]))
        array = np.moveaxis(np.moveaxis(array, axis, 0)[::step], 0, axis)
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    if draw(st.booleans()):
        array = np.broadcast_to(array, (2, *array.shape))
        array.flags.writeable = False
    return array


def nested(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Regular nested lists of these elements, with levels of length zero."""
    shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3)
    return shapes.flatmap(lambda shape: _filled(elements, shape))


def _filled(elements: st.SearchStrategy[Any], shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    for length in reversed(shape):
        elements = st.lists(elements, min_size=length, max_size=length)
    return elements


class Exporter:
    """A DLPack exporter whose every field can be set, and that counts the deleter's calls."""

    def __init__(self, **fields: Any) -> None:
        self.memory = (ctypes.c_float * 8)(*range(8))
        self.deleted = 0
        self.calls: list[dict[str, Any]] = []
        self.capsule: object = None
        defaults: dict[str, Any] = {"versioned": True, "version": (1, 1), "flags": 0}
        defaults |= {"data": ctypes.addressof(self.memory), "device": (1, 0), "dtype": (2, 32, 1)}
        defaults |= {"shape": [8], "strides": None, "byte_offset": 0, "ndim": None, "error": None}
        assert fields.keys() <= defaults.keys()
        self.fields = defaults | fields
        # Never freed, nor is the exporter that it is bound to: tensors may outlive a test.
        self._deleter = capi.immortal(CFUNCTYPE(None, c_void_p)(self._delete))

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.fields["device"]  # type: ignore[no-any-return]

    def __dlpack__(self, **keywords: Any) -> object:
        self.calls.append(keywords)
        if self.fields["error"]:
            raise self.fields["error"]
        self.capsule = self.make()
        return self.capsule

    def make(self) -> object:
        """A capsule with the fields as they were given."""
        get = self.fields.__getitem__
        versioned = get("versioned")
        kind = dlpack.DLManagedTensorVersioned if versioned else dlpack.DLManagedTensor
        managed: Any = kind()
        if versioned:
            managed.version = dlpack.DLPackVersion(*get("version"))
            managed.flags = get("flags")
        managed.deleter = ctypes.cast(self._deleter, c_void_p).value
        tensor = managed.dl_tensor
        tensor.data, tensor.byte_offset = get("data"), get("byte_offset")
        tensor.device = dlpack.DLDevice(*get("device"))
        tensor.dtype = dlpack.DLDataType(*get("dtype"))
        tensor.ndim = len(get("shape")) if get("ndim") is None else get("ndim")
        if get("shape"):
            tensor.shape = (c_int64 * len(get("shape")))(*get("shape"))
        if get("strides") is not None:
            tensor.strides = (c_int64 * len(get("strides")))(*get("strides"))
        self._managed = managed
        name = dlpack.VERSIONED if versioned else dlpack.LEGACY
        return capi.new_capsule(ctypes.addressof(managed), name, None)

    def _delete(self, _: int) -> None:
        self.deleted += 1


class Legacy(Exporter):
    """An exporter from before the keywords."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(versioned=False, **fields)

    def __dlpack__(self, stream: None = None) -> object:  # type: ignore[override]
        return super().__dlpack__(stream=stream)
