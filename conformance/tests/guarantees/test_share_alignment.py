"""A library that shares only aligned memory is held to what it says of itself, as JAX would be."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import reftensor
from reftensor.tensor import Tensor
from tensorpact.backends.protocol import ALL, Backend, derive
from tensorpact.backends.reference import backend as reference
from tensorpact.cases.model import Block, Case, call
from verdicts import verdict

ALIGNMENT = 64


def particular(name: str, data: Any, **given: Any) -> Tensor:
    """The reference's operation; memory that does not lie well is copied, or refused."""
    made: Tensor = getattr(reftensor, name)(data, **given)
    unaligned = made.size and str(made.device) == "cpu" and made.data_ptr() % ALIGNMENT
    if isinstance(data, Tensor) or not unaligned:
        return made
    if given.get("copy") is False or name in ("from_numpy", "frombuffer"):
        raise ValueError(f"the memory is not aligned to {ALIGNMENT} bytes")
    return reftensor.tensor(made)


def copying_all(name: str, data: Any, **given: Any) -> Tensor:
    """The reference's operation, and always a copy of what is no tensor."""
    made: Tensor = getattr(reftensor, name)(data, **given)
    return made if isinstance(data, Tensor) else reftensor.tensor(made)


def saying(alignment: int, operation: Any = particular) -> Backend:
    operations = {name: partial(operation, name) for name in ALL}
    return derive(reference, operations=operations, name="particular", share_alignment=alignment)


def shared(alignment: int, operation: str, **given: Any) -> Case:
    exporter = "dlpack" if operation == "from_dlpack" else "ndarray"
    return Case(Block(exporter, alignment=alignment), call(operation, **given))


CALLS = (
    shared(16, "as_tensor"),
    shared(16, "asarray"),
    shared(16, "asarray", copy=None),
    shared(16, "asarray", copy=False),
    shared(16, "from_numpy"),
    shared(16, "from_dlpack"),
    shared(16, "from_dlpack", copy=False),
    shared(64, "frombuffer", dtype="float32", offset=4),
    Case(Block("array.array", "float64", (3,), alignment=0), call("asarray")),
    Case(Block("memmap", alignment=8), call("as_tensor")),
)


@pytest.mark.parametrize("case", CALLS, ids=str)
def test_what_is_not_aligned_may_be_copied_or_refused(case: Case) -> None:
    assert not verdict(saying(ALIGNMENT), [case]).broken
    assert not verdict(saying(ALIGNMENT, copying_all), [case]).broken - {
        "sharing.copy-false-never-copies"
    }


@pytest.mark.parametrize("operation", ["as_tensor", "asarray", "from_dlpack"])
def test_what_is_aligned_must_be_shared(operation: str) -> None:
    case = shared(ALIGNMENT, operation)
    assert not verdict(saying(ALIGNMENT), [case]).broken
    broken = verdict(saying(ALIGNMENT, copying_all), [case]).broken
    assert broken & {"sharing.array-is-shared", "sharing.dlpack-is-zero-copy"}


@pytest.mark.parametrize(
    ("operation", "id"),
    [
        ("as_tensor", "sharing.array-is-shared"),
        ("from_numpy", "sharing.array-is-shared"),
        ("from_dlpack", "sharing.dlpack-is-zero-copy"),
    ],
)
def test_a_library_that_declares_nothing_must_share_unaligned_memory(
    operation: str, id: str
) -> None:
    assert id in verdict(saying(1), [shared(16, operation)]).broken
