"""Twists: the ways in which a DLPack export departs from the plain one, by name.

A twist changes the fields of a capsule that is made by hand, or the manners of the exporter
that hands it out. What the protocol allows must make no difference to the consumer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

from tensorpact.capsules.forge import OTHER_NAME, Description
from tensorpact.capsules.handshake import CAPSULE, DEVICE
from tensorpact.cases import dtypes
from tensorpact.cases.model import Block
from tensorpact.cases.things import InputError

Change = Callable[[Description], Description]


class Outcome(StrEnum):
    """What a consumer owes an export with a twist."""

    TAKEN = "to be taken as any other"
    OPEN = "to be taken as any other or refused: the documents leave it open"
    REFUSED = "to be refused: no consumer can know it"
    DOUBTED = "to be refused, if the consumer looks: its fields contradict each other"
    RAISED = "to end in what the exporter raises"


class RaisesTypeError(InputError, TypeError):
    """An exporter's own TypeError, whatever the keywords were."""


class RaisesValueError(InputError, ValueError):
    """An exporter's own ValueError."""


class RaisesBufferError(InputError, BufferError):
    """An exporter that cannot export, as the protocol says it."""


class RaisesKeyError(InputError, KeyError):
    """An exporter with a bug."""


@dataclass(frozen=True, slots=True)
class Twist:
    """One departure: what a person would say of the export, and what it changes.

    `fits` says for which blocks it makes a difference. `versioned` and `legacy`: only that
    generation can have it, or has it. `copies`: the exporter copies unless that is forbidden,
    and says so where `flagged`. `device` is what `__dlpack_device__` says instead of the truth;
    `methods` are the methods that there are. `raises` is what the named method raises.
    """

    text: str
    outcome: Outcome = Outcome.TAKEN
    change: Change = lambda description: description
    fits: Callable[[Block], bool] = lambda _: True
    versioned: bool = False
    legacy: bool = False
    copies: bool = False
    flagged: bool = True
    device: tuple[int, int] | None = None
    methods: tuple[str, ...] = (CAPSULE, DEVICE)
    raises: tuple[str, type[Exception]] | None = None
    capsule: bool = True

    @property
    def importable(self) -> bool:
        """Whether a consumer may take the export."""
        return self.outcome in (Outcome.TAKEN, Outcome.OPEN)

    @property
    def manners(self) -> bool:
        """Whether it is the exporter that departs, so that a bare capsule cannot."""
        plain = DEVICE in self.methods and self.device is None and self.capsule
        return self.copies or self.raises is not None or not plain


def changed(**fields: object) -> Change:
    """The description with these fields instead of its own."""
    return lambda description: replace(description, **fields)  # type: ignore[arg-type]  # by name


def _offset(step: int) -> Change:
    return lambda d: replace(d, data=d.data - step, byte_offset=step) if d.data else d


