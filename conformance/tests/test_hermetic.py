"""What Hypothesis draws is the same in every environment, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from hypothesis import configuration, settings

from tensorpact.cases.hermetic import drawing, hermetic

DRAWN = """
import sys
sys.path.insert(0, ".")
{imports}
from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.cases import search, story_search

claims = claims_of(backend)
for module in (search, story_search):
    for family in module.FAMILIES:
        print(family, [repr(case) for case in module.examples(family, claims, 60, 0)])
"""
CONSTANTS = [*range(1000, 1200), *(n + 0.125 for n in range(200)), "unheard", b"of"]


def drawn(folder: Path, imports: str) -> str:
    """The examples that a fresh process draws, with this folder as the current one."""
    command = [sys.executable, "-c", DRAWN.format(imports=imports)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_modules_of_the_environment_do_not_change_what_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "local.py").write_text(f"CONSTANTS = {CONSTANTS}")
    assert drawn(tmp_path, "import local") == drawn(tmp_path, "")


def test_nothing_is_left_in_the_current_folder(tmp_path: Path) -> None:
    drawn(tmp_path, "")
    assert not list(tmp_path.iterdir())


def test_hypothesis_is_given_back_as_it_was(tmp_path: Path) -> None:
    configuration.set_hypothesis_home_dir(tmp_path)
    try:
        with hermetic():
            assert configuration.storage_directory("examples").path.parent != tmp_path
        assert configuration.storage_directory("examples").path.parent == tmp_path
    finally:
        configuration.set_hypothesis_home_dir(None)


def test_the_profile_of_the_caller_does_not_change_what_is_drawn() -> None:
    settings.register_profile("of the caller", derandomize=True, max_examples=1)
    before = settings.get_current_profile_name()
    settings.load_profile("of the caller")
    try:
        inherited = drawing(7)
    finally:
        settings.load_profile(before)
    assert repr(inherited) == repr(drawing(7))


def test_threads_that_overlap_give_hypothesis_back_as_it_was(tmp_path: Path) -> None:
    first_in, second_in, first_out = Event(), Event(), Event()

    def first() -> None:
        with hermetic():
            first_in.set()
            second_in.wait(0.1)
        first_out.set()

    def second() -> None:
        first_in.wait()
        with hermetic():
            second_in.set()
            first_out.wait(0.1)

    configuration.set_hypothesis_home_dir(tmp_path)
    try:
        with ThreadPoolExecutor(2) as pool:
            for run in [pool.submit(first), pool.submit(second)]:
                run.result()
        assert configuration.storage_directory("examples").path.parent == tmp_path
    finally:
        configuration.set_hypothesis_home_dir(None)
