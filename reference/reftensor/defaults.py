"""The default device and the default real dtype: a setting, and a context that overrides it.

A setting holds for all threads. A context holds for the thread or task that entered it, and
goes before the setting until it is left.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TypeVar

from reftensor import devices, dtypes
from reftensor.devices import CPU, Device
from reftensor.dtypes import DType
from reftensor.rules import COMPLEX_OF_REAL, Defaults

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Setting:
    device: Device
    real: DType


_lock = threading.Lock()
_setting = _Setting(CPU, dtypes.dtype(Defaults().real))
_device: ContextVar[Device | None] = ContextVar("default device", default=None)
_real: ContextVar[DType | None] = ContextVar("default real dtype", default=None)


def set_default_device(device: Device | str) -> None:
    """Host data goes to this device from now on. Raises ValueError if there is none such."""
    global _setting
    chosen = devices.device(device)
    with _lock:
        _setting = replace(_setting, device=chosen)


def get_default_device() -> Device:
    """The device that host data goes to."""
    return _device.get() or _setting.device


def default_device(device: Device | str) -> AbstractContextManager[None]:
    """Inside the context host data goes to this device. Raises ValueError if there is none."""
    return _within(_device, devices.device(device))


def set_default_dtype(dtype: DType | str) -> None:
    """Python floats become this dtype from now on, complex numbers the one that goes with it.

    Raises TypeError for anything but a real floating dtype.
    """
    global _setting
    chosen = _real_dtype(dtype)
    with _lock:
        _setting = replace(_setting, real=chosen)


def get_default_dtype() -> DType:
    """The dtype that Python floats become."""
    return _real.get() or _setting.real


def default_dtype(dtype: DType | str) -> AbstractContextManager[None]:
    """Inside the context Python floats become this dtype. Raises as set_default_dtype."""
    return _within(_real, _real_dtype(dtype))


def defaults() -> Defaults:
    """The defaults now in force, for `rules.infer`."""
    return Defaults().with_real(get_default_dtype().name)


def _real_dtype(dtype: DType | str) -> DType:
    chosen = dtypes.dtype(dtype)
    if chosen.name not in COMPLEX_OF_REAL:
        raise TypeError(f"the default must be a real floating dtype, not {chosen}")
    return chosen


@contextmanager
def _within(variable: ContextVar[T | None], value: T) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
