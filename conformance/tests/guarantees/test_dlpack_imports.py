"""The guarantees about importing acquit the unusual, and tell what the documents leave open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reftensor
from tensorpact.backends.protocol import Backend, claims_of, derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.capsules import fields
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.twists import TWISTS, Outcome, named
from tensorpact.guarantees import TABLE
from tensorpact.judge import Judge
from verdicts import given, verdict

Import = Callable[..., Any]


def twisted(twist: str, exporter: str = "dlpack", **more: Any) -> Case:
    """An import of an export with this twist."""
    return Case(Block(exporter=exporter, twist=twist, **more), call("from_dlpack"))


class Asked:
    """An exporter whose capsule is made before anybody asks; passes itself on to the reference."""

    def __init__(self, capsule: object) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> object:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def refused(_: Any, **_options: Any) -> Any:
    raise BufferError("not this one")


def refusing_negative(error: type[Exception]) -> Import:
    def from_dlpack(x: Any, **arguments: Any) -> Any:
        made = reftensor.from_dlpack(x, **arguments)
        if any(step < 0 for step in made.strides):
            raise error("negative strides")
        return made

    return from_dlpack


def faulty(from_dlpack: Import) -> Backend:
    return derive(reference_backend, operations={"from_dlpack": from_dlpack}, name="faulty")


@pytest.mark.parametrize("twist", named(Outcome.OPEN))
def test_what_the_documents_leave_open_is_told_and_not_scored(twist: str) -> None:
    for from_dlpack in (reftensor.from_dlpack, refused):
        found = verdict(faulty(from_dlpack), [twisted(twist)])
        assert not found.broken
        assert any(note.startswith(TWISTS[twist].text) for note in found.notes)


@pytest.mark.parametrize("error", [BufferError, ValueError])
def test_a_refusal_of_negative_strides_by_a_class_of_the_standard_is_right(
    error: type[Exception],
) -> None:
    strict = derive(faulty(refusing_negative(error)), limits=frozenset({"negative"}))
    found = verdict(strict, [twisted("", layout="negative")])
    assert "dlpack.negative-strides" in found.kept


def test_who_never_asks_for_the_device_never_meets_its_error() -> None:
    def from_dlpack(x: Any, **arguments: Any) -> Any:
        return reftensor.from_dlpack(x.__dlpack__(max_version=(1, 1)), **arguments)

    case = twisted("dlpack_device_raises_ValueError")
    found = verdict(faulty(from_dlpack), [case])
    assert "dlpack.exporter-errors-propagate" not in found.kept | found.broken


def test_an_old_exporter_may_be_asked_again_and_again_for_less() -> None:
    def from_dlpack(x: Any) -> Any:
        for keywords in ({"max_version": (1, 1), "dl_device": None}, {"max_version": (1, 1)}):
            try:
                return reftensor.from_dlpack(Asked(x.__dlpack__(**keywords)))
            except TypeError:
                continue
        return reftensor.from_dlpack(Asked(x.__dlpack__()))

    found = verdict(faulty(from_dlpack), [twisted("plain", "dlpack_old")])
    assert "dlpack.handshake" in found.kept


def test_who_cannot_have_read_only_memory_may_ask_for_a_copy_of_it() -> None:
    def from_dlpack(data: Any, **given: Any) -> Any:
        first = fields(data.__dlpack__(max_version=(1, 0)))
        assert first is not None
        return reftensor.from_dlpack(data, copy=True if first.readonly else None, **given)

    asking = derive(reference_backend, operations={"from_dlpack": from_dlpack})
    protected = Case(Block("dlpack", readonly=True, twist="plain"), call("from_dlpack"))
    assert "dlpack.handshake" in verdict(asking, [protected]).kept


def test_bfloat16_is_exported_although_numpy_has_none() -> None:
    found = verdict(reference_backend, [twisted("plain", dtype="bfloat16")])
    assert {"dlpack.both-generations", "value.elements-are-exact"} <= found.kept


def test_what_contradicts_itself_is_never_looked_at() -> None:
    with Judge(faulty(lambda _: reftensor.tensor([0.0])), tuple(TABLE.values())) as judge:
        result = judge.trial(twisted("null_data")).observed.result
    assert result is not None
    assert not result.reads


def test_a_wrong_dtype_is_no_import() -> None:
    def halved(x: Any, **arguments: Any) -> Any:
        made = np.asarray(reftensor.from_dlpack(x, **arguments).numpy(), np.float64)
        return reftensor.tensor(made)

    found = verdict(faulty(halved), [twisted("null_strides")])
    assert "dlpack.null-strides-are-compact" in found.broken


def test_what_cannot_be_moved_may_be_refused_for_that() -> None:
    applies = TABLE["dlpack.protocol-is-required"].applies
    claims = claims_of(reference_backend)
    assert applies(given(True, "from_dlpack", device="sim:0#0"), claims)
    assert not applies(given(True, "from_dlpack", copy=False, device="sim:0#0"), claims)
