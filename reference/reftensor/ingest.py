"""The six ways in: as_tensor, tensor, asarray, from_numpy, frombuffer, from_dlpack.

Each says what it was given; `rules` says what comes of it.
"""

from __future__ import annotations

import operator
import sys
from typing import Any

from reftensor import devices, dtypes, imports, rules
from reftensor.capi import Capsule, address_of
from reftensor.defaults import defaults, get_default_device
from reftensor.devices import CPU, Device
from reftensor.dtypes import DType
from reftensor.errors import refusal
from reftensor.layout import Layout
from reftensor.nesting import Values, read
from reftensor.rules import Data, Memory, Need, Operation, Refusal
from reftensor.sources import Lent, lend
from reftensor.tensor import Tensor, borrow


def as_tensor(
    data: Any, dtype: DType | str | None = None, device: Device | str | None = None
) -> Tensor:
    """The data as a tensor, over the data's own memory wherever that is possible.

    Raises TypeError for what is neither a number, a sequence nor an array, ValueError for
    irregular nesting, OverflowError for numbers that the dtype cannot hold.
    Promise: torch.as_tensor.
    """
    return _ingest(Operation.AS_TENSOR, data, dtype, device)


def tensor(
    data: Any, *, dtype: DType | str | None = None, device: Device | str | None = None
) -> Tensor:
    """A new tensor of the data, always a copy. Raises as as_tensor. Promise: torch.tensor."""
    return _ingest(Operation.TENSOR, data, dtype, device)


def asarray(
    obj: Any,
    *,
    dtype: DType | str | None = None,
    device: Device | str | None = None,
    copy: bool | None = None,
) -> Tensor:
    """The data as a tensor: a copy, no copy, or (None) a copy only if there must be one.

    Raises ValueError where copy=False needs a copy, otherwise as as_tensor.
    Promise: array API standard 2024.12, asarray; torch.asarray.
    """
    return _ingest(Operation.ASARRAY, obj, dtype, device, None if copy is None else bool(copy))


def from_numpy(array: Any) -> Tensor:
    """A tensor over the memory of an ndarray, on the host whatever the default device is.

    Raises TypeError for anything else, BufferError for foreign byte order.
    Promise: torch.from_numpy.
    """
    numpy: Any = sys.modules.get("numpy")
    source: Lent | Values = Values((), [])
    if isinstance(array, Tensor) or (numpy and isinstance(array, numpy.ndarray)):
        source = lend(array) or source
    return _settle(Operation.FROM_NUMPY, None, array, source, None, None)


def frombuffer(buffer: Any, *, dtype: DType | str, count: int = -1, offset: int = 0) -> Tensor:
    """A tensor of rank 1 over the bytes of a buffer, on the host whatever the default is.

    `offset` counts bytes, `count` elements; a negative count takes all that follow. Read-only
    if the buffer is. Raises ValueError for what lies outside of the buffer, BufferError for
    elements that are not in C order, TypeError for what is no buffer. Promise: torch.frombuffer.
    """
    wanted = dtypes.dtype(dtype)
    if isinstance(buffer, Tensor):
        return _settle(Operation.FROMBUFFER, None, buffer, Lent(buffer, Data.OWN), None, None)
    view = memoryview(buffer)
    if not view.c_contiguous:
        raise refusal(Refusal.NOT_EXPORTABLE, "the bytes of the buffer are not in C order")
    count, offset = _bounds(view.nbytes, wanted, operator.index(count), operator.index(offset))
    layout = Layout.row_major((count,), wanted.itemsize)
    lent = Lent(borrow(address_of(view) + offset, wanted, layout, view, view.readonly))
    return _settle(Operation.FROMBUFFER, None, buffer, lent, None, None)


def from_dlpack(x: Any, *, device: Device | str | None = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory that x exports, or a copy where copy or device asks for one.

    Raises TypeError for what has no `__dlpack__`, BufferError for what cannot be described
    here or needs a copy under copy=False, and whatever x raises.
    Promise: array API standard 2024.12, from_dlpack; DLPack 1.1.
    """
    explicit = None if device is None else devices.device(device)
    if not isinstance(x, Capsule) and (isinstance(x, type) or not hasattr(x, "__dlpack__")):
        raise refusal(Refusal.WRONG_TYPE, f"{type(x).__name__} has no __dlpack__")
    copy = None if copy is None else bool(copy)
    made, copied = imports.take(x, copy)
    if copied and copy is False:
        raise refusal(Refusal.NOT_EXPORTABLE, "the exporter made a copy under copy=False")
    if copied and copy and explicit in (None, made.device) and not made.readonly:
        return made
    lent = Lent(made, Data.OWN if isinstance(x, Tensor) else Data.EXPORTER)
    return _settle(Operation.FROM_DLPACK, copy, x, lent, None, explicit)


def _bounds(nbytes: int, dtype: DType, count: int, offset: int) -> tuple[int, int]:
    if not 0 <= offset <= nbytes:
        raise refusal(Refusal.BUFFER_BOUNDS, f"offset {offset} is outside of {nbytes} bytes")
    room, rest = divmod(nbytes - offset, dtype.itemsize)
    if count < 0 and rest:
        message = f"{nbytes - offset} bytes are no whole number of {dtype} elements"
        raise refusal(Refusal.BUFFER_BOUNDS, message)
    if count > room:
        raise refusal(Refusal.BUFFER_BOUNDS, f"count {count} is outside of {room} elements")
    return room if count < 0 else count, offset


def _ingest(
    operation: Operation,
    data: Any,
    dtype: DType | str | None,
    device: Device | str | None,
    copy: bool | None = None,
) -> Tensor:
    wanted = None if dtype is None else dtypes.dtype(dtype)
    explicit = None if device is None else devices.device(device)
    source = lend(data, copy) or read(data)
    return _settle(operation, copy, data, source, wanted, explicit)


def _settle(
    operation: Operation,
    copy: bool | None,
    data: Any,
    source: Lent | Values,
    wanted: DType | None,
    explicit: Device | None,
) -> Tensor:
    """Do what the tables say."""
    default = get_default_device()
    target = rules.place(
        operation, explicit=explicit, carried=source.device, default=default, host=CPU
    )
    needs = _needs(source, wanted, target)
    outcome = rules.memory(operation, copy, source.data, needs)
    if outcome is Memory.REFUSE:
        raise _refused(operation, copy, data, needs)
    if isinstance(source, Values):
        return source.duplicate(wanted or source.dtype(defaults()), target)
    if outcome is Memory.COPY:
        return source.duplicate(wanted or source.dtype, target)
    return source.tensor  # an own tensor is its own source


def _needs(source: Lent | Values, wanted: DType | None, target: Device) -> list[Need]:
    if isinstance(source, Values):
        return []
    needs = {
        Need.LAYOUT: source.swapped,
        Need.DTYPE: wanted not in (None, source.dtype),
        Need.DEVICE: target != source.tensor.device,
    }
    return [need for need, holds in needs.items() if holds]


def _refused(operation: Operation, copy: bool | None, data: Any, needs: list[Need]) -> Exception:
    what = type(data).__name__
    if copy is False and operation is Operation.ASARRAY:
        why = " and ".join(needs) or "it has no memory to share"
        return refusal(Refusal.NEEDS_COPY, f"copy=False, but {what} would need a copy: {why}")
    if needs:
        why = " and ".join(needs)
        return refusal(Refusal.NOT_EXPORTABLE, f"{operation} cannot share {what}: {why}")
    return refusal(Refusal.WRONG_TYPE, f"{operation} does not take {what}")
