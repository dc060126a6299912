"""A tensor is a strided view over a block of memory, on one device.

It owns no elements: views, exports and borrowed memory are all the same thing, a storage and
a layout over it. Whatever leaves a tensor through another library keeps its storage alive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, SupportsIndex

from reftensor import codec, devices, dtypes, exports
from reftensor.codec import Scalar
from reftensor.devices import CPU, Device
from reftensor.dtypes import DType
from reftensor.layout import Index, Layout
from reftensor.storage import Fence, Storage, allocate

if TYPE_CHECKING:
    import numpy as np

_PRINTED = 100

_CONVERTED = 1 << 10
"""So many elements are numbers of Python at a time, each of which is as large as many others."""


class Tensor:
    """Elements of one dtype in `shape`, `strides` bytes apart, on `device`.

    Made by the functions of the package, not by its constructor. `==` compares identity: two
    tensors are equal only if they are one. Not writable through Python if `readonly`.
    """

    __slots__ = ("__weakref__", "dtype", "layout", "offset", "readonly", "storage")

    def __init__(
        self,
        storage: Storage,
        dtype: DType,
        layout: Layout,
        offset: int = 0,
        readonly: bool = False,
    ) -> None:
        self.storage = storage
        self.dtype = dtype
        self.layout = layout
        self.offset = offset
        self.readonly = readonly

    # ---------------------------------------------------------------- what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each dimension."""
        return self.layout.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """The step of each dimension, in bytes."""
        return self.layout.strides

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.layout.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.layout.size

    @property
    def nbytes(self) -> int:
        """The bytes of the elements, were they packed."""
        return self.size * self.dtype.itemsize

    @property
    def device(self) -> Device:
        """The device that the memory is on."""
        return self.storage.device

    def data_ptr(self) -> int:
        """The address of the first element. On a device the host cannot read it."""
        return self.storage.address + self.offset

    # ---------------------------------------------------------------- views

    def _view(self, layout: Layout, shift: int = 0) -> Tensor:
        return Tensor(self.storage, self.dtype, layout, self.offset + shift, self.readonly)

    def __getitem__(self, index: Index) -> Tensor:
        """A view: integers, slices, Ellipsis, None. A full index gives a view of rank 0."""
        return self._view(*self.layout.select(index))

    def transpose(self, *axes: int) -> Tensor:
        """A view with the dimensions in this order, or reversed when none is given."""
        return self.permute(*axes) if axes else self.T

    def permute(self, *axes: int) -> Tensor:
        """A view with the dimensions in this order. ValueError unless each comes once."""
        return self._view(self.layout.permute(axes))

    @property
    def T(self) -> Tensor:
        """A view with the dimensions reversed."""
        return self._view(self.layout.permute(range(self.ndim)[::-1]))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of rank 0 has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))

    # ---------------------------------------------------------------- elements

    def packed(self, dtype: DType | None = None) -> bytes | bytearray:
        """The bytes of the elements in row-major order, converted by `rules.CONVERSION`."""
        out = bytearray(self.nbytes)
        self.storage.read(self.offset, self.layout, memoryview(out))
        if dtype is None or dtype is self.dtype:
            return out
        return codec.pack(codec.unpack(out, self.dtype), dtype, self.shape)

    def tolist(self) -> Any:
        """The elements as Python numbers, nested as the shape; a number for rank 0."""
        return _nest(iter(codec.unpack(self.packed(), self.dtype)), self.shape)

    def item(self) -> Scalar:
        """The only element as a Python number. ValueError if there is not exactly one."""
        if self.size != 1:
            raise ValueError(f"a tensor of {self.size} elements is not one number")
        return codec.unpack(self.packed(), self.dtype)[0]

    def __bool__(self) -> bool:
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())  # type: ignore[arg-type]  # complex raises as in Python

    def __float__(self) -> float:
        return float(self.item())  # type: ignore[arg-type]

    def __complex__(self) -> complex:
        return complex(self.item())

    def __setitem__(self, index: Index, value: object) -> None:
        """Write a number, or data that fills the shape. ValueError if the tensor is read-only."""
        from reftensor.ingest import asarray  # which makes tensors, so it imports this module

        target = self[index]
        if self.readonly:
            raise ValueError("the tensor is read-only: it shares memory that must not be written")
        source = asarray(value, dtype=self.dtype)
        source = source._view(source.layout.broadcast(target.shape))
        target.storage.write(target.offset, target.layout, memoryview(source.packed()))

    def __repr__(self) -> str:
        if 0 < self.size <= _PRINTED:
            elements = str(self.tolist())
        else:
            elements = f"{'...' if self.size else '[]'}, shape={self.shape}"
        return f"tensor({elements}, dtype={self.dtype}, device='{self.device}')"

    # ---------------------------------------------------------------- copies

    def duplicate(self, dtype: DType | None = None, device: Device | None = None) -> Tensor:
        """A new C-contiguous tensor: bit by bit, or converted by `rules.CONVERSION`."""
        dtype = dtype or self.dtype
        made = empty(self.shape, dtype, device or self.device)
        if dtype is self.dtype:
            made.storage.fill(0, made.layout, self.storage, self.offset, self.layout)
            return made
        first = 0
        for part, shift in self.layout.parts(_CONVERTED):
            numbers = codec.unpack(self._view(part, shift).packed(), self.dtype)
            packed = codec.pack(numbers, dtype, self.shape, first)
            target = Layout.row_major((part.size,), dtype.itemsize)
            made.storage.write(first * dtype.itemsize, target, memoryview(packed))
            first += part.size
        return made

    def copy(self) -> Tensor:
        """A new C-contiguous tensor of the same bits, writable."""
        return self.duplicate()

    def __deepcopy__(self, _: object) -> Tensor:
        return self.duplicate()

    def astype(self, dtype: DType | str) -> Tensor:
        """A new tensor of this dtype, also when it is of it already."""
        return self.duplicate(dtypes.dtype(dtype))

    def to(self, device: Device | str) -> Tensor:
        """The tensor on this device: itself if it is there, else a copy."""
        target = devices.device(device)
        return self if target == self.device else self.duplicate(device=target)

    # ---------------------------------------------------------------- NumPy

    def _require_array(self) -> str:
        """The typestr for NumPy. TypeError where it can have no view of the memory."""
        name = dtypes.typestr(self.dtype)
        if self.device != CPU:
            raise TypeError(f"NumPy cannot see the memory of {self.device}: use .to('cpu') first")
        if name is None:
            raise TypeError(f"NumPy has no {self.dtype}: use .astype('float32') first")
        return name

    @property
    def __array_interface__(self) -> dict[str, object]:
        """The memory as NumPy describes it. AttributeError off the host and for bfloat16."""
        try:
            name = self._require_array()
        except TypeError as error:
            raise AttributeError(str(error)) from None
        data = (self.data_ptr(), self.readonly)
        shape, strides = self.shape, self.strides
        return {"version": 3, "typestr": name, "data": data, "shape": shape, "strides": strides}

    def numpy(self) -> np.ndarray[Any, Any]:
        """An ndarray over the same memory, read-only if the tensor is. TypeError off the host."""
        import numpy as np

        self._require_array()
        return np.asarray(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """For `numpy.asarray` where it does not read the interface. Raises as `numpy()`."""
        import numpy as np

        return np.array(self.numpy(), dtype=dtype, copy=copy)

    # ---------------------------------------------------------------- DLPack

    def __dlpack__(
        self,
        *,
        stream: object = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[SupportsIndex, SupportsIndex] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule over the memory, versioned if `max_version` is 1.0 or more.

        BufferError for what a capsule cannot say: read-only memory in a legacy one, strides of
        a part of an element, another device with copy=False. Promise: array API standard
        2024.12, `__dlpack__`.
        """
        return exports.export(self, stream, max_version, dl_device, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The DLPack device type and number; a simulated device is an extension device."""
        return exports.dlpack_device(self.device)


def empty(shape: tuple[int, ...], dtype: DType, device: Device) -> Tensor:
    """A new C-contiguous tensor of zeros."""
    layout = Layout.row_major(shape, dtype.itemsize)
    return Tensor(allocate(device, layout.size * dtype.itemsize), dtype, layout)


def borrow(
    address: int,
    dtype: DType,
    layout: Layout,
    owner: object,
    readonly: bool,
    device: Device = CPU,
    fence: Fence | None = None,
) -> Tensor:
    """A tensor over memory that `owner` keeps valid; device memory comes with its fence.

    Raises BufferError where elements would lie outside of any memory.
    """
    low, high = layout.extent
    if low != high and not 0 < address + low < address + high < 1 << 64:
        raise BufferError(f"elements {low} to {high} bytes from {address:#x} are in no memory")
    storage = Storage(device, address + low, high - low, owner, fence)
    return Tensor(storage, dtype, layout, -low, readonly)


def _nest(values: Iterator[Scalar], shape: tuple[int, ...]) -> Any:
    if not shape:
        return next(values)
    return [_nest(values, shape[1:]) for _ in range(shape[0])]
