"""Test an adapter before its library is judged, so that blame falls on the right side.

`smoke(backend)` uses the adapter's own functions on tensors that it makes itself; the
operations under test are called only where nothing else shows what a default is or whether
a device's spelling is taken.
"""

from __future__ import annotations

from collections.abc import Mapping

from tensorpact.backends.protocol import Backend
from tensorpact.backends.smoke.claims import wrong_claims
from tensorpact.backends.smoke.defaults import wrong_defaults
from tensorpact.backends.smoke.sample import Sample, samples
from tensorpact.backends.smoke.tensors import complaints

__all__ = ["smoke", "untried"]


def smoke(backend: Backend) -> tuple[str, ...]:
    """What is wrong with the adapter, one sentence each; empty when nothing is.

    Raises AdapterFault naming the function, the dtype and the device where one raises.
    """
    # Claims that hold are what the other tests are made from.
    return tuple(wrong_claims(backend)) or (*_wrong_tensors(backend), *wrong_defaults(backend))


def _wrong_tensors(backend: Backend) -> tuple[str, ...]:
    found: dict[str, list[Sample]] = {}
    for sample in samples(backend):
        for complaint in complaints(sample):
            found.setdefault(complaint, []).append(sample)
    return tuple(_sentence(complaint, subjects) for complaint, subjects in found.items())


def _sentence(complaint: str, subjects: list[Sample]) -> str:
    more = f", and {len(subjects) - 1} more" if subjects[1:] else ""
    return f"{complaint} ({subjects[0]}{more})"


def untried(backend: Backend) -> tuple[str, ...]:
    """What is never tried because the adapter leaves a function out, one sentence each."""
    return tuple(
        f"without {name}, {consequence}"
        for name, consequence in _WITHOUT.items()
        if not getattr(backend, name)
    )


_WITHOUT: Mapping[str, str] = {
    "make": "own tensors are never tried as input",
    "write": "results are never written to",
    "address": "addresses are never compared",
    "strides": "strides are never compared",
    "paths": "elements are read in one way only",
    "default_real": "the default dtype is never changed",
    "default_device": "the default device is never changed",
}
