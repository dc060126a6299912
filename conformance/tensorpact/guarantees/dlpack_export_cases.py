"""The cases that the guarantees on exports are about."""

from __future__ import annotations

from tensorpact.backends.protocol import Claims
from tensorpact.capsules.fields import HOST_CODES
from tensorpact.cases.model import Case, two_numbers


def any_export(_case: Case, _: Claims) -> bool:
    """Every export."""
    return True


def asked_device(case: Case) -> tuple[int, int] | None:
    """The device that is asked for by its numbers; None for the tensor's own."""
    asked = case.call.get("dl_device")
    return two_numbers(asked) if isinstance(asked, str) and asked != "own" else None


def asked_version(case: Case) -> tuple[int, int] | None:
    """The newest version that the consumer is said to know, None for one that says nothing."""
    asked = case.call.get("max_version")
    return two_numbers(asked) if isinstance(asked, str) else None


def own_device(case: Case, _: Claims) -> bool:
    """No other device than the tensor's own is asked for, and no transform is pending."""
    return asked_device(case) is None and case.block is not None and not case.block.lazy


def in_place(case: Case, claims: Claims) -> bool:
    """Nothing that needs a copy is asked for."""
    return own_device(case, claims) and case.call.copy is not True


def copied(case: Case, _: Claims) -> bool:
    """A copy of elements that can be copied is asked for."""
    block = case.block
    return case.call.copy is True and block is not None and 0 not in block.shape


def plain(case: Case, claims: Claims) -> bool:
    """A tensor with data that nothing stands in the way of: no gradient, no pending transform,
    no other device, no stream."""
    block = case.block
    if block is None or block.grad or block.lazy or not own_device(case, claims):
        return False
    return case.call.get("stream") is None and block.device not in claims.dataless


def plain_in_place(case: Case, claims: Claims) -> bool:
    """The same, and no copy is asked for, which a library may be unable to make."""
    return plain(case, claims) and case.call.copy is not True


def streamed(case: Case, claims: Claims) -> bool:
    """A stream is named for a tensor of the host, or said to be none."""
    block = case.block
    on_host = block is not None and not (block.device and block.device in claims.unaddressable)
    return on_host and case.call.given("stream") and case.call.get("dl_device") in (None, "own")


def moved(case: Case, _: Claims) -> bool:
    """A device is asked for by its numbers."""
    return asked_device(case) is not None


def obstacle(case: Case, claims: Claims) -> str:
    """Why the export may be impossible, in words; empty where nothing stands in the way."""
    block, device = case.block, asked_device(case)
    if block is None:
        return ""
    if block.device in claims.dataless:
        return "no data"
    if block.grad:
        return "a gradient"
    if block.lazy:
        return f"a pending {block.lazy}"
    if device is not None and device[0] not in HOST_CODES:
        return "another device" + (", copy=False" if case.call.copy is False else "")
    if block.readonly and (asked_version(case) or (0, 0)) < (1, 0):
        return "read-only, no flag"
    return ""


def obstructed(case: Case, claims: Claims) -> bool:
    """Something stands in the way of the export; a stream would be one thing more."""
    return bool(obstacle(case, claims)) and case.call.get("stream") is None


def empty(case: Case, claims: Claims) -> bool:
    """A tensor without elements."""
    return case.block is not None and 0 in case.block.shape and plain(case, claims)


def full(case: Case, claims: Claims) -> bool:
    """A tensor with elements, exported in place."""
    return case.block is not None and 0 not in case.block.shape and in_place(case, claims)


def single(case: Case, claims: Claims) -> bool:
    """A dimension of length one."""
    return case.block is not None and 1 in case.block.shape and full(case, claims)


def readonly(case: Case, _: Claims) -> bool:
    """A tensor that cannot be written."""
    return case.block is not None and case.block.readonly


def lazy(case: Case, _: Claims) -> bool:
    """A tensor with a pending transform."""
    return case.block is not None and bool(case.block.lazy)
