"""The cases that the guarantees of the group device are about."""

from __future__ import annotations

from dataclasses import replace

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Case
from tensorpact.expectation import device_of, may_be_unaligned
from tensorpact.guarantees.predicates import ordinary_block, python_kinds
from tensorpact.guarantees.relations import in_first_spelling


def explicit(case: Case, claims: Claims) -> bool:
    """A device that exists is asked for."""
    return case.call.device in claims.devices


def carried(case: Case, _: Claims) -> bool:
    """A tensor of the library itself, and no device asked for."""
    block = case.block
    return block is not None and block.exporter == "own" and case.call.device is None


def to_default(case: Case, claims: Claims) -> bool:
    """Host data under a default device; what torch.asarray does with all but Python numbers
    is documented in two ways."""
    if not case.state.default_device or case.call.device is not None:
        return False
    block = case.block
    if case.call.operation == "asarray":
        return block is None and python_kinds(case.root) is not None
    return block is None or (block.exporter == "ndarray" and block.dtype in claims.dtypes)


def under_default(case: Case, _: Claims) -> bool:
    """Host memory under a default device, and no device asked for."""
    block = case.block
    host = block is not None and not block.device
    return host and bool(case.state.default_device) and case.call.device is None


def spelled(case: Case, claims: Claims) -> bool:
    """A device is asked for by another than its first spelling.

    Each call has a source of its own: where its address decides whether it is shared, nothing
    can be compared.
    """
    other = case.call.device in claims.devices and not in_first_spelling(case)
    return other and not may_be_unaligned(case, claims)


def first_spelling(case: Case, _: Claims) -> tuple[Case, ...]:
    """The same call with the first spelling of the device."""
    call = case.call.with_argument("device", f"{case.call.device}#0")
    return (replace(case, call=call),)


def unknown(case: Case, claims: Claims) -> bool:
    """A device that does not exist is asked for."""
    return case.call.device is not None and case.call.device not in claims.devices


def has_memory(case: Case, _: Claims) -> bool:
    """Data that has memory: an array, a buffer, a tensor."""
    return case.block is not None


def never_across(case: Case, claims: Claims) -> bool:
    """copy=False, and a device asked for."""
    return case.call.copy is False and case.block is not None and explicit(case, claims)


def out_of_nowhere(case: Case, claims: Claims) -> bool:
    """Elements of a device without data, asked for on some device."""
    block, target = case.block, case.call.device
    if block is None or block.exporter != "own" or 0 in block.shape:
        return False
    return block.device in claims.dataless and target in claims.devices


def accelerated(case: Case, _: Claims) -> bool:
    """Another library's array on an accelerator, with nothing said about devices."""
    block = case.block
    if block is None or block.exporter != "accelerated":
        return False
    return case.call.device is None and not case.state.default_device


def on_neighbours(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same call for every other device with memory of its own, where one is asked for."""
    places = claims.accelerators
    if case.call.device not in places or len(case.call.arguments) > 1:
        return ()
    others = (f"{name}#0" for name in sorted(places - {case.call.device}))
    return tuple(replace(case, call=case.call.with_argument("device", name)) for name in others)


def lacking_dtype(case: Case, claims: Claims) -> bool:
    """Arrays, tensors or numbers that would get a dtype which their device lacks."""
    if not claims.device_dtypes:
        return False
    block = ordinary_block(case)
    if block is None and python_kinds(case.root) is None:
        return False
    dtype = case.call.dtype or (block.dtype if block is not None else None)
    return dtype in claims.dtypes and dtype not in claims.dtypes_on(device_of(case, claims))
