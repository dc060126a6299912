"""A trial: one case, what the rules lead one to expect of it, and what was observed.

Checks are plain functions of a trial. Everything here is frozen; `expectation` fills in
`Expected` from the rule tables, `probes` fill in `Observed` from the running backend.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reftensor.rules import Data, Memory, Need, Refusal
from tensorpact.backends.protocol import Claims
from tensorpact.capsules.handshake import Ask
from tensorpact.cases.model import Case
from tensorpact.seen.export import Given
from tensorpact.seen.life import Life
from tensorpact.seen.raised import Raised
from tensorpact.seen.story import Told
from tensorpact.seen.writes import Relation as Relation  # these three are part of a Result
from tensorpact.seen.writes import Seen as Seen
from tensorpact.seen.writes import Writes as Writes


@dataclass(frozen=True, slots=True)
class Expected:
    """What the rules say of a case, before anything is called.

    `kind` is the kind of data as in `backends.protocol.KINDS` ("thing" for what is no data).
    `accepted`: the operation is documented to take this kind. `refusal`: why it must be
    refused, if it must. `may_refuse`: refusing is allowed though a result is possible.
    `dtype`, `shape`, `device`: of the result, None where the rules leave it open. `carried`
    is the dtype that the data brings along. `memory`: whose memory the result uses, with
    `needs` as the reason.
    """

    kind: str
    data: Data
    accepted: bool
    refusal: Refusal | None = None
    may_refuse: bool = False
    carried: str | None = None
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    device: str | None = None
    needs: frozenset[Need] = frozenset()
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """The result as it describes itself through DLPack, None where it does not.

    `device` is its `__dlpack_device__`. `address` is that of the first element of a versioned
    export and `readonly` its flag; `legacy` says that it gives an export without flags, too.
    """

    device: tuple[int, int] | None = None
    address: int | None = None
    readonly: bool | None = None
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A returned tensor as the probes saw it, before and after writing.

    `reads` are the elements by every read path, as bytes in C order in the result's dtype;
    a path that raised stands in `unread` with what it raised. `dtype` is None for one that
    the adapter does not know; `native_dtype` is then its text. `address` and `strides`
    (bytes) are None where they cannot be known. `extent` are the lowest and the one past
    the highest byte address of its elements. `writable`: a write through the adapter took
    effect; None when not tried. `view`: how far a view of the result and the source see each
    other's writes. `fresh`: writing to it leaves the result of a second call on the same plain
    values alone; None when not tried. `export` is None when it was not looked at.
    """

    type_name: str
    is_tensor: bool
    same_object: bool
    dtype: str | None
    native_dtype: str
    shape: tuple[int, ...]
    device: str | None
    strides: tuple[int, ...] | None = None
    address: int | None = None
    reads: tuple[tuple[str, bytes], ...] = ()
    unread: tuple[tuple[str, Raised], ...] = ()
    writes: Writes = field(default_factory=Writes)
    writable: bool | None = None
    view: Seen = Seen.UNKNOWN
    fresh: bool | None = None
    export: Export | None = None
    requires_grad: bool | None = None
    has_history: bool | None = None
    gradient_flows: bool | None = None

    def read(self, path: str = "read") -> bytes | None:
        return next((data for name, data in self.reads if name == path), None)

    @property
    def relation(self) -> Relation:
        return self.writes.relation


@dataclass(frozen=True, slots=True)
class Provided:
    """The live source, as it was handed in: where its elements lie, and how.

    `address` and `strides` (bytes) describe the first element and the layout; `extent` is
    the range of addresses of the memory that it lends. `elements` are its elements before the
    call, as bytes in C order in its own dtype. None for plain values.
    """

    address: int | None = None
    strides: tuple[int, ...] | None = None
    extent: tuple[int, int] | None = None
    aliased: bool = False
    elements: bytes | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What one call did: returned or raised, warned, and what it did to its input.

    `unbuilt` says why the source could not be made; then nothing was called. `warnings` are
    "Category: message", of the call that is observed, which is not the first of its kind in
    the process; `first_warnings` are those of a first one. `damage` says what the call changed
    about its input, empty when nothing. `copies` are the addresses of the copies that the
    exporter made on request, `handshake` what a DLPack exporter was asked;
    `input_raised`: some method of the input raised while it was read. `touched` counts the
    pages of memory that the call touched first, `kept` the bytes it allocated that are in use
    after it, the result's among them; `asked` how often it asked the arrays in its input for an
    element, a length or a number. None when not counted.
    """

    raised: Raised | None = None
    result: Result | None = None
    warnings: tuple[str, ...] = ()
    first_warnings: tuple[str, ...] = ()
    damage: str = ""
    copies: tuple[int, ...] = ()
    handshake: tuple[Ask, ...] = ()
    input_raised: bool = False
    touched: int | None = None
    kept: int | None = None
    asked: int | None = None
    provided: Provided = field(default_factory=Provided)
    unbuilt: str = ""

    @property
    def returned(self) -> bool:
        return self.result is not None


@dataclass(frozen=True, slots=True)
class Trial:
    """A case with what was expected and what was observed, and the trials it is compared to.

    `observed` is filled in for the aspects memory and values; `given` is what a tensor gave
    out, `life` who kept what alive, `told` what became of a story: each for its own aspect.
    """

    case: Case
    claims: Claims
    expected: Expected
    observed: Observed
    related: tuple[Trial, ...] = ()
    given: Given | None = None
    life: Life | None = None
    told: Told | None = None

    @property
    def cut_short(self) -> bool:
        """Whether a call raised where warnings are errors: it may be the warning."""
        return bool(self.case.state.warnings) and self.observed.raised is not None

    @property
    def raised(self) -> Raised | None:
        """What the case ended in, whatever it is about; of repeated calls, any of them."""
        if self.life is not None and self.life.repetition is not None:
            return self.life.raised or self.life.repetition.raised
        return (self.given or self.life or self.told or self.observed).raised

    @property
    def unbuilt(self) -> str:
        """Why its input could not be made, whatever it is about."""
        return (self.given or self.life or self.told or self.observed).unbuilt
