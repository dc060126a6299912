"""The families of cases whose cost is counted, or that cost more than there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import calls
from tensorpact.cases.build_host import OVER_ARRAYS
from tensorpact.cases.device_families import absent_devices
from tensorpact.cases.draw import sampled
from tensorpact.cases.feasible import feasible
from tensorpact.cases.live import ENDLESS, TOUCHED, UNTOUCHED
from tensorpact.cases.memory_families import block, suits
from tensorpact.cases.model import (
    Argument,
    Block,
    Case,
    Leaf,
    Nest,
    Node,
    State,
    Values,
    call,
    py,
    scalar,
)
from tensorpact.cases.things import THINGS
from tensorpact.expectation import KIND_OF_EXPORTER

MANY = (10_000_000,)
"""Elements that fill thousands of pages at any width."""

SOME = (1 << 18,)
"""Elements that fill hundreds of pages at four bytes: an implementation in Python copies them."""

FEWER = (80_000,)
"""Elements that fill enough pages at eight bytes to tell one copy from two; to convert them one
by one, as an implementation in Python does, takes a while."""

_CONVERTED = ("ndarray", "own")
"""What is converted to another dtype: it is the same for all exporters."""

BEYOND = (1 << 56,)
"""Elements for which no address space has room: to allocate them fails at once."""

_INGEST = {"as_tensor", "tensor", "asarray"}


def untouched(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Memory that no page of exists yet, from everything that can lend it without a look."""
    del random, limit
    dtypes = [d for d in ("float32", "int64", "uint8") if d in claims.dtypes]
    for operation in sorted(claims.operations - {"tensor"}):
        for exporter, dtype in product(sorted(OVER_ARRAYS), dtypes):
            if not _taken(operation, exporter, claims):
                continue
            given = calls.needed(operation, dtype)
            made = block(exporter=exporter, dtype=dtype, shape=MANY, content=UNTOUCHED)
            yield Case(made, call(operation, **given))
            if claims.takes(operation, "copy"):
                yield Case(made, call(operation, **given, copy=False))


def _taken(operation: str, exporter: str, claims: Claims) -> bool:
    """Whether the exporter is data by the documents: what is not may be read item by item."""
    documented = claims.accepted(operation, KIND_OF_EXPORTER[exporter])
    return documented and suits(operation, exporter)


