"""The adapter of PyTorch.

PyTorch's documentation of these functions names neither the array API standard nor a
version of it, so the standard is not claimed: torch is held to its own documentation
(https://docs.pytorch.org/docs/stable/torch.html), to DLPack and to the buffer protocol.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from inspect import signature
from itertools import product
from typing import Any

import torch

from tensorpact.backends import torch_device
from tensorpact.backends.defaults import setting
from tensorpact.backends.protocol import ALL, KEYWORDS, Backend, Device
from tensorpact.cases.model import GIVE

# The first gradient imports this module, in every process that asks for one: here it is
# imported once for all the processes that are forked. It is private, so it may be gone.
with suppress(ImportError):
    import_module("torch.fx.experimental.symbolic_shapes")

# The unsigned dtypes beyond uint8 came with torch 2.3.
DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    )
    if hasattr(torch, name)
}


def read(t: torch.Tensor) -> bytes:
    """The logical values: a pending conjugation or negation is carried out on a copy."""
    plain = t.detach().cpu().resolve_conj().resolve_neg().contiguous()
    return ctypes.string_at(plain.data_ptr(), plain.nbytes)


def write(t: torch.Tensor, data: bytes) -> None:
    """Sets the logical values, past autograd, as `Tensor.copy_` does."""
    source, target = _fresh(data, t.dtype, t.shape), t.detach()
    if 0 not in t.stride():
        target.copy_(source)
        return
    # Tensor.copy_ refuses a target whose elements overlap; one element never does.
    for index in product(*map(range, t.shape)):
        target[index].copy_(source[index])


def make(data: bytes, dtype: str, shape: tuple[int, ...], device: str) -> torch.Tensor:
    """A new tensor; on the meta device the values are lost."""
    return _fresh(data, DTYPES[dtype], shape).to(device)


def _fresh(data: bytes, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    t = torch.empty(shape, dtype=dtype, device="cpu")
    ctypes.memmove(t.data_ptr(), data, len(data))
    return t


def strides(t: torch.Tensor) -> tuple[int, ...]:
    """In bytes; torch counts in elements."""
    size = t.itemsize
    return tuple([stride * size for stride in t.stride()])


def by_index(t: torch.Tensor) -> list[Any]:
    """Element by element."""
    return [t[index].item() for index in product(*map(range, t.shape))]


def by_numpy(t: torch.Tensor) -> bytes:
    """The bytes of the exported array; NumPy has no bfloat16, which goes out as int16."""
    plain = t.detach().cpu().resolve_conj().resolve_neg()
    array = (plain.view(torch.int16) if t.dtype is torch.bfloat16 else plain).numpy()
    return bytes(array.tobytes())


def default_device_set() -> torch.device | None:
    """None for the host, which torch starts with: then no default is set at all."""
    device = torch.empty(0).device
    return None if device.type == "cpu" else device


def flows(result: torch.Tensor, leaf: torch.Tensor) -> bool:
    """Whether a gradient of `result` reaches `leaf`."""
    if not (result.requires_grad and leaf.requires_grad):
        return False
    seed = torch.ones_like(result)
    (gradient,) = torch.autograd.grad(result, leaf, seed, retain_graph=True, allow_unused=True)
    return gradient is not None


@contextmanager
def every_warning() -> Iterator[None]:
    """Some warnings of torch come once a process unless torch.set_warn_always says otherwise."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        yield
    finally:
        torch.set_warn_always(before)


def devices() -> tuple[Device, ...]:
    """The host, the CUDA devices of this machine, and the device that holds no data.

    Counting does not start CUDA: once it is started, no fork of the process can use it.
    """
    cpu = Device("cpu", ("cpu", "cpu:0", torch.device("cpu"), torch.device("cpu", 0)))
    meta = Device("meta", ("meta", torch.device("meta")), host=False, data=False)
    return (cpu, *map(cuda, range(torch.cuda.device_count())), meta)


def cuda(index: int) -> Device:
    """Without an index the current device is meant: the first, which nobody here changes.

    The streams are the legacy default one, that of the thread, none to wait for, and a new one.
    A bare number is a legacy spelling of which nobody promises that from_dlpack takes it.
    """
    name = f"cuda:{index}"
    bare = ("cuda", torch.device("cuda")) if index == 0 else ()
    return Device(
        name,
        (name, torch.device("cuda", index), *bare),
        host=False,
        streams=(1, 2, -1, partial(new_stream, index)),
    )


_STREAMS: list[torch.cuda.Stream] = []


def new_stream(index: int) -> int:
    """The number of a stream of its own, which is kept: whoever is told has only the number."""
    _STREAMS.append(torch.cuda.Stream(index))
    number: int = _STREAMS[-1].cuda_stream
    return number


ARRAY_LIKE = ("scalar", "sequence", "array_scalar", "own", "ndarray")
# torch.as_tensor is documented for CuPy arrays, which need CUDA on both sides.
FOREIGN = ("accelerated",) if torch.cuda.device_count() else ()

backend = Backend(
    name="torch",
    version=torch.__version__,
    operations={name: getattr(torch, name) for name in sorted(ALL)},
    promote=torch.promote_types,
    every_warning=every_warning,
    exports={"__dlpack__": torch.Tensor.__dlpack__, "__array__": torch.Tensor.numpy},
    spelled={
        **{name: f"torch.{name}" for name in ALL},
        "__array__": "{}.numpy()",
        "negative": "torch._neg_view({x})",
        "resize": "{x}.resize_(...)",
        "device of": "str({x}.device)",
        "strides of": "tuple(n * {x}.itemsize for n in {x}.stride())",
    },
    dtypes=DTYPES,
    authorities={
        "torch": ALL | GIVE,
        "dlpack": ("from_dlpack", "__dlpack__"),
        "pep3118": ("asarray", "frombuffer"),
        "safety": ALL | GIVE,
    },
    read=read,
    write=write,
    make=make,
    tensor_type=torch.Tensor,
    devices=devices(),
    accepts={
        "as_tensor": (*ARRAY_LIKE, *FOREIGN),
        "tensor": ARRAY_LIKE,
        "asarray": (*ARRAY_LIKE, "buffer", "capsule"),
        "from_dlpack": ("own", "ndarray", "dlpack", "capsule", *FOREIGN),
    },
    limits=frozenset({"negative", "unaligned_stride"}),
    keywords={
        "frombuffer": KEYWORDS["frombuffer"] | {"requires_grad"},
        # device and copy are younger than the oldest torch that is supported.
        "from_dlpack": KEYWORDS["from_dlpack"] & signature(torch.from_dlpack).parameters.keys(),
    },
    raw_buffers=True,
    strides=strides,
    address=torch.Tensor.data_ptr,
    permute=torch.permute,
    expand=torch.Tensor.expand,
    resize=torch.Tensor.resize_,
    paths={"tolist": torch.Tensor.tolist, "index": by_index, "numpy": by_numpy},
    default_real=setting(torch.get_default_dtype, torch.set_default_dtype),
    default_device={
        "setting": setting(default_device_set, torch.set_default_device),
        "context": torch.device,
    },
    grad={
        "require": torch.Tensor.requires_grad_,
        "history": lambda t: t.view_as(t),
        "requires": lambda t: t.requires_grad,
        "has_history": lambda t: t.grad_fn is not None,
        "flows": flows,
    },
    lazy={"conjugate": torch.conj, "negative": torch._neg_view},
    in_worker=torch_device.claim,
)
