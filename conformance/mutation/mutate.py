"""Changes one thing at a time in the reference, or in the probes, and asks who notices.

    pip install mutmut==3.8.1
    python conformance/mutation/mutate.py reftensor [--work FOLDER] [--jobs N]
    python conformance/mutation/mutate.py probes

A mutant that no test kills is either argued away in survivors.toml, with the reason why nobody
can tell it from the original, or a hole in the tests; the exit code is 1 where there is a hole.
The result stands among the fixtures, and docs/mutation.md is made from it. With --work, an
interrupted run goes on where it was.

mutmut changes what is inside functions and methods without decorators. The rule tables are
data: every row of them is examined by golden vectors instead.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = ROOT / "fixtures" / "tensorpact_fixtures" / "mutation"
RECORD, SURVIVORS = KEPT / "record.json", KEPT / "survivors.toml"

# What mutmut notes down as the end of the tests: see its `stats.status_by_exit_code`.
SURVIVED = {0, 5, 33}
TIMED_OUT = {-24, 24, 36, 152, 255}
NOT_TRIED = {None, 2}

PYTEST = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:tensorpact")
SETTINGS = """\
[tool.mutmut]
source_paths = ["{package}"]
only_mutate = ["{only}"]
also_copy = ["examined"]
pytest_add_cli_args = {pytest}
pytest_add_cli_args_test_selection = ["examined"]
use_git_change_detection = false

[tool.pytest.ini_options]
python_files = ["test_*.py", "examine_*.py"]
filterwarnings = ["ignore"]
"""


@dataclass(frozen=True)
class Target:
    """What is mutated, and the folders and files of tests that examine it."""

    package: Path
    only: str
    examined_by: tuple[Path, ...]


TARGETS: Mapping[str, Target] = {
    "reftensor": Target(
        ROOT / "reference" / "reftensor",
        "reftensor/*",
        (ROOT / "reference" / "tests", HERE / "examine_reference.py"),
    ),
    "probes": Target(
        ROOT / "conformance" / "tensorpact",
        "tensorpact/probes/*",
        (HERE / "examine_probes.py",),
    ),
}


@dataclass(frozen=True)
class Mutant:
    """A mutant that lives: the function, and the lines that were changed and what they became."""

    name: str
    function: str
    was: str
    now: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when other mutants come and go."""
        return self.function, self.was, self.now


@click.command()
@click.argument("target", type=click.Choice(list(TARGETS)))
@click.option("--work", type=click.Path(path_type=Path), help="Kept, and gone on with.")
@click.option("--jobs", default=2, show_default=True, help="Mutants tried at a time.")
def main(target: str, work: Path | None, jobs: int) -> None:
    """Mutation testing by mutmut; see docs/mutation.md for what came of it."""
    work = work or Path(tempfile.mkdtemp(prefix="tensorpact-mutation-"))
    prepare(work, TARGETS[target])
    subprocess.run(["mutmut", "run", "--max-children", str(jobs)], cwd=work, check=True)
    ends = {name: end for name, end in ends_of(work) if end not in NOT_TRIED}
    with ThreadPoolExecutor(jobs) as pool:
        survivors = [name for name, end in ends.items() if end in SURVIVED]
        mutants = pool.map(partial(mutant, work), survivors)
        told = [each for each in mutants if not is_about_texts(each.was, each.now)]
        again = pool.map(partial(survives_alone, work), told)
        alive = [each for each, lives in zip(told, again, strict=True) if lives]
    argued = {(each["in"], each["was"], each["now"]) for each in arguments(target)}
    holes = [each for each in alive if each.key not in argued]
    record(target, ends, texts=len(survivors) - len(told), alive=len(alive), holes=len(holes))
    for hole in holes:
        click.echo(f"\n{hole.name}\n{hole.was}\n    became\n{hole.now}")
    for stale in argued - {each.key for each in alive}:
        click.echo(f"\nargued away, but killed or gone: {stale[0]}\n{stale[1]}")
    click.echo(f"\n{len(ends)} mutants, {len(alive)} alive, {len(holes)} of them not argued away")
    sys.exit(bool(holes))


