"""Every family of cases that the sweep of a run is taken out of, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random

from tensorpact.backends.protocol import Claims
from tensorpact.cases import (
    cost_families,
    device_families,
    dlpack_families,
    export_families,
    life_families,
    memory_families,
    rare_families,
    value_families,
)
from tensorpact.cases.model import Case

Family = Callable[[Claims, Random, int], Iterator[Case]]
"""What a family is given: the claims, its own randomness, and about how many cases to make."""
FAMILIES: Mapping[str, Family] = {
    **memory_families.FAMILIES,
    **device_families.FAMILIES,
    **value_families.FAMILIES,
    **rare_families.FAMILIES,
    **cost_families.FAMILIES,
    **dlpack_families.FAMILIES,
    **export_families.FAMILIES,
    **life_families.FAMILIES,
}

COVERED = frozenset(
    (
        "outliers", "scalars", "array scalars", "inference", "mixtures", "nesting", "ragged",
        "stacks", "texts", "values on devices", "typed buffers",
    )
)  # fmt: skip
"""Sweep families on whose ground the golden vectors stand, which every run tries before."""
