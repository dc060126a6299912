"""Exporters: objects that lend an array's memory through one protocol, and no other."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorpact.capsules import fields


class SubArray(np.ndarray):
    """A subclass of ndarray that changes nothing."""


class Interface:
    """Lends through `__array_interface__` alone."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return dict(self._array.__array_interface__)


class ArrayProtocol:
    """Lends through `__array__` with the signature of NumPy 2; notes the copies it makes."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.copies: list[int] = []

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        given = np.array(self._array, dtype=dtype, copy=copy)
        if copy:
            self.copies.append(given.__array_interface__["data"][0])
        return given


class OldArrayProtocol:
    """Lends through `__array__` as it was before NumPy 2: it knows no `copy`."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __array__(self, dtype: Any = None) -> np.ndarray:
        return self._array if dtype is None else self._array.astype(dtype, copy=False)


class DLPack:
    """Lends through DLPack 1.x with every keyword of the array API standard 2024.12.

    It notes the addresses of the copies that it makes.
    """

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.copies: list[int] = []

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        capsule = self._array.__dlpack__(
            stream=stream, max_version=max_version, dl_device=dl_device, copy=copy
        )
        given = fields(capsule)
        if copy and given is not None:
            self.copies.append(given.address)
        return capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class OldDLPack:
    """Lends through DLPack as it was before 1.0: legacy capsules, and `stream` alone."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, *, stream: Any = None) -> Any:
        return self._array.__dlpack__(stream=stream)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class DLPackIgnoringCopy(DLPack):
    """Takes the keyword `copy` and shares all the same, not setting the copied flag."""

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        del copy
        return super().__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device)


class Accelerated:
    """An array of another library on an accelerator.

    It speaks DLPack, and the CUDA array interface where its memory is CUDA's; its memory is
    that of a tensor which nobody else sees.
    """

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._tensor.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._tensor.__dlpack_device__()

    @property
    def __cuda_array_interface__(self) -> Any:
        return self._tensor.__cuda_array_interface__
