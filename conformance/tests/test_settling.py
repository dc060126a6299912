"""Waiting for a release costs nothing where nobody else could bring it about."""

from __future__ import annotations

import threading
import time

import pytest

from tensorpact.probes import settling
from tensorpact.probes.settling import comes_true


def test_what_another_thread_does_soon_comes_true() -> None:
    done = threading.Event()
    worker = threading.Timer(0.05, done.set)
    worker.start()
    assert comes_true(done.is_set)
    worker.join()


def test_a_process_of_one_thread_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
        raise AssertionError("it waits")

    monkeypatch.setattr(settling, "other_threads", lambda: False)
    monkeypatch.setattr(time, "sleep", sleep)
    assert not comes_true(lambda: False)
