"""The recipes for continuous integration do what they say, as far as no service is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tensorpact.scaffold.text import rendered

DOCS = Path(__file__).parents[2] / "docs"
WORKFLOW, SCRIPT = DOCS / "recipes/github-actions.yml", DOCS / "recipes/ci.sh"
PAGE = DOCS / "how-to-ci.md"
FAULT = "sharing.copy-false-never-copies"

SHIM = f"""#!/bin/sh
case $1 in run|baseline) set -- "$@" --only {FAULT};; esac
exec {sys.executable} -m tensorpact "$@"
"""
"""The command, for one guarantee only."""


def workflow() -> Any:
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow()["jobs"]["conformance"]["steps"]
    return found


# --------------------------------------------------------------------------- the texts


def test_the_workflow_is_one_that_github_takes() -> None:
    check = ("check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW))
    done = subprocess.run([sys.executable, "-m", *check], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_the_workflow_may_read_the_repository_and_nothing_else() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    checkout = next(step for step in steps() if "checkout" in step.get("uses", ""))
    assert checkout["with"] == {"persist-credentials": False}


def test_every_action_is_one_of_github_at_a_major_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)
    assert used


def test_init_writes_the_very_workflow() -> None:
    assert rendered("workflow.yml", name="mylib") == WORKFLOW.read_text(encoding="utf-8")


@pytest.mark.parametrize("recipe", [WORKFLOW, SCRIPT], ids=lambda path: str(path.name))
def test_the_page_shows_the_very_recipe(recipe: Path) -> None:
    shown = re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert recipe.read_text(encoding="utf-8") in shown


# --------------------------------------------------------------------------- what they do


class Checkout:
    """A folder as a CI finds it: an adapter in it, and tensorpact on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shim = folder / "bin" / "tensorpact"
        shim.parent.mkdir()
        shim.write_text(SHIM, encoding="utf-8")
        shim.chmod(0o755)
        self.summary = folder / "summary.md"
        self.environment = {
            **os.environ,
            **workflow()["env"],
            "PATH": os.pathsep.join([str(shim.parent), os.environ["PATH"]]),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "BUDGET": "quick",
        }
        assert self.does("tensorpact init mylib") == 0

    def break_library(self) -> None:
        adapter = self.folder / "mylib_adapter.py"
        text = adapter.read_text(encoding="utf-8")
        assert "copy=copy)" in text
        adapter.write_text(text.replace("copy=copy)", "copy=copy or None)"), encoding="utf-8")

    def does(self, script: str, **changes: str) -> int:
        """The exit code of a step, run as GitHub runs it."""
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        environment = {**self.environment, **changes}
        return subprocess.run(command, cwd=self.folder, env=environment, check=False).returncode

    def is_due(self, step: dict[str, Any], failed: list[str]) -> bool:
        if "if" not in step:
            return not failed
        assert step["if"] == "${{ !cancelled() && hashFiles('report.jsonl') != '' }}"
        return (self.folder / "report.jsonl").exists()

    def job(self, **changes: str) -> list[str]:
        """The names of the steps that failed; after one of them only those run that say so."""
        failed: list[str] = []
        for step in steps():
            name, script = step.get("name", ""), step.get("run", "")
            if not script or script.startswith("python -m pip"):
                continue
            if self.is_due(step, failed) and self.does(script, **changes):
                failed.append(name)
        return failed


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def kept(folder: Path) -> list[str]:
    """What the step that keeps the reports would find."""
    paths = steps()[-1]["with"]["path"].split()
    return [path for path in paths if (folder / path).stat().st_size]


def test_a_job_succeeds_and_reports_where_the_library_conforms(checkout: Checkout) -> None:
    assert checkout.job() == []
    assert kept(checkout.folder) == ["report.jsonl", "report.html", "badge.json"]
    assert "mylib" in checkout.summary.read_text(encoding="utf-8")
    assert json.loads((checkout.folder / "badge.json").read_text(encoding="utf-8"))


def test_a_job_fails_and_reports_all_the_same_where_it_does_not(checkout: Checkout) -> None:
    checkout.break_library()
    assert checkout.job() == ["Judge the library"]
    assert kept(checkout.folder) == ["report.jsonl", "report.html", "badge.json"]
    assert FAULT in checkout.summary.read_text(encoding="utf-8")


def test_a_job_succeeds_by_a_file_of_what_is_known_to_fail(checkout: Checkout) -> None:
    checkout.break_library()
    assert checkout.does("tensorpact baseline $BACKEND --budget quick --write") == 0
    assert checkout.job(DEVIATIONS="tensorpact-deviations.toml") == []


def test_a_job_without_results_ends_at_the_adapter(checkout: Checkout) -> None:
    (checkout.folder / "mylib_adapter.py").write_text("backend = None", encoding="utf-8")
    assert checkout.job() == ["Test the adapter"]


@pytest.mark.parametrize(("broken", "verdict"), [(False, 0), (True, 1)])
def test_the_script_ends_as_the_run_and_leaves_every_report(
    checkout: Checkout, broken: bool, verdict: int
) -> None:
    if broken:
        checkout.break_library()
    assert checkout.does(f"{SCRIPT} mylib_adapter:backend none") == verdict
    reports = checkout.folder / "reports"
    forms = {path.suffix for path in reports.iterdir() if path.stat().st_size}
    assert forms == {".jsonl", ".md", ".xml", ".html", ".json"}


def test_the_script_says_what_it_wants(checkout: Checkout) -> None:
    assert checkout.does(str(SCRIPT)) != 0
