"""A child process may do what it likes: what it noted comes home, and how it ended is known."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time

import pytest

from tensorpact.errors import AdapterFault, HarnessFault
from tensorpact.runner.isolation import Ending, How, Note, attempt, die_with_parent, isolate


def three(note: Note) -> None:
    for number in range(3):
        note(number)


def aborts(note: Note) -> None:
    three(note)
    os.abort()


def segfaults(note: Note) -> None:
    three(note)
    ctypes.string_at(0)


def leaves_quietly(note: Note) -> None:
    three(note)
    os._exit(0)


def is_killed(note: Note) -> None:
    three(note)
    os.kill(os.getpid(), signal.SIGKILL)


def hangs(note: Note) -> None:
    three(note)
    time.sleep(60)


def waits_for_its_turn(note: Note) -> None:
    """Half a second of work on a processor on which eight others have more to do."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    others = [multiprocessing.get_context("fork").Process(target=spin) for _ in range(8)]
    for other in others:
        other.start()
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
    note("done")
    for other in others:
        other.kill()


def spin() -> None:
    die_with_parent()
    while True:
        pass


def exhausts_the_stack(note: Note) -> None:
    """The hash of nested tuples recurses in C without a limit."""
    three(note)
    nested: tuple[object, ...] = ()
    for _ in range(1_000_000):
        nested = (nested,)
    hash(nested)


def blames_the_adapter(note: Note) -> None:
    note(0)
    raise AdapterFault("read raised KeyError")


def notes_and_blames_the_adapter(note: Note) -> None:
    three(note)
    raise AdapterFault("read raised KeyError")


def has_a_bug(_: Note) -> None:
    raise ZeroDivisionError


def says_why(_: Note) -> None:
    os.write(2, b"terminate called after throwing an instance of 'Error'\n")
    os.abort()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_notes_of_a_child_that_finishes_come_home(start: str) -> None:
    assert isolate(three, seconds=30, start=start) == ([0, 1, 2], Ending(How.DONE))


@pytest.mark.parametrize(
    ("work", "cause"),
    [
        (aborts, "SIGABRT"),
        (segfaults, "SIGSEGV"),
        (is_killed, "SIGKILL"),
        (exhausts_the_stack, "SIGSEGV"),
        (leaves_quietly, "exit code 0"),
    ],
)
def test_notes_survive_a_death_and_its_cause_is_known(work: object, cause: str) -> None:
    notes, ending = isolate(work, seconds=30)  # type: ignore[arg-type]  # a Work
    assert notes == [0, 1, 2]
    assert (ending.how, ending.cause) == (How.DIED, cause)


def test_a_child_that_makes_no_progress_is_ended() -> None:
    notes, ending = isolate(hangs, seconds=0.2)
    assert notes == [0, 1, 2]
    assert ending.how is How.HUNG


def test_a_child_is_ended_when_the_run_is_stopped() -> None:
    _, ending = isolate(hangs, seconds=60, stopped=lambda: True)
    assert ending.how is How.STOPPED


def test_a_fault_of_the_adapter_is_raised_here() -> None:
    with pytest.raises(AdapterFault, match="read raised KeyError"):
        isolate(blames_the_adapter, seconds=30)


def test_what_was_noted_before_a_fault_comes_home_to_whoever_wants_it() -> None:
    notes, ending = attempt(notes_and_blames_the_adapter, seconds=30)
    assert notes == [0, 1, 2]
    assert ending.how is How.STOPPED
    assert isinstance(ending.fault, AdapterFault)


def test_any_other_exception_is_a_fault_of_the_harness_with_its_traceback() -> None:
    with pytest.raises(HarnessFault, match=r"has_a_bug(?s:.*)ZeroDivisionError"):
        isolate(has_a_bug, seconds=30)


def test_what_it_said_is_kept_and_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    _, ending = isolate(says_why, seconds=30)
    assert ending.output == "terminate called after throwing an instance of 'Error'"
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long a process waited")
def test_who_waits_for_a_processor_does_not_hang() -> None:
    assert attempt(waits_for_its_turn, seconds=1.0) == (["done"], Ending(How.DONE))