def prepare(work: Path, target: Target) -> None:
    """A folder as mutmut wants it: the package, its tests, its settings."""
    work.mkdir(parents=True, exist_ok=True)
    package = target.package.name
    shutil.copytree(target.package, work / package, dirs_exist_ok=True)
    for tests in target.examined_by:
        if tests.is_dir():
            shutil.copytree(tests, work / "examined", dirs_exist_ok=True)
        else:
            (work / "examined").mkdir(exist_ok=True)
            shutil.copy(tests, work / "examined")
    settings = SETTINGS.format(package=package, only=target.only, pytest=json.dumps(PYTEST))
    (work / "pyproject.toml").write_text(settings, "utf-8")
    profile = (HERE / "examination_settings.py").read_text("utf-8")
    (work / "examined" / "conftest.py").write_text(profile, "utf-8")


def ends_of(work: Path) -> Iterator[tuple[str, int | None]]:
    """Every mutant by name, with the exit code of its tests; None where it was not tried."""
    for noted in sorted((work / "mutants").rglob("*.meta")):
        yield from json.loads(noted.read_text("utf-8"))["exit_code_by_key"].items()


def mutant(work: Path, name: str) -> Mutant:
    """What mutmut has changed, by its own account."""
    shown = subprocess.run(["mutmut", "show", name], cwd=work, capture_output=True, text=True)
    lines = [line for line in shown.stdout.splitlines() if not line.startswith(("---", "+++"))]
    was = "\n".join(line[1:].strip() for line in lines if line.startswith("-"))
    now = "\n".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Mutant(name, name.partition("__mutmut_")[0], was, now)


_PROSE = re.compile(r"""f?("[^"]* [^"]*"|'[^']* [^']*')""")


def is_about_texts(was: str, now: str) -> bool:
    """Whether nothing but a text for people differs: one that has spaces in it, or lacks now.

    What the messages of exceptions say is no promise.
    """
    before = _PROSE.sub("TEXT", was)
    after = _PROSE.sub("TEXT", now)
    lacking = ("None", "")
    without = {before.replace("TEXT", less, 1) for less in lacking} | {before}
    without |= {re.sub(r"(, TEXT|TEXT, )", "", before, count=1), before.replace("TEXT", "", 1)}
    return "TEXT" in before and _plain(after) in {_plain(text) for text in without}


def _plain(text: str) -> str:
    return re.sub(r"\s|,(?=\s*\))", "", text)


def survives_alone(work: Path, mutant: Mutant) -> bool:
    """Whether the tests also pass in a process of its own, where it is there at import."""
    environment = {**os.environ, "MUTANT_UNDER_TEST": mutant.name, "PYTHONPATH": "."}
    command = [sys.executable, "-m", "pytest", "-x", *PYTEST, "examined"]
    try:
        tests = subprocess.run(
            command, cwd=work / "mutants", env=environment, capture_output=True, timeout=600
        )
    except subprocess.TimeoutExpired:  # nobody overlooks tests that never end
        return False
    return tests.returncode == 0


def arguments(target: str) -> list[dict[str, str]]:
    """The mutants that were argued away, with the reasons."""
    found: list[dict[str, str]] = tomllib.loads(SURVIVORS.read_text("utf-8")).get(target, [])
    return found


def record(
    target: str, ends: Mapping[str, int | None], *, texts: int, alive: int, holes: int
) -> None:
    """Write down what came of it, beside what came of the other target."""
    known = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    hung = sum(end in TIMED_OUT for end in ends.values())
    known[target] = {
        "mutants": len(ends),
        "killed": len(ends) - hung - texts - alive,
        "timed out": hung,
        "texts": texts,
        "argued away": alive - holes,
        "holes": holes,
        "python": platform.python_version(),
        "mutmut": version("mutmut"),
    }
    RECORD.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
