"""The guarantees as pytest items, by option and by decorator, with and without xdist."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import plans

# pytester forgets each module that is first imported within it. What other modules keep of such
# a one is then no longer the same, and does not pickle: all that a run needs is imported before.
import tensorpact.runner.run  # noqa: F401 - for its effect alone
from deviation_texts import entry, written

pytest_plugins = ["pytester"]

SHARED = "sharing.array-is-shared"
CRASHES = "error.nothing-crashes"
QUICK = ("--tensorpact-budget=quick", "-p", "no:cacheprovider")

DECORATED = f"""
import tensorpact

@tensorpact.parametrize("numpy", only=["{SHARED}", "grad.*"], budget="quick")
def test_numpy(guarantee):
    guarantee.check()
"""


@pytest.fixture(autouse=True)
def small_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    plans.only_one_family(monkeypatch)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*QUICK, *arguments)


def judge(
    pytester: pytest.Pytester, backend: str, *arguments: str, only: tuple[str, ...] = (SHARED,)
) -> pytest.RunResult:
    globs = [f"--tensorpact-only={glob}" for glob in only]
    return run(pytester, f"--tensorpact-backend={backend}", *globs, *arguments)


@pytest.fixture
def under_xdist(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The arguments for two worker processes with the small plan."""
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    return ("-n2", "-v", "-p", "plans")


def test_there_is_an_item_for_every_guarantee(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--tensorpact-backend=numpy", "--collect-only", "-q")
    result.stdout.fnmatch_lines([f"numpy::{SHARED}"])
    result.stdout.fnmatch_lines([f"numpy::{CRASHES}"])


def test_a_kept_guarantee_passes_without_any_test_file(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "numpy", "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"numpy::{SHARED} PASSED*"])


def test_a_broken_must_fails_with_the_finding_and_no_traceback(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "faulty:copying")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*required*", "*seen*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_a_crash_fails_its_guarantee_and_no_other(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "faulty:aborting", only=(SHARED, CRASHES))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the process ended by SIGABRT*"])


def test_a_crash_that_nobody_asked_for_fails_too(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "faulty:aborting")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"not selected, but seen in this run: {CRASHES} (MUST): crash"])
    result.stdout.fnmatch_lines(["*the process ended by SIGABRT*"])


def test_a_crash_that_nobody_asked_for_hides_no_finding(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "faulty:copying_and_aborting")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"{SHARED} (MUST): fail", "*", f"not selected, but seen in this run: {CRASHES} *"]
    )


def test_what_is_not_claimed_is_skipped(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "numpy", "-rs", only=(SHARED, "grad.tensor-is-a-leaf"))
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*not claimed*"])


def test_only_what_is_selected_is_judged(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "numpy", "-k", SHARED, only=())
    assert result.parseoutcomes()["passed"] == 1


@pytest.mark.parametrize(
    ("backend", "only", "message"),
    [
        ("nonesuch", SHARED, "ERROR: there is no backend 'nonesuch'*"),
        ("numpy", "nonesuch", "ERROR: no guarantee matches 'nonesuch'*"),
    ],
)
def test_what_does_not_exist_is_a_usage_error_in_one_sentence(
    pytester: pytest.Pytester, backend: str, only: str, message: str
) -> None:
    result = judge(pytester, backend, only=(only,))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_a_fault_of_the_adapter_is_said_without_a_traceback(pytester: pytest.Pytester) -> None:
    result = judge(pytester, "faulty:broken_adapter")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["AdapterFault: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_was_found_before_a_fault_is_shown_and_the_rest_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READS", str(pytester.path / "reads"))
    result = judge(pytester, "faulty:breaking_late", only=(SHARED, CRASHES))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([f"{SHARED} (MUST): fail"])
    result.stdout.fnmatch_lines(["the run is incomplete: *the 801st*"])


def test_items_work_under_xdist(pytester: pytest.Pytester, under_xdist: tuple[str, ...]) -> None:
    judging = ("--tensorpact-backend=numpy", "--tensorpact-only=sharing.*")
    result = pytester.runpytest_subprocess(*QUICK, *under_xdist, *judging)
    result.stdout.fnmatch_lines([f"*PASSED*numpy::{SHARED}*"])
    assert result.parseoutcomes()["passed"] > 1


def test_a_decorated_test_is_called_for_every_guarantee(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(DECORATED)
    result = run(pytester, "-v")
    result.stdout.fnmatch_lines([f"*::test_numpy?{SHARED}? PASSED*"])
    assert result.parseoutcomes()["skipped"] > 1


def test_a_decorated_test_works_under_xdist(
    pytester: pytest.Pytester, under_xdist: tuple[str, ...]
) -> None:
    pytester.makepyfile(DECORATED)
    result = pytester.runpytest_subprocess(*QUICK, *under_xdist)
    result.stdout.fnmatch_lines([f"*PASSED*{SHARED}*"])


def test_a_backend_object_can_be_decorated_with(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import faulty
        import tensorpact

        @tensorpact.parametrize(faulty.copying, only=["{SHARED}"], budget="quick")
        def test_mine(guarantee):
            guarantee.check()
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*required*"])


def test_a_known_deviation_is_an_expected_failure_with_its_reason(
    pytester: pytest.Pytester,
) -> None:
    known = written(pytester.path / "known.toml", entry())
    result = judge(pytester, "faulty:copying_half", f"--tensorpact-deviations={known}", "-rx")
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["XFAIL*defect: nobody had the time*"])


def test_a_stale_deviation_fails(pytester: pytest.Pytester) -> None:
    known = written(pytester.path / "known.toml", entry())
    result = judge(pytester, "numpy", f"--tensorpact-deviations={known}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no longer fails*"])


def test_pyproject_names_deviations_for_decorated_tests_too(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml('[tool.tensorpact]\ndeviations = ["known.toml"]\n')
    written(pytester.path / "known.toml", entry())
    pytester.makepyfile(DECORATED.replace('"numpy"', '"faulty:copying_half"'))
    run(pytester, "-k", SHARED).assert_outcomes(xfailed=1)


def test_a_malformed_deviation_file_ends_the_session(pytester: pytest.Pytester) -> None:
    wrong = written(pytester.path / "known.toml", entry(reason=""))
    result = judge(pytester, "numpy", f"--tensorpact-deviations={wrong}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*it needs a reason*"])


def test_an_unused_plugin_imports_nothing_of_the_engine() -> None:
    script = (
        "import sys, tensorpact.pytest_plugin\n"
        "loaded = {'numpy', 'hypothesis', 'tensorpact.guarantees'} & sys.modules.keys()\n"
        "sys.exit(f'imported: {loaded}' if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
