"""The adapter protocol: all that the harness needs to know of a library, as one value.

An adapter is one small file that ends in `backend = Backend(...)`: plain data and plain
functions, no subclassing. It says what the library claims; what it does not claim is
reported as not claimed, never as a pass. `derive` makes a backend out of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from reftensor.rules import Defaults
from tensorpact.authorities import AUTHORITIES
from tensorpact.cases.model import GIVE, STORY

Tensor = Any
"""A tensor of the library under test; the harness looks at it through the adapter only."""

ALL = frozenset({"as_tensor", "tensor", "asarray", "from_numpy", "frombuffer", "from_dlpack"})
"""Every operation; the short way to claim an authority for whatever the backend has."""

KINDS = frozenset({"scalar", "sequence", "array_scalar", "own", "ndarray", "buffer", "dlpack"})
"""The kinds of data that an operation can be documented to accept; see `Backend.accepts`.
`array_interface`, `array_protocol`, `capsule`, `bytes` and `accelerated`, another library's
array on a device with memory of its own, exist too and are rarely claimed."""

LAYOUT_LIMITS = frozenset({"negative", "unaligned_stride", "misaligned", "zero"})
"""What a library's tensors may be unable to describe: negative strides, strides that are no
multiple of the itemsize, addresses that are not aligned to the itemsize, zero strides."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device: its name, every spelling that the library takes for it, and its memory.

    `host`: its memory can be addressed by the host. `data`: it holds values at all. `dtypes`
    (standard names) and `defaults` are given where they are others than the backend's.
    `streams` are what `__dlpack__` takes as `stream` on it besides None: numbers, or functions
    that make a stream and give its number, called when first asked for.
    """

    name: str
    spellings: tuple[Any, ...]
    host: bool = True
    data: bool = True
    dtypes: tuple[str, ...] | None = None
    defaults: Defaults | None = None
    streams: tuple[int | Callable[[], int], ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """The part of a backend that is plain data: what it claims, by standard names.

    It travels between processes and stands in the report. `spellings` counts the spellings
    of each device, `streams` what it takes as stream. `device_dtypes` and `device_defaults`
    name the devices that have their own. `abilities` names the adapter's optional functions.
    """

    name: str
    version: str
    operations: frozenset[str]
    dtypes: tuple[str, ...]
    defaults: Defaults
    devices: tuple[str, ...]
    spellings: tuple[tuple[str, int], ...]
    host: str
    dataless: frozenset[str]
    unaddressable: frozenset[str]
    authorities: frozenset[tuple[str, str]]
    accepts: frozenset[tuple[str, str]]
    limits: frozenset[str]
    keywords: frozenset[tuple[str, str]]
    mutable: bool
    immutable: bool
    raw_buffers: bool
    abilities: frozenset[str]
    exports: frozenset[str] = frozenset()
    spelled: tuple[tuple[str, str], ...] = ()
    promotions: frozenset[tuple[str, str, str]] = frozenset()
    notes: tuple[str, ...] = ()
    device_dtypes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    device_defaults: tuple[tuple[str, Defaults], ...] = ()
    streams: tuple[tuple[str, int], ...] = ()
    share_alignment: int = 1

    def claims(self, authority: str, operation: str) -> bool:
        """Whether the backend claims this authority for this operation."""
        return (authority, operation) in self.authorities

    def accepted(self, operation: str, kind: str) -> bool:
        """Whether the operation is documented to take this kind of data."""
        return (operation, kind) in self.accepts

    def takes(self, operation: str, keyword: str) -> bool:
        """Whether the operation has this keyword."""
        return (operation, keyword) in self.keywords

    @property
    def nameless(self) -> Claims:
        """The claims without names and words, which decide nothing about what is tried."""
        return replace(self, name="", version="", notes=(), spelled=())

    @property
    def accelerators(self) -> frozenset[str]:
        """The devices that hold data where the host cannot address it."""
        return self.unaddressable - self.dataless

    def dtypes_on(self, device: str | None) -> tuple[str, ...]:
        """The dtypes of this device; the backend's, where it has none of its own."""
        return next((own for name, own in self.device_dtypes if name == device), self.dtypes)

    def defaults_on(self, device: str | None) -> Defaults:
        """The default dtypes on this device; the backend's, where it has none of its own."""
        return next((own for name, own in self.device_defaults if name == device), self.defaults)


