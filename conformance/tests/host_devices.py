"""Ten devices with separate memory, all of it the host's, made out of the reference.

JAX has such devices (`xla_force_host_platform_device_count`): each exports itself as number 0
of the CPU, and nothing but the library's word tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import reftensor
from reftensor.tensor import Tensor
from tensorpact.backends.protocol import ALL, Backend, Device, derive
from tensorpact.backends.reference import backend as reference

NAMES = tuple(f"cpu:{number}" for number in range(10))
HOME = NAMES[0]
FREE = ("as_tensor", "tensor", "asarray")

_places: WeakKeyDictionary[Tensor, str] = WeakKeyDictionary()
_default = [HOME]

Move = Callable[[Tensor], Tensor]


def place(t: Tensor) -> str:
    """The device that a tensor was put on."""
    return _places.get(t, HOME)


def put(t: Tensor, device: str) -> Tensor:
    _places[t] = device
    return t


@contextmanager
def default_device(device: str) -> Iterator[None]:
    before, _default[0] = _default[0], device
    try:
        yield
    finally:
        _default[0] = before


def call(name: str, move: Move, data: Any, *positional: Any, **given: Any) -> Tensor:
    """The reference's operation, then a move where the tables put the result elsewhere."""
    wanted = given.pop("device", None)
    if wanted is not None and wanted not in NAMES:
        raise ValueError(f"no device {wanted!r}")
    source = place(data) if isinstance(data, Tensor) else HOME
    carried = source if isinstance(data, Tensor) or name not in FREE else None
    target = wanted or carried or _default[0]
    if target == source:
        made: Tensor = getattr(reftensor, name)(data, *positional, **given)
        return put(made, target)
    copy = given.pop("copy", None)
    if copy is False:
        raise ValueError(f"copy=False cannot move from {source} to {target}")
    made = getattr(reftensor, name)(data, *positional, **given)
    return put(reftensor.tensor(made) if copy else move(made), target)


def moving(move: Move, name: str) -> Backend:
    """The backend whose devices are reached in this way."""
    return derive(
        reference,
        name=name,
        operations={operation: partial(call, operation, move) for operation in ALL},
        devices=tuple(Device(device, (device,)) for device in NAMES),
        device=place,
        make=lambda data, dtype, shape, device: put(_made(data, dtype, shape), device),
        view=lambda t, index: put(t[index], place(t)),
        permute=lambda t, axes: put(t.permute(*axes), place(t)),
        default_device={"setting": default_device, "context": default_device},
    )


def _made(data: bytes, dtype: str, shape: tuple[int, ...]) -> Tensor:
    assert reference.make is not None
    made: Tensor = reference.make(data, dtype, shape, "cpu")
    return made


backend = moving(reftensor.tensor, "host-devices")
relabelling = moving(lambda t: t[...], "relabelling")
