"""The guarantees about copying acquit the unusual; the zoo has what they must condemn."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import derive
from tensorpact.backends.reference import backend as reference_backend
from tensorpact.cases.model import Block, Case, call
from verdicts import verdict


def test_one_copy_by_whoever_makes_it_is_enough() -> None:
    lent = Block(exporter="dlpack")
    cases = [Case(lent, call("from_dlpack", copy=True)), Case(lent, call("tensor"))]
    assert "copying.copies-once" in verdict(reference_backend, cases).kept


def test_leaving_out_write_claims_nothing() -> None:
    silent = derive(numpy_backend, write=None)
    assert not verdict(silent, [Case(Block(), call("asarray"))]).broken


def test_an_exporter_that_does_not_know_copy_may_be_refused_for_it() -> None:
    def asarray(data: Any, **options: Any) -> Any:
        if options.get("copy") is True and not isinstance(data, np.ndarray | list):
            raise TypeError("__array__() takes no copy")
        return np.asarray(data, **options)

    backend = derive(numpy_backend, operations={"asarray": asarray})
    id = "copying.copy-true-refuses-nothing"
    old, new = (
        Case(Block(exporter), call("asarray", copy=True))
        for exporter in ("array_protocol_old", "array_interface")
    )
    assert id not in verdict(backend, [old]).broken
    assert id in verdict(backend, [new]).broken


def test_a_call_that_seals_its_source_is_no_fault_of_the_adapter() -> None:
    def asarray(data: Any, **options: Any) -> Any:
        made = np.array(data, **options)
        data.flags.writeable = False
        return made

    backend = derive(numpy_backend, operations={"asarray": asarray})
    own = Block("own", alignment=0)
    late = Case(own, call("asarray", copy=True), schedule="overwritten")
    assert "copying.copies-are-made-at-once" not in verdict(backend, [late]).broken
    at_once = Case(Block(), call("asarray", copy=True))
    assert "copying.source-is-untouched" in verdict(backend, [at_once]).broken