KEYWORDS: Mapping[str, frozenset[str]] = {
    "as_tensor": frozenset({"dtype", "device"}),
    "tensor": frozenset({"dtype", "device", "requires_grad"}),
    "asarray": frozenset({"dtype", "device", "copy", "requires_grad"}),
    "from_numpy": frozenset(),
    "frombuffer": frozenset({"dtype", "count", "offset"}),
    "from_dlpack": frozenset({"device", "copy"}),
}
"""The keywords that each operation has unless `Backend.keywords` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A library under test, described by its adapter.

    Required: `name`, `version`, `operations` (by the names of `ALL`), `dtypes` (standard
    name to what the library calls it), `authorities` (authority to the operations for which
    it is claimed) and `read`.

    `read(t)` gives the elements as bytes: C order, native byte order, the library's own
    representation (two bytes for bfloat16). It must see what is in the tensor's memory at
    that moment, through a device copy where the host cannot address it.
    `write(t, data)` sets all elements from such bytes; leave it out where there is no way,
    and set `immutable` where the library documents its arrays as such.
    `make(data, dtype, shape, device)` makes a fresh C-contiguous own tensor from such
    bytes, a standard dtype name and a device name, not using the operations under test
    where that can be avoided. Without it own tensors are never tried as input.
    `protect(t)` is the tensor, or a view of it, as one that cannot be written: `write` raises
    for it, or leaves it as it is. For a library that has such.
    `paths` are further ways to read: name to function giving bytes or a nested list.
    `address(t)` is the address of the first element, `strides(t)` the byte strides.
    `resize(t, count)` sets the number of elements of a tensor in place, at least of one that owns
    its memory; what it raises counts as the library's refusal. Leave it out where a library
    cannot. The harness refers to the tensor, too, while it is resized.
    `default_real(dtype)` and the entries of `default_device` are context managers that set
    a default and put it back: under "setting" the global one, under "context" the scoped.
    `grad` has the functions of autograd, for a library that has it: `require(t)` gives a leaf
    that needs a gradient, `history(t)` a result computed from it over the same memory; whether
    `requires(t)`, `has_history(t)`, and a gradient `flows(result, leaf)`.
    `lazy` makes a view with a pending transform: "conjugate", "negative".
    `share_alignment`: foreign memory is shared from addresses that are a multiple of so many
    bytes, a power of two; from others it may be copied, or refused where a copy is forbidden.
    `promote(a, b)` is the library's own promotion of two of its dtypes; it raises TypeError,
    ValueError or RuntimeError where there is none.
    `every_warning` is the documented switch, as a context manager, under which the library
    repeats the warnings that it otherwise gives once a process.
    `exports` are the ways in which a tensor gives out its memory, functions that take the tensor
    first: "__dlpack__" with the keywords of the standard, "__array__" to an ndarray, "buffer" to
    a memoryview; authorities are claimed for them as for operations.
    `spelled` are the words of a person: "asarray" to "xp.asarray", "module" to "xp", and those
    of `tensorpact.cases.words` that the library says in its own way.
    `in_worker` gives the backend as it is in a process that the harness has started, such as with
    devices that must be registered for a whole process; nobody else's process is changed so.
    `notes` say, in whole sentences, what a user may miss and why it is not claimed.
    """

    name: str
    version: str
    operations: Mapping[str, Callable[..., Tensor]]
    dtypes: Mapping[str, Any]
    authorities: Mapping[str, Collection[str]]
    read: Callable[[Tensor], bytes]
    write: Callable[[Tensor, bytes], None] | None = None
    make: Callable[[bytes, str, tuple[int, ...], str], Tensor] | None = None
    tensor_type: type | tuple[type, ...] = object
    defaults: Defaults = field(default_factory=Defaults)
    devices: tuple[Device, ...] = (Device("cpu", ("cpu",)),)
    accepts: Mapping[str, Collection[str]] = field(default_factory=dict)
    limits: Collection[str] = frozenset()
    share_alignment: int = 1
    keywords: Mapping[str, Collection[str]] = field(default_factory=dict)
    raw_buffers: bool = False
    shape: Callable[[Tensor], tuple[int, ...]] = lambda t: tuple(t.shape)
    dtype: Callable[[Tensor], Any] = lambda t: t.dtype
    device: Callable[[Tensor], Any] = lambda t: getattr(t, "device", None)
    strides: Callable[[Tensor], tuple[int, ...]] | None = None
    address: Callable[[Tensor], int] | None = None
    view: Callable[[Tensor, Any], Tensor] = lambda t, index: t[index]
    permute: Callable[[Tensor, tuple[int, ...]], Tensor] | None = None
    expand: Callable[[Tensor, tuple[int, ...]], Tensor] | None = None
    resize: Callable[[Tensor, int], object] | None = None
    protect: Callable[[Tensor], Tensor] | None = None
    paths: Mapping[str, Callable[[Tensor], Any]] = field(default_factory=dict)
    default_real: Callable[[Any], AbstractContextManager[Any]] | None = None
    default_device: Mapping[str, Callable[[Any], AbstractContextManager[Any]]] = field(
        default_factory=dict
    )
    grad: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    lazy: Mapping[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)
    promote: Callable[[Any, Any], Any] | None = None
    immutable: bool = False
    every_warning: Callable[[], AbstractContextManager[Any]] | None = None
    exports: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    in_worker: Callable[[Backend], Backend] | None = None
    notes: tuple[str, ...] = ()

    @property
    def host(self) -> Device:
        """The device whose memory is the host's: the first that says so, else the first."""
        return next((d for d in self.devices if d.host and d.data), self.devices[0])