def copied(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Hundreds of pages that are copied, converted, or refused."""
    copied, converted = _of_pages(claims)
    yield from sampled(copied, limit // 6, random)
    yield from sampled(converted, limit // 100, random)


def _of_pages(claims: Claims) -> tuple[list[Case], list[Case]]:
    """What is copied or refused, and what is converted."""
    exporters = [*sorted(OVER_ARRAYS - {"dlpack_ignores_copy"}), "own"]
    copied: list[Case] = []
    converted: list[Case] = []
    for operation, exporter, dtype in product(sorted(claims.operations), exporters, _NAMES):
        if dtype not in claims.dtypes or not _taken(operation, exporter, claims):
            continue
        if exporter == "own" and "make" not in claims.abilities:
            continue
        made = block(exporter=exporter, dtype=dtype, shape=SOME, content=TOUCHED)
        given = _copying(operation, claims)
        copied += [Case(made, calls.resolved(operation, c, dtype, claims)) for c in given]
        locked = replace(made, readonly=True)
        if feasible(locked, claims):
            copied.append(Case(locked, call(operation, **calls.needed(operation, dtype)), RAISED))
        if exporter in _CONVERTED:
            fewer, given = replace(made, shape=FEWER), _converting(operation, claims)
            converted += [Case(fewer, calls.resolved(operation, c, dtype, claims)) for c in given]
    return copied, converted


_NAMES = ("float32", "int64")


def _copying(operation: str, claims: Claims) -> Iterator[dict[str, Argument]]:
    """Arguments that ask for a copy, and some that must be refused after a look at the data."""
    fixed = calls.needed(operation, calls.SAME)
    yield fixed
    if claims.takes(operation, "copy"):
        yield {**fixed, "copy": True}
        if claims.takes(operation, "dtype") and not fixed:
            yield {"dtype": calls.OTHER, "copy": False}
    if claims.takes(operation, "device"):
        yield from ({**fixed, "device": f"{name}#0"} for name in absent_devices(claims)[:1])
    yield {**fixed, "unknown": 1}


def _converting(operation: str, claims: Claims) -> Iterator[dict[str, Argument]]:
    """Other dtypes: complex64 has elements that are more than one number each."""
    if claims.takes(operation, "dtype") and operation != "frombuffer":
        yield {"dtype": calls.OTHER}
        if "complex64" in claims.dtypes:
            yield {"dtype": "complex64"}


def endless(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """One element that stands for more than any memory holds, to be shared or written out."""
    del random, limit
    exporters = ("ndarray", "memoryview", "array_interface", "array_protocol", "dlpack", "own")
    for operation, exporter in product(sorted(claims.operations - {"frombuffer"}), exporters):
        if not _taken(operation, exporter, claims):
            continue
        if exporter == "own" and not {"make", "expand"} <= claims.abilities:
            continue
        for dtype in [d for d in ("float32", "uint8", "complex128") if d in claims.dtypes]:
            made = block(
                exporter=exporter, dtype=dtype, shape=BEYOND, layout="broadcast", content=ENDLESS
            )
            for chosen in _ways(operation, claims):
                yield Case(made, calls.resolved(operation, chosen, dtype, claims))


def _ways(operation: str, claims: Claims) -> list[dict[str, Argument]]:
    """Every combination of arguments, with one spelling of each device."""
    choices = calls.argument_product(operation, claims)
    return [chosen for chosen in choices if str(chosen.get("device", "#0")).endswith("#0")]


def counting_arrays(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """Arrays that count how often they are asked for something."""
    del random, limit
    names = [name for name, thing in THINGS.items() if thing.asked is not None]
    for operation, name in product(sorted(claims.operations & _INGEST), names):
        for dtype in (None, claims.defaults.real):
            given: dict[str, Argument] = {} if dtype is None else {"dtype": dtype}
            yield Case(Values(Leaf("thing", name)), call(operation, **given))


RAISED = State(warnings="error")


def warnings_as_errors(claims: Claims, random: Random, limit: int) -> Iterator[Case]:
    """What libraries warn of, or may, where every warning is raised as an exception."""
    del random, limit
    for operation in sorted(claims.operations):
        for made in _worth_a_warning(operation, claims):
            for chosen in _ways(operation, claims):
                yield Case(made, calls.resolved(operation, chosen, made.dtype, claims), RAISED)
    complex_values = (py(1.5 - 2j), py([1j, 2.0]), py([[0j]]), scalar("complex64", 2 - 1j))
    arrays = Block("ndarray", "float32", (2, 3))
    roots: list[Node] = [*complex_values, Nest("list", (arrays, arrays)), py([])]
    for operation, root in product(sorted(claims.operations & _INGEST), roots):
        for wanted in (None, "float32", "int64", "bool"):
            if wanted is None or wanted in claims.dtypes:
                given: dict[str, Argument] = {} if wanted is None else {"dtype": wanted}
                yield Case(Values(root), call(operation, **given), RAISED)


def _worth_a_warning(operation: str, claims: Claims) -> Iterator[Block]:
    """Memory that must not be written, an imaginary part, an old protocol, large memory."""
    bytes_alone = "uint8" if operation == "frombuffer" else "float32"
    for exporter in ("ndarray", "subclass", "memmap", "memoryview", "array_interface", "dlpack"):
        if suits(operation, exporter):
            yield block(exporter=exporter, dtype=bytes_alone, shape=(6,), readonly=True)
    if suits(operation, "bytes"):
        yield block(exporter="bytes", dtype="uint8", shape=(8,))
    for exporter in ("ndarray", "array_protocol_old", "own"):
        if suits(operation, exporter) and "complex64" in claims.dtypes:
            yield block(exporter=exporter, dtype="complex64", shape=(3,))


FAMILIES = {
    "untouched": untouched,
    "copied": copied,
    "endless": endless,
    "counting arrays": counting_arrays,
    "warnings as errors": warnings_as_errors,
}
