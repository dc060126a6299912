"""The operators of the simulated devices.

Views are PyTorch's own, for they touch no memory. The few that allocate or copy are written
here, and all others fall back to the host, as they do on devices that have few kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tensorpact.backends.torch_device.memory import (
    LOG,
    NAME,
    Transfer,
    allocate,
    fetch,
    store,
    transferred,
)

_VIEWS = ("as_strided", "view", "view_as_real", "view_as_complex", "unfold", "_reshape_alias")
_HOST = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
_libraries: list[torch.library.Library] = []
"""Kernels last as long as the library that registered them."""


def implement() -> None:
    """Registers all operators of PrivateUse1."""
    for name in _VIEWS:
        _library("aten").impl(name, _on_metadata(getattr(torch.ops.aten, name).default), _KEY)
    for name, kernel in _KERNELS.items():
        _library("aten").impl(name, kernel, _KEY)
    for key in ("Conjugate", "Negative"):
        # Copying carries out a pending transform itself: to do so first would be a copy too.
        _library("aten").impl("_copy_from", torch.library.fallthrough_kernel, key)
    _library("_").fallback(_on_host, _KEY)


_KEY = "PrivateUse1"


def _library(namespace: str) -> torch.library.Library:
    _libraries.append(torch.library.Library(namespace, "IMPL"))
    return _libraries[-1]


def _on_metadata(view: Any) -> Callable[..., torch.Tensor]:
    """PyTorch's own kernel, which it has registered for the host, though any device would do."""
    return lambda *arguments, **keywords: view.redispatch(_HOST, *arguments, **keywords)


# --------------------------------------------------------------------------- memory


def _empty(
    size: list[int],
    *,
    dtype: torch.dtype | None = None,
    layout: torch.layout | None = None,
    device: torch.device | None = None,
    pin_memory: bool | None = None,
    memory_format: torch.memory_format | None = None,
) -> torch.Tensor:
    _only_strided(layout, pin_memory)
    form = _contiguous(memory_format)
    return allocate(torch.empty(size, dtype=dtype, device="meta", memory_format=form), device)


def _empty_strided(
    size: list[int],
    stride: list[int],
    *,
    dtype: torch.dtype | None = None,
    layout: torch.layout | None = None,
    device: torch.device | None = None,
    pin_memory: bool | None = None,
) -> torch.Tensor:
    _only_strided(layout, pin_memory)
    return allocate(torch.empty_strided(size, stride, dtype=dtype, device="meta"), device)


def _contiguous(form: torch.memory_format | None) -> torch.memory_format:
    return torch.contiguous_format if form in (None, torch.preserve_format) else form


def _only_strided(layout: torch.layout | None, pin_memory: bool | None) -> None:
    if layout not in (None, torch.strided) or pin_memory:
        raise NotImplementedError(f"{NAME} has neither sparse nor pinned tensors")


def _resize(
    t: torch.Tensor, size: list[int], *, memory_format: torch.memory_format | None = None
) -> torch.Tensor:
    """Makes room in what has none, as results of operators start, or describes less of it.

    Raises NotImplementedError for more: other tensors over that memory would not follow.
    """
    storage, start = t.untyped_storage(), t.storage_offset()
    new = torch.empty(size, dtype=t.dtype, device="meta", memory_format=_contiguous(memory_format))
    if start * t.itemsize + new.nbytes > storage.nbytes():
        if storage.nbytes():
            raise NotImplementedError(f"memory of {NAME} that is in use cannot grow")
        storage, start = allocate(new, t.device).untyped_storage(), 0
    set_storage = torch.ops.aten.set_.source_Storage_storage_offset
    set_storage.redispatch(_HOST, t, storage, start, new.shape, new.stride())
    return t


def _copy(source: torch.Tensor, target: torch.Tensor, _: bool = False) -> torch.Tensor:
    transferred(source, target)
    values = fetch(source) if source.device.type == NAME else source
    if target.device.type == NAME:
        store(target, values)
    else:
        target.copy_(values)
    return target


def _copy_and_resize(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return _copy(source, target.resize_(source.shape))


def _item(t: torch.Tensor) -> Any:
    LOG.append(Transfer(str(t.device), "cpu", t.itemsize))
    return fetch(t).item()


_KERNELS: dict[str, Callable[..., Any]] = {
    "empty.memory_format": _empty,
    "empty_strided": _empty_strided,
    "resize_": _resize,
    "_copy_from": _copy,
    "_copy_from_and_resize": _copy_and_resize,
    "_local_scalar_dense": _item,
}


# --------------------------------------------------------------------------- all the rest


def _on_host(operator: Any, *arguments: Any, **keywords: Any) -> Any:
    """Computes on the host, and brings back what was written and what comes out.

    Raises NotImplementedError for a view: its copy would not be one.
    """
    schema = operator._schema
    if any(r.alias_info is not None and not r.alias_info.is_write for r in schema.returns):
        raise NotImplementedError(f"{NAME} has no kernel for the view {operator}")
    lowered = _Lowered()
    names = dict(zip((a.name for a in schema.arguments), arguments, strict=False))
    given = {name: lowered.down(value) for name, value in {**names, **keywords}.items()}
    positional = [given.pop(name) for name in names]
    result = operator(*positional, **given)
    for argument in schema.arguments:
        if argument.alias_info is not None and argument.alias_info.is_write:
            lowered.written({**names, **keywords}.get(argument.name))
    return lowered.up(result)


class _Lowered:
    """The tensors of one call, and their copies on the host."""

    def __init__(self) -> None:
        self.device: torch.device | None = None
        self.pairs: list[tuple[torch.Tensor, torch.Tensor]] = []

    def down(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)([self.down(item) for item in value])
        if isinstance(value, torch.device) and value.type == NAME:
            self.device = value
            return torch.device("cpu")
        if not isinstance(value, torch.Tensor) or value.device.type != NAME:
            return value
        self.device = self.device or value.device
        self.pairs.append((value, fetch(value)))
        return self.pairs[-1][1]

    def written(self, value: Any) -> None:
        for item in value if isinstance(value, list | tuple) else [value]:
            for mine, host in self.pairs:
                if mine is item:
                    store(_resize(mine, list(host.shape)), host)

    def up(self, result: Any) -> Any:
        if isinstance(result, list | tuple):
            return type(result)([self.up(item) for item in result])
        if not isinstance(result, torch.Tensor):
            return result
        for mine, host in self.pairs:
            if host is result:
                return mine
        made = torch.empty_like(result, device=self.device)
        store(made, result)
        return made
