from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import weakref
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

import pytest

from tensorpact.probes import exits
from tensorpact.probes.exits import _ended
from tensorpact.seen.life import Exit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks where that is safe")


def test_a_fork_that_does_nothing_exits_in_order() -> None:
    assert _ended(lambda: None) == Exit()


def test_a_fork_that_dies_is_told_by_its_signal() -> None:
    assert _ended(os.abort).cause == "SIGABRT"


def test_what_a_library_does_at_the_exit_is_done_where_a_fork_is_to_shut_down() -> None:
    def drained() -> None:
        os._exit(7)

    atexit.register(drained)
    try:
        assert _ended(lambda: None) == Exit()
        assert _ended(lambda: None, shutting_down=True).cause == "exit code 7"
    finally:
        atexit.unregister(drained)


def test_what_a_library_finalizes_at_the_exit_is_finalized_there_too() -> None:
    finalizer = weakref.finalize(test_a_fork_that_dies_is_told_by_its_signal, lambda: os._exit(7))
    try:
        assert _ended(lambda: None, shutting_down=True).cause == "exit code 7"
    finally:
        finalizer.detach()


def test_a_thread_of_a_library_is_seen_and_one_of_the_harness_is_not() -> None:
    release = threading.Event()
    worker = threading.Thread(target=lambda: release.wait(5))
    assert not exits._has_threads()
    worker.start()
    try:
        assert exits._has_threads()
    finally:
        release.set()
        worker.join()
    assert not exits._has_threads()


def test_a_fork_that_fails_before_its_exit_says_nothing_of_it() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    assert _ended(interrupt).cause == exits._name(exits._OTHERWISE)


def test_a_fork_may_say_more_than_a_pipe_holds() -> None:
    found = _ended(lambda: ctypes.CDLL(None).write(2, b"x" * 200_000, 200_000))
    assert not found.cause
    assert set(found.output) == {"x"}


def test_a_fork_that_cannot_disown_what_is_its_parents_is_no_orderly_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("weakref.finalize._registry")
    assert _ended(lambda: None).cause


def test_the_files_of_a_process_outlive_the_exit_of_its_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = (tmp_path / "pending").open("w")
    pending.write("once")
    kept: list[Any] = [NamedTemporaryFile(), TemporaryDirectory(), pending]  # noqa: SIM115
    # What only a module refers to is freed when Python exits; what a function refers to is not.
    monkeypatch.setattr(exits, "_kept", kept)
    del kept, pending
    assert _ended(lambda: None) == Exit()
    named, folder, pending = exits._kept
    pending.close()
    assert (tmp_path / "pending").read_text() == "once"
    assert Path(named.name).exists()
    assert Path(folder.name).exists()
