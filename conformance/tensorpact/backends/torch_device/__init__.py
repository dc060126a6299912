"""A device of PyTorch that holds values on a machine without a GPU, written in Python.

It takes PyTorch's place for other backends, PrivateUse1, for the whole process and for good.
So nothing here happens on import: `claim` is called in the processes that the harness starts,
where it can do no harm to anybody's program, and by who wants to see a finding again.

The way in is private to PyTorch (torch.utils.backend_registration, torch._C._acc). Where it is
missing, or the device does not pass its own test, the device is not claimed, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from tensorpact.backends.faults import said
from tensorpact.backends.protocol import Backend, Device
from tensorpact.backends.torch_device.memory import COUNT, LOG, NAME, Allocation, Transfer

__all__ = ["COUNT", "LOG", "NAME", "Allocation", "Transfer", "claim", "register"]

_HERE = "from tensorpact.probes import prepare; prepare('torch')"


def claim(backend: Backend) -> Backend:
    """The backend with the simulated devices, or with a note why it is without them.

    Registers them for this process.
    """
    try:
        register()
        _tested(backend)
    except Exception as error:
        note = f"the simulated device {NAME} is not claimed: {said(error)}"
        return replace(backend, notes=(*backend.notes, note))
    devices = tuple(map(_device, range(COUNT)))
    prepared = {f"prepare:{device.name}": _HERE for device in devices}
    return replace(
        backend,
        devices=(*backend.devices, *devices),
        spelled={**backend.spelled, **prepared},
        grad={**backend.grad, "flows": _flowing(backend)} if backend.grad else backend.grad,
    )


@cache
def register() -> None:
    """Makes the devices sim:0 and sim:1 known to PyTorch in this process, once.

    Raises RuntimeError where PyTorch has an accelerator already, which may be somebody's own
    PrivateUse1, and ImportError or AttributeError where its private interface is another.
    """
    # Private, so they may be gone: then it is this device that is not there, and no more.
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    from tensorpact.backends.torch_device.operators import implement

    taken = torch._C._get_privateuse1_backend_name()
    if taken != "privateuseone":
        raise RuntimeError(f"PyTorch's place for other backends is taken by {taken!r}")
    # A second accelerator would change what a bare index means as a device.
    if torch.accelerator.is_available():
        raise RuntimeError(f"there is {torch.accelerator.current_accelerator()!r} already")
    _setup_privateuseone_for_python_backend(NAME, _Module())
    implement()


class _Module:
    """What PyTorch asks of `torch.sim`."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return COUNT

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        """There is no generator of random numbers to be seeded."""


def _device(index: int) -> Device:
    """Without an index the current device is meant, which is always the first.

    A bare number is a legacy spelling of which nobody promises that from_dlpack takes it.
    """
    name = f"{NAME}:{index}"
    bare = (NAME, torch.device(NAME)) if index == 0 else ()
    return Device(name, (name, torch.device(NAME, index), *bare), host=False)


def _flowing(backend: Backend) -> Any:
    """The adapter's `flows`, by the graph alone where the device has a part in it.

    PyTorch starts the threads for backward once, for the devices that it knows then: who has
    called backward before there was this device has none for it, nor has a child of theirs.
    """
    run = backend.grad["flows"]

    def flows(result: torch.Tensor, leaf: torch.Tensor) -> bool:
        if all(t.device.type != NAME for t in (result, leaf)):
            return bool(run(result, leaf))
        if leaf.grad_fn is not None:
            return leaf.grad_fn in _graph(result)
        return any(getattr(node, "variable", None) is leaf for node in _graph(result))

    return flows


def _graph(result: torch.Tensor) -> Iterator[Any]:
    waiting, seen = [result.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            waiting += [before for before, _ in node.next_functions]


def _tested(backend: Backend) -> None:
    """Round trips, views and transfers of every dtype. Raises AssertionError where one fails."""
    for native in backend.dtypes.values():
        values = torch.tensor([[0, 1, 1], [1, 0, 1]], dtype=native, device="cpu")
        first = values.to(f"{NAME}:0")
        second = first.to(f"{NAME}:1")
        _require(first.device.index == 0 and second.device.index == 1, "devices", native)
        _require(torch.equal(second.cpu(), values), "round trip", native)
        part = first.T[1:]
        _require(torch.equal(part.cpu(), values.T[1:]), "view", native)
        part.copy_(second.T[:2])
        values[:, 1:] = values[:, :2].clone()
        _require(torch.equal(first.cpu(), values), "write through a view", native)
        _require(first.expand(2, 2, 3)[1, 0].tolist() == values[0].tolist(), "read", native)


def _require(holds: bool, what: str, native: Any) -> None:
    if not holds:
        raise AssertionError(f"its {what} of {native} fails its test")