def claims_of(backend: Backend) -> Claims:
    """What the backend claims, as plain data. Raises ValueError for what cannot be claimed."""
    if not backend.devices:
        raise ValueError("a backend has at least one device")
    _refuse_unknown("operation", backend.operations, ALL)
    _refuse_unknown("layout limit", backend.limits, LAYOUT_LIMITS)
    _refuse_unknown("export", backend.exports, GIVE)
    return Claims(
        name=backend.name,
        version=backend.version,
        operations=frozenset(backend.operations),
        dtypes=tuple(backend.dtypes),
        defaults=backend.defaults,
        devices=tuple(d.name for d in backend.devices),
        spellings=tuple((d.name, len(d.spellings)) for d in backend.devices),
        host=backend.host.name,
        dataless=frozenset(d.name for d in backend.devices if not d.data),
        unaddressable=frozenset(d.name for d in backend.devices if not d.host),
        authorities=_pairs(backend),
        accepts=frozenset(
            (operation, kind)
            for operation in backend.operations
            for kind in backend.accepts.get(operation, _ACCEPTED[operation])
        ),
        limits=frozenset(backend.limits),
        keywords=frozenset(
            (operation, keyword)
            for operation in backend.operations
            for keyword in backend.keywords.get(operation, KEYWORDS[operation])
        ),
        mutable=backend.write is not None,
        immutable=backend.immutable,
        raw_buffers=backend.raw_buffers,
        abilities=_abilities(backend),
        spelled=tuple(sorted(_spelled(backend).items())),
        promotions=_promotions(backend),
        exports=frozenset(backend.exports),
        notes=backend.notes,
        device_dtypes=tuple((d.name, d.dtypes) for d in backend.devices if d.dtypes is not None),
        device_defaults=tuple(
            (d.name, d.defaults) for d in backend.devices if d.defaults is not None
        ),
        streams=tuple((d.name, len(d.streams)) for d in backend.devices if d.streams),
        share_alignment=backend.share_alignment,
    )


