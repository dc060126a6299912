"""The adapter of the reference tensor, which keeps every promise but those about autograd."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import Any

import reftensor
from reftensor import devices, dtypes, rules
from reftensor.tensor import Tensor, empty
from tensorpact.backends.defaults import setting
from tensorpact.backends.memory import gather
from tensorpact.backends.protocol import ALL, KINDS, Backend, Device
from tensorpact.cases.model import GIVE

DTYPES = {each.name: each for each in dtypes.DTYPES}
ARRAY_LIKE = KINDS | {"array_interface", "array_protocol", "accelerated"}


def release() -> str:
    """The version of the distribution, which the reference shares with the harness."""
    try:
        return version("tensorpact")
    except PackageNotFoundError:
        return "unreleased"


def read(t: Tensor) -> bytes:
    """The elements in C order, through a device operation where there must be one."""
    return bytes(t.packed())


def write(t: Tensor, data: bytes) -> None:
    """Raises ValueError for a read-only tensor."""
    if t.readonly:
        raise ValueError("the tensor is read-only")
    t.storage.write(t.offset, t.layout, memoryview(data))


def make(data: bytes, dtype: str, shape: tuple[int, ...], device: str) -> Tensor:
    """A new tensor that owns its memory."""
    t = empty(shape, DTYPES[dtype], devices.device(device))
    write(t, data)
    return t


def by_index(t: Tensor) -> list[Any]:
    """Element by element."""
    return [t[index].item() for index in product(*map(range, t.shape))]


def by_address(t: Tensor) -> bytes:
    """Past the reference's own code, except for the copy from a simulated device."""
    near = t.to("cpu")
    return gather(near.data_ptr(), near.shape, near.strides, near.dtype.itemsize)


backend = Backend(
    name="reference",
    version=release(),
    operations={name: getattr(reftensor, name) for name in sorted(ALL)},
    promote=lambda a, b: DTYPES.get(rules.promote(a.name, b.name) or ""),
    spelled={
        **{name: f"reftensor.{name}" for name in ALL},
        "__array__": "{}.numpy()",
        "device of": "str({x}.device)",
        "default_device": "reftensor.default_device",
        "protect": "{0} = reftensor.Tensor("
        "{0}.storage, {0}.dtype, {0}.layout, {0}.offset, readonly=True)",
    },
    dtypes=DTYPES,
    authorities=dict.fromkeys(("std", "torch", "dlpack", "pep3118", "safety"), ALL | GIVE),
    read=read,
    write=write,
    make=make,
    tensor_type=Tensor,
    devices=(
        Device("cpu", ("cpu", "cpu:0", devices.device("cpu"))),
        Device("sim:0", ("sim:0", "sim", devices.device("sim:0")), host=False),
        Device("sim:1", ("sim:1", devices.device("sim:1")), host=False),
    ),
    accepts={
        "as_tensor": ARRAY_LIKE,
        "tensor": ARRAY_LIKE,
        "asarray": ARRAY_LIKE,
        "from_dlpack": ("own", "ndarray", "dlpack", "capsule", "accelerated"),
    },
    keywords={"tensor": ("dtype", "device"), "asarray": ("dtype", "device", "copy")},
    strides=lambda t: t.strides,
    address=Tensor.data_ptr,
    permute=lambda t, axes: t.permute(*axes),
    protect=lambda t: Tensor(t.storage, t.dtype, t.layout, t.offset, readonly=True),
    exports={"__dlpack__": Tensor.__dlpack__, "__array__": Tensor.numpy},
    paths={"tolist": Tensor.tolist, "index": by_index, "address": by_address},
    default_real=setting(reftensor.get_default_dtype, reftensor.set_default_dtype),
    default_device={
        "setting": setting(reftensor.get_default_device, reftensor.set_default_device),
        "context": reftensor.default_device,
    },
)
