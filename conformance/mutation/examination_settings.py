"""Settings of the examinations: few examples, and the same ones for every mutant."""

from __future__ import annotations

import gc

from hypothesis import settings

settings.register_profile(
    "mutation", derandomize=True, database=None, deadline=None, max_examples=25
)
settings.load_profile("mutation")


def pytest_collection_finish() -> None:
    """What was imported is not looked through again at each collection of garbage."""
    gc.collect()
    gc.freeze()