_OPTIONAL = (
    *("write", "make", "strides", "address", "permute", "expand", "protect", "resize"),
    "default_real",
)


def _abilities(backend: Backend) -> frozenset[str]:
    """The optional functions that the adapter has, by name."""
    found = {name for name in _OPTIONAL if getattr(backend, name) is not None}
    found |= {f"default_device:{form}" for form in backend.default_device}
    found |= {f"lazy:{name}" for name in backend.lazy}
    return frozenset(found | {"grad"} if backend.grad else found)


def _promotions(backend: Backend) -> frozenset[tuple[str, str, str]]:
    """Every pair of dtypes with what they promote to, by standard names."""
    if backend.promote is None:
        return frozenset()
    names = {native: name for name, native in backend.dtypes.items()}
    found = set()
    for (a, left), (b, right) in product(backend.dtypes.items(), repeat=2):
        try:
            common = backend.promote(left, right)
        except (TypeError, ValueError, RuntimeError):  # the library has no common dtype
            continue
        if common in names:
            found.add((a, b, names[common]))
    return frozenset(found)


def _spelled(backend: Backend) -> dict[str, str]:
    """What a person types: the adapter's own words, and the text of every device spelling."""
    devices = {
        f"device:{device.name}#{k}": _typed(spelling)
        for device in backend.devices
        for k, spelling in enumerate(device.spellings)
    }
    return {**devices, **backend.spelled}


def _typed(value: Any) -> str:
    """The text of a value, with the package that its type is from where that is not built in."""
    text, package = repr(value), type(value).__module__.partition(".")[0]
    plain = package == "builtins" or text.startswith(f"{package}.")
    return text if plain else f"{package}.{text}"


_INGEST_KINDS = frozenset({"scalar", "sequence", "array_scalar", "own", "ndarray"})
_ACCEPTED: Mapping[str, frozenset[str]] = {
    "as_tensor": _INGEST_KINDS,
    "tensor": _INGEST_KINDS,
    "asarray": _INGEST_KINDS | {"buffer"},
    "from_numpy": frozenset({"ndarray"}),
    "frombuffer": frozenset({"buffer", "bytes"}),
    "from_dlpack": frozenset({"own", "ndarray", "dlpack"}),
}


def _pairs(backend: Backend) -> frozenset[tuple[str, str]]:
    """Each authority with each operation and export that it is claimed for.

    A library that is held to anything is held to what it does over a whole story.
    """
    _refuse_unknown("authority", backend.authorities, frozenset(AUTHORITIES))
    has = {*backend.operations, *backend.exports}
    pairs = {(a, name) for a, claimed in backend.authorities.items() for name in {*claimed} & has}
    return frozenset(pairs | {(authority, STORY) for authority, _ in pairs})


def _refuse_unknown(what: str, names: Collection[str], known: frozenset[str]) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValueError(f"unknown {what} {unknown[0]!r}; known: {', '.join(sorted(known))}")


def derive(
    backend: Backend,
    *,
    operations: Mapping[str, Callable[..., Tensor]] | None = None,
    name: str | None = None,
    **changes: Any,
) -> Backend:
    """A backend like another, with some operations replaced and, if wanted, other fields.

    `derive(torch_backend, operations={"as_tensor": mine}, name="mine")`. The adapter's own
    functions stay those of the original, so that a faulty operation is judged, not used.
    Raises TypeError for a field that a backend does not have.
    """
    merged = {**backend.operations, **(operations or {})}
    return replace(backend, operations=merged, name=name or backend.name, **changes)