def _item_offset(d: Description) -> Description:
    return _offset(d.dtype[1] // 8)(d)


def _aligned_pointer(d: Description) -> Description:
    return _offset(d.data % 256)(d)


def _free_strides(step: int) -> Change:
    """Another stride wherever a stride means nothing."""

    def change(d: Description) -> Description:
        assert d.shape is not None
        assert d.strides is not None
        empty = 0 in d.shape
        pairs = zip(d.shape, d.strides, strict=True)
        return replace(d, strides=tuple(step if n == 1 or empty else s for n, s in pairs))

    return change


def _lanes(count: int) -> Change:
    return lambda d: replace(d, dtype=(*d.dtype[:2], count))


def _full(block: Block) -> bool:
    return prod(block.shape) > 0


def _ranked(block: Block) -> bool:
    return bool(block.shape) and _full(block)


_PLAIN: Mapping[str, Twist] = {
    "plain": Twist("made by hand"),
    "null_strides": Twist(
        "no strides: row-major", change=changed(strides=None), fits=lambda b: b.layout == "C"
    ),
    "offset_8": Twist(
        "byte_offset=8", change=_offset(8),
        fits=lambda b: _full(b) and dtypes.itemsize(b.dtype) <= 8,
    ),
    "offset_64": Twist("byte_offset=64", change=_offset(64), fits=_full),
    "offset_item": Twist("byte_offset of one element", change=_item_offset, fits=_full),
    "pointer_256": Twist(
        "data pointer at a multiple of 256 as dlpack.h asks, byte_offset for the rest",
        change=_aligned_pointer, fits=_full,
    ),
    "null_when_empty": Twist(
        "null pointer, as it is empty", change=changed(data=0), fits=lambda b: 0 in b.shape
    ),
    "free_strides_zero": Twist(
        "stride 0 where a stride means nothing",
        change=_free_strides(0), fits=lambda b: not {0, 1}.isdisjoint(b.shape),
    ),
    "free_strides_odd": Twist(
        "stride -12345 where a stride means nothing",
        change=_free_strides(-12345), fits=lambda b: not {0, 1}.isdisjoint(b.shape),
    ),
    "free_strides_huge": Twist(
        "stride 2**63 - 1 where a stride means nothing",
        change=_free_strides(2**63 - 1), fits=lambda b: not {0, 1}.isdisjoint(b.shape),
    ),
    "newer_minor": Twist("version 1.99", change=changed(version=(1, 99)), versioned=True),
    "no_deleter": Twist("no deleter", change=changed(deleter=False)),
    "legacy": Twist("a legacy capsule, though asked for 1.x", legacy=True),
    "copied": Twist("a copy of its own accord, flagged as one", copies=True, versioned=True),
    "copied_unflagged": Twist(
        "a copy of its own accord, not flagged", copies=True, flagged=False
    ),
}  # fmt: skip

_OPEN: Mapping[str, Twist] = {
    "offset_3": Twist(
        "data pointer odd, byte_offset=3", Outcome.OPEN, _offset(3), _full
    ),
    "unknown_flags": Twist(
        "flags that nobody knows", Outcome.OPEN,
        lambda d: replace(d, flags=d.flags | 1 << 40), versioned=True,
    ),
    "major_0": Twist(
        "version 0.8, in the versioned structure", Outcome.OPEN, changed(version=(0, 8)),
        versioned=True,
    ),
    "says_cuda": Twist(
        "__dlpack_device__ says CUDA, the capsule the CPU", Outcome.OPEN, device=(2, 0)
    ),
    "no_device_method": Twist("no __dlpack_device__", Outcome.OPEN, methods=(CAPSULE,)),
}  # fmt: skip

_REFUSED: Mapping[str, Twist] = {
    "major_2": Twist("version 2.0", Outcome.REFUSED, changed(version=(2, 0)), versioned=True),
    "major_2_garbled": Twist(
        "version 2.0, all fields elsewhere", Outcome.REFUSED,
        changed(version=(2, 0), garbled=True), versioned=True,
    ),
    "opaque": Twist("dtype of opaque handles", Outcome.REFUSED, changed(dtype=(3, 64, 1))),
    "unknown_code": Twist("dtype code 99", Outcome.REFUSED, changed(dtype=(99, 32, 1))),
    "int24": Twist("integers of 24 bits", Outcome.REFUSED, changed(dtype=(0, 24, 1))),
    "lanes_4": Twist("vectors of four lanes", Outcome.REFUSED, _lanes(4)),
    "vpi": Twist("on a VPI device", Outcome.REFUSED, changed(device=(9, 0)), device=(9, 0)),
    "hidden_vpi": Twist(
        "__dlpack_device__ says CPU, the capsule VPI", Outcome.REFUSED, changed(device=(9, 0))
    ),
    "unknown_device": Twist(
        "on a device of type 99", Outcome.REFUSED, changed(device=(99, 0)), device=(99, 0)
    ),
    "no_capsule": Twist("__dlpack__ returns 42", Outcome.REFUSED, capsule=False),
    "other_name": Twist("a capsule of another kind", Outcome.REFUSED, changed(name=OTHER_NAME)),
}  # fmt: skip

_DOUBTED: Mapping[str, Twist] = {
    "null_data": Twist(
        "null pointer, though not empty", Outcome.DOUBTED, changed(data=0), _full
    ),
    "null_shape": Twist(
        "no shape, though of rank", Outcome.DOUBTED,
        lambda d: replace(d, ndim=len(d.shape or ()), shape=None), _ranked,
    ),
    "negative_length": Twist(
        "a negative length", Outcome.DOUBTED, changed(shape=(-2,), strides=(1,))
    ),
    "overflowing_shape": Twist(
        "more elements than fit into 64 bits", Outcome.DOUBTED,
        changed(shape=(2**62, 4), strides=(4, 1)),
    ),
    "overflowing_strides": Twist(
        "strides that reach beyond any memory", Outcome.DOUBTED,
        changed(shape=(8, 2), strides=(2**62, 1)),
    ),
    "negative_rank": Twist("a negative rank", Outcome.DOUBTED, changed(ndim=-1)),
    "lanes_0": Twist("dtype without lanes", Outcome.DOUBTED, _lanes(0)),
    "bits_0": Twist("dtype without bits", Outcome.DOUBTED, changed(dtype=(2, 0, 1))),
}  # fmt: skip

_RAISED: Mapping[str, Twist] = {
    f"{method.strip('_')}_raises_{error.__name__[6:]}": Twist(
        f"{method} raises its own {error.__name__[6:]}", Outcome.RAISED, raises=(method, error)
    )
    for method in (CAPSULE, DEVICE)
    for error in (RaisesTypeError, RaisesValueError, RaisesBufferError, RaisesKeyError)
}

TWISTS: Mapping[str, Twist] = {**_PLAIN, **_OPEN, **_REFUSED, **_DOUBTED, **_RAISED}
"""Every twist by its name, the ones that must make no difference first."""

NONE = Twist("as NumPy makes it")


def twist_of(block: Block) -> Twist:
    """The block's twist; one that changes nothing where it has none."""
    return TWISTS[block.twist] if block.twist else NONE


def named(*outcomes: Outcome) -> tuple[str, ...]:
    """The names of the twists with one of these outcomes, in the order of the table."""
    return tuple(name for name, twist in TWISTS.items() if twist.outcome in outcomes)


def speaks_legacy(block: Block) -> bool:
    """Whether all its exports are of the legacy generation, which has no flags."""
    if block.twist:
        return block.exporter == "dlpack_old" or TWISTS[block.twist].legacy
    return block.exporter in ("dlpack_old", "capsule")


def copies_on_request(block: Block) -> bool:
    """Whether it copies when it is asked to and never else, and can say that it did."""
    return not block.twist or not (TWISTS[block.twist].copies or speaks_legacy(block))


def exists(block: Block) -> bool:
    """Whether the block's twist can be had from its exporter."""
    twist = TWISTS.get(block.twist)
    if twist is None or not twist.fits(block):
        return False
    if twist.versioned and speaks_legacy(block):
        return False
    if twist.copies and (block.exporter != "dlpack" or block.readonly):
        return False
    if DEVICE not in twist.methods and block.exporter != "dlpack":
        return False
    if twist.legacy and block.exporter == "dlpack_ignores_copy":
        return False
    return not (twist.manners and block.exporter == "capsule")
