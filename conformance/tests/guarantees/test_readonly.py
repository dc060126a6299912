"""The guarantees about read-only memory acquit each way of keeping them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.cases.model import Block, Case, call
from tensorpact_fixtures.zoo.faulty.readonly import unprotected, warning_arrays
from verdicts import Array, Operation, verdict

LOCKED = Case(Block(readonly=True), call("asarray"))
IMPORTED = Case(Block(exporter="dlpack", readonly=True), call("from_dlpack"))


def refuse(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        raise ValueError("the array is read-only")
    return np.asarray(data, **given)


def warn_and_protect(data: Any, **given: Any) -> Array:
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        warnings.warn("the array is not writable", stacklevel=2)
    return np.asarray(data, **given)


@pytest.mark.parametrize(
    "keeping",
    [refuse, np.array, np.asarray, warn_and_protect, warning_arrays().operations["asarray"]],
)
def test_refusing_copying_protecting_and_warning_all_keep_the_promise(keeping: Operation) -> None:
    keeper = derive(numpy_backend, operations={"asarray": keeping})
    seen = verdict(keeper, [LOCKED])
    assert "readonly.sharing-warns-or-protects" in seen.kept
    assert not {name for name in seen.broken if name.startswith(("readonly.", "sharing."))}


def test_a_library_without_read_only_arrays_may_ignore_the_flag() -> None:
    """The standard prefers that to an exception."""

    def import_unprotected(data: Any, **given: Any) -> Any:
        return unprotected(np.from_dlpack(data, **given))

    plain = derive(warning_arrays(), operations={"from_dlpack": import_unprotected})
    assert not verdict(plain, [IMPORTED]).broken


def test_what_cannot_say_that_it_is_writable_may_be_protected() -> None:
    legacy = Case(Block(exporter="dlpack_old"), call("from_dlpack"))
    assert not verdict(numpy_backend, [legacy]).broken
