"""A plan small enough that a test can afford a whole run; as a pytest plugin, for a session."""

from __future__ import annotations

import pytest

from tensorpact.cases import plan
from tensorpact.cases.families import FAMILIES

FAMILY = "dtypes"


def only_one_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few batches; worker processes judge those that this process plans, and no others."""
    monkeypatch.setattr(plan, "BATCH", 40)
    monkeypatch.setattr(plan, "FAMILIES", {FAMILY: FAMILIES[FAMILY]})
    monkeypatch.setattr(plan, "_vector_groups", tuple)
    monkeypatch.setattr(plan, "_search_families", tuple)
    monkeypatch.setattr(plan, "_story_families", tuple)


def pytest_configure(config: pytest.Config) -> None:
    """`-p plans`: for the processes of xdist, which no fixture reaches."""
    monkeypatch = pytest.MonkeyPatch()
    only_one_family(monkeypatch)
    config.add_cleanup(monkeypatch.undo)
