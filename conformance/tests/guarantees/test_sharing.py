"""The guarantees about sharing acquit the unusual, and see what shares in one direction only."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.live import UNTOUCHED
from tensorpact.cases.model import Block, Case, call
from tensorpact.guarantees.sharing_checks import FEW_PAGES
from tensorpact_fixtures.zoo import members
from verdicts import Array, verdict


def block(
    operation: str = "asarray", arguments: dict[str, Any] | None = None, **fields: Any
) -> Case:
    """A call on an array."""
    return Case(Block(**fields), call(operation, **(arguments or {})))


MANY: dict[str, Any] = {"shape": (1 << 20,), "content": UNTOUCHED}


# --------------------------------------------------------------------------- relations


def test_a_result_that_takes_writes_of_the_source_only_is_not_shared() -> None:
    """A cache that is refilled from the source at every read, and keeps its own writes."""
    source: list[Array] = []

    def asarray(data: Array) -> Array:
        source[:] = [data]
        return data.copy()

    one_way = derive(
        numpy_backend,
        operations={"asarray": asarray},
        read=lambda t: (source[0] if source else t).tobytes(),
        address=None,
        strides=None,
        make=None,
        paths={},
    )
    assert "sharing.array-is-shared" in verdict(one_way, [block()]).broken


# --------------------------------------------------------------------------- fairness


def test_memory_that_must_not_be_written_may_be_copied() -> None:
    def protecting(data: Any, **given: Any) -> Array:
        made = np.asarray(data, **given)
        return made if made.flags.writeable else made.copy()

    careful = derive(numpy_backend, operations={"asarray": protecting})
    cases = [block(readonly=True), block(arguments={"copy": None}, readonly=True)]
    assert not verdict(careful, cases).broken


def test_a_library_of_constants_may_copy_what_can_be_written_later() -> None:
    constants = derive(numpy_backend, operations={"asarray": np.array}, write=None)
    assert not verdict(constants, [block(), block(exporter="memmap")]).broken


def test_a_layout_that_cannot_be_described_is_copied() -> None:
    def forward_only(data: Any) -> Array:
        made = np.asarray(data)
        return made.copy() if any(step < 0 for step in made.strides) else made

    limited = derive(
        numpy_backend, operations={"asarray": forward_only}, limits=frozenset({"negative"})
    )
    assert not verdict(limited, [block(layout="negative_all")]).broken


def test_a_library_whose_slices_are_copies_is_not_asked_for_views() -> None:
    functional = derive(
        numpy_backend, operations={"asarray": np.asarray}, view=lambda t, index: t[index].copy()
    )
    assert not verdict(functional, [block()]).broken


def test_the_untouched_elements_fill_more_pages_than_any_call_may_touch() -> None:
    pages = (1 << 20) * 4 // mmap.PAGESIZE
    assert pages > 2 * FEW_PAGES


def test_what_copies_by_right_is_not_asked_what_it_touches() -> None:
    seen = verdict(reference_backend, [block("tensor", **MANY)])
    assert "sharing.cost-is-constant" not in seen.kept | seen.broken


def test_an_exporter_that_refuses_is_not_a_copy_that_is_refused() -> None:
    locked = block("asarray", exporter="dlpack", readonly=True)
    elsewhere = Case(locked.source, call("asarray", copy=False, device="sim:1#0"))
    unversioned = members()["no-version-is-named"].make()
    assert "sharing.copy-false-raises-value-error" not in verdict(unversioned, [elsewhere]).broken
