"""Exporters: objects that lend an array's memory through one protocol, and no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from reftensor.dlpack import IS_COPIED, READ_ONLY, VERSION
from tensorpact.capsules import Description, Loan, fields, forge
from tensorpact.capsules.fields import DTYPES
from tensorpact.capsules.handshake import DEVICE, Ask, recorded
from tensorpact.cases.twists import RaisesBufferError, Twist


class SubArray(np.ndarray):
    """A subclass of ndarray that changes nothing."""


class Interface:
    """Lends through `__array_interface__` alone, which is the same dict every time."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.__array_interface__: dict[str, Any] = array.__array_interface__


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
        self.asked: list[Ask] = []

    @recorded
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

    @recorded
    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class OldDLPack:
    """Lends through DLPack as it was before 1.0: legacy capsules, and `stream` alone."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.asked: list[Ask] = []

    @recorded
    def __dlpack__(self, *, stream: Any = None) -> Any:
        return self._array.__dlpack__(stream=stream)

    @recorded
    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class DLPackIgnoringCopy(DLPack):
    """Takes the keyword `copy` and shares all the same, not setting the copied flag."""

    @recorded
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        del copy
        return self._array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device)


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


class OneCapsule:
    """Hands out one and the same capsule whenever it is asked."""

    def __init__(self, capsule: Any, device: tuple[int, int]) -> None:
        self.capsule, self._device = capsule, device

    @classmethod
    def of(cls, exporter: Any) -> OneCapsule:
        """The one that the exporter gives now."""
        return cls(exporter.__dlpack__(max_version=VERSION), exporter.__dlpack_device__())

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device


# --------------------------------------------------------------------------- made by hand

_CPU = (1, 0)


def described(array: np.ndarray, dtype: str) -> Description:
    """The true description of an array whose elements are of this dtype, by standard name."""
    size = array.itemsize
    return Description(
        data=array.__array_interface__["data"][0],
        shape=array.shape,
        strides=tuple(step // size for step in array.strides),
        dtype=DTYPES[dtype],
    )


class Lender:
    """Makes the capsules of an array with a twist, and keeps account of them.

    It holds every capsule that it has made, so that none dies while the consumer is at work:
    see `capsules.forge`. `loans` tell what became of each.
    """

    def __init__(self, array: np.ndarray, dtype: str, twist: Twist) -> None:
        self._array, self._dtype, self._twist = array, dtype, twist
        self.copies: list[int] = []
        self.asked: list[Ask] = []
        self.capsules: list[Any] = []
        self.loans: list[Loan] = []

    def lend(self, version: tuple[int, int] | None, copy: bool | None = None) -> Any:
        """A capsule of this version, the legacy generation without one."""
        twist, array = self._twist, self._array
        if twist.copies and copy is False:
            raise RaisesBufferError("this exporter always copies")
        copied = bool(copy) or twist.copies
        if copied:
            array = array.copy()
            self.copies.append(array.__array_interface__["data"][0])
        if not twist.capsule:
            return 42
        return self._forged(array, None if twist.legacy else version, copied)

    def _forged(self, array: np.ndarray, version: tuple[int, int] | None, copied: bool) -> Any:
        readonly = READ_ONLY if not array.flags.writeable else 0
        if version is None and readonly:
            raise BufferError("a legacy capsule cannot say that memory is read-only")
        plain = described(array, self._dtype)
        if version is None:
            wanted = self._twist.change(plain).legacy
        else:
            flags = readonly | (IS_COPIED if copied and self._twist.flagged else 0)
            wanted = self._twist.change(replace(plain, version=version, flags=flags))
        capsule, loan = forge(wanted, array)
        self.capsules.append(capsule)
        self.loans.append(loan)
        return capsule

    def trouble(self, method: str) -> None:
        """Raises what the twist says that this method raises."""
        if self._twist.raises is not None and self._twist.raises[0] == method:
            raise self._twist.raises[1](f"{method} cannot")

    @property
    def place(self) -> tuple[int, int]:
        """What `__dlpack_device__` says."""
        return self._twist.device or _CPU


class HalfByHand(Lender):
    """Lends through `__dlpack__`, and has no `__dlpack_device__`."""

    @recorded
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        self.trouble("__dlpack__")
        if stream is not None:
            raise ValueError("the CPU has no streams")
        if dl_device is not None and tuple(dl_device) != self.place:
            raise BufferError("the memory is nowhere else")
        return self.lend(_spoken(max_version), copy)


class ByHand(HalfByHand):
    """Lends through DLPack 1.x, every field of the capsule being what the twist makes of it."""

    @recorded
    def __dlpack_device__(self) -> tuple[int, int]:
        self.trouble("__dlpack_device__")
        return self.place


class OldByHand(Lender):
    """The same, as it was before 1.0: legacy capsules, and `stream` alone."""

    @recorded
    def __dlpack__(self, *, stream: Any = None) -> Any:
        self.trouble("__dlpack__")
        if stream is not None:
            raise ValueError("the CPU has no streams")
        return self.lend(None)

    @recorded
    def __dlpack_device__(self) -> tuple[int, int]:
        self.trouble("__dlpack_device__")
        return self.place


class ByHandIgnoringCopy(ByHand):
    """The same, but it takes the keyword `copy` and shares all the same."""

    def lend(self, version: tuple[int, int] | None, copy: bool | None = None) -> Any:
        del copy
        return super().lend(version)


class Bare(Lender):
    """A capsule on its own: `capsule` is the one that was made."""

    def __init__(self, array: np.ndarray, dtype: str, twist: Twist) -> None:
        super().__init__(array, dtype, twist)
        self.capsule = self.lend(VERSION)


def by_hand(exporter: str, twist: Twist) -> type[Lender]:
    """The class that plays this kind of exporter by hand."""
    if exporter == "dlpack" and DEVICE not in twist.methods:
        return HalfByHand
    return _BY_HAND[exporter]


_BY_HAND: Mapping[str, type[Lender]] = {
    "dlpack": ByHand,
    "dlpack_old": OldByHand,
    "dlpack_ignores_copy": ByHandIgnoringCopy,
    "capsule": Bare,
}


def _spoken(max_version: tuple[int, int] | None) -> tuple[int, int] | None:
    """The version to answer with: ours or, where it is older, the consumer's."""
    if max_version is None or max_version[0] < 1:
        return None
    return min(VERSION, (max_version[0], max_version[1]))
