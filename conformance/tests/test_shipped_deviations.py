"""What is shipped about real libraries is true, and hides nothing but what it says."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import tensorpact
from deviation_texts import SHARED, entry, written
from tensorpact.cases.axes import axes_of
from tensorpact.deviations.baseline import without
from tensorpact.deviations.files import read, shipped
from tensorpact.reports.model import Report, Verdict


def installed(requirement: str) -> bool:
    """Whether the library is here, in a version that the shipped file speaks of."""
    wanted = Requirement(requirement)
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False


def judged(backend: str, file: str) -> Report:
    return tensorpact.run(backend, only=[SHARED], budget="quick", jobs=1, deviations=[file])


@pytest.fixture
def torch() -> str:
    """The text of the shipped file."""
    file = shipped()["torch"]
    condition = read(file)[0].when.requirements[0]
    if not installed(condition):
        pytest.skip(f"no {condition}")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("library", shipped())
def test_each_entry_has_a_condition_and_covers_what_shows_it(library: str) -> None:
    found = read(shipped()[library])
    assert found
    assert all(deviation.when.requirements for deviation in found)
    assert all(one.region.has(axes_of(case)) for one in found for case in one.witness)


def test_with_the_shipped_file_a_library_conforms(torch: str) -> None:
    report = judged("torch", "shipped")
    assert SHARED in torch
    assert report[SHARED].verdict is Verdict.KNOWN
    assert report.exit_code() == 0


def test_with_one_entry_deleted_it_does_not(torch: str, tmp_path: Path) -> None:
    entries = read(shipped()["torch"])
    one = next(entry.number for entry in entries if entry.guarantee == SHARED)
    report = judged("torch", written(tmp_path / "torch.toml", without(torch, {one})))
    assert report[SHARED].verdict is Verdict.FAIL
    assert report.exit_code() == 1


def test_with_one_entry_made_stale_it_does_not(torch: str, tmp_path: Path) -> None:
    report = judged("torch", written(tmp_path / "torch.toml", torch, entry(axes=None)))
    assert report[SHARED].verdict is Verdict.STALE
    assert report.exit_code() == 1


def test_a_defect_beside_a_known_one_is_found(torch: str, tmp_path: Path) -> None:
    report = judged("planted", written(tmp_path / "torch.toml", torch))
    assert report[SHARED].upheld
    assert any("dtype=int16" in axes_of(finding.case) for finding in report[SHARED].new)
    assert report.exit_code() == 1
