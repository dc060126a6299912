"""The tensors that the smoke test makes: every dtype, device and kind of shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from tensorpact.backends.faults import calling
from tensorpact.backends.protocol import Backend, Device
from tensorpact.cases import contents, dtypes
from tensorpact.probes.observe import Eyes

SHAPES = ((), (0,), (3,), (2, 3))


@dataclass(frozen=True, slots=True)
class Sample:
    """A tensor of counting numbers that the adapter is asked to make."""

    eyes: Eyes
    dtype: str
    device: Device
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} on {self.device.name}, shape {self.shape}"

    @property
    def backend(self) -> Backend:
        """The adapter under test."""
        return self.eyes.backend

    @property
    def ordinary(self) -> bool:
        """Whether no library has a reason to refuse anything: what others may is not known."""
        real = (self.device.defaults or self.backend.defaults).real
        host = self.device.name == self.backend.host.name
        return host and self.dtype == real and self.shape == SHAPES[-1]

    @property
    def array(self) -> np.ndarray[Any, Any]:
        """The numbers as the harness holds them, bfloat16 as its two bytes."""
        return np.frombuffer(self.data, dtypes.RAW[self.dtype]).reshape(self.shape)

    @property
    def data(self) -> bytes:
        """The numbers as bytes in C order."""
        return contents.pattern(self.dtype, prod(self.shape), 0)

    @property
    def other_data(self) -> bytes:
        """Numbers that differ from `data` at every element."""
        return contents.pattern(self.dtype, prod(self.shape), 1, self.data)

    def make(self) -> Any:
        """A new tensor of this sample. Raises AdapterFault where the adapter raises."""
        return self.call("make", self.data, self.dtype, self.shape, self.device.name)

    def call(self, function: str, *arguments: Any) -> Any:
        """The adapter's function of this name. Raises AdapterFault where it raises."""
        return self.use(function, getattr(self.backend, function), *arguments)

    def use(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """A function of the adapter under the name that a fault is to be told by."""
        with calling(self.backend.name, name, str(self)):
            return function(*arguments)

    def read(self, tensor: Any) -> bytes:
        """The elements by the adapter's `read`."""
        data: bytes = self.call("read", tensor)
        return data


def samples(backend: Backend) -> Iterator[Sample]:
    """Every sample of the backend; none when its adapter cannot make tensors."""
    if backend.make is None:
        return
    eyes = Eyes.of(backend, [])
    for dtype, device, shape in product(backend.dtypes, backend.devices, SHAPES):
        if device.dtypes is None or dtype in device.dtypes:
            yield Sample(eyes, dtype, device, shape)
