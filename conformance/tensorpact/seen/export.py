"""What a tensor gave out: through DLPack, as an ndarray, as a buffer."""

from __future__ import annotations

from dataclasses import dataclass, field

from tensorpact.capsules import Fields
from tensorpact.seen.raised import Raised
from tensorpact.seen.writes import Writes


@dataclass(frozen=True, slots=True)
class Giver:
    """The tensor before it gave anything out, as the adapter describes it.

    `strides` are in bytes; they, `address` and `elements` (bytes in C order) are None where
    they cannot be known. `dlpack_device` is what `__dlpack_device__` says, None where it raised.
    """

    shape: tuple[int, ...] = ()
    dtype: str | None = None
    device: str | None = None
    strides: tuple[int, ...] | None = None
    address: int | None = None
    elements: bytes | None = None
    dlpack_device: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a consumer, or whoever was given an array or a buffer, found and did.

    `dtype` is a standard name, or the library's own text for what has none; `strides` are in
    bytes. `writes` says how it and the tensor see each other's writes (the tensor is the
    source); `writable` is None when no write was tried. `raised`: it was refused.
    """

    by: str
    raised: Raised | None = None
    dtype: str = ""
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    address: int | None = None
    elements: bytes | None = None
    writes: Writes = field(default_factory=Writes)
    writable: bool | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What one export did: raised, or what was found in it and in the tensor afterwards.

    `unknown_keyword`: it raised as the tensor's method does not know a keyword of today.
    `fields` are those of the capsule, None for what is no capsule of DLPack; `type_name` is the
    class of what was returned. `elements` are read straight from the memory that the capsule
    describes, None where the host cannot or need not read it; `unreadable`: the host should be
    able to and is not. `again` are the fields of a second export made while the first was
    there, `refused_again` what it raised. `taken` are the consumers, one an export, or the one
    who was given the array or buffer. `contradiction` is what a buffer says of its items that
    cannot be; `damage` what exporting changed about the tensor.
    """

    raised: Raised | None = None
    unbuilt: str = ""
    unknown_keyword: bool = False
    giver: Giver = field(default_factory=Giver)
    type_name: str = ""
    fields: Fields | None = None
    elements: bytes | None = None
    unreadable: bool = False
    again: Fields | None = None
    refused_again: Raised | None = None
    taken: tuple[Taken, ...] = ()
    contradiction: str = ""
    damage: str = ""

    @property
    def returned(self) -> bool:
        return bool(self.type_name)
