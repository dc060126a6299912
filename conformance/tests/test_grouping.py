"""Failing cases of one cause become one finding, and it says where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

import tensorpact
from tensorpact.backends.numpy import backend as sound
from tensorpact.backends.protocol import derive
from tensorpact.cases.axes import axes_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.region import Condition, Region
from tensorpact.reports.model import Finding, Verdict
from tensorpact.reports.where import in_words
from tensorpact.runner.evidence import Gathering
from tensorpact.runner.grouping import by_cause, without_doubles
from tensorpact.runner.outcome import distinct, signature

SHARED = "sharing.array-is-shared"
CASES = [
    Case(Block(exporter, dtype, (2,), alignment=64), call(operation))
    for operation in ("asarray", "as_tensor")
    for exporter in ("ndarray", "memmap")
    for dtype in ("float32", "int8", "bool")
]


def causes(fails: Callable[[Case], str]) -> tuple[Finding, ...]:
    """`fails` gives what is seen, empty where the guarantee is kept."""
    gathering, findings = Gathering(), []
    for case in CASES:
        if seen := fails(case):
            finding = Finding(SHARED, Verdict.FAIL, case, "", "shared", seen)
            gathering.breaks(signature(finding), case)
            findings.append(finding)
        else:
            gathering.keeps([SHARED], axes_of(case))
    return by_cause(distinct(findings), [gathering.evidence()])


def test_one_cause_is_one_finding_whatever_the_operation() -> None:
    (cause,) = causes(lambda case: "copied" * ("dtype=bool" in axes_of(case)))
    assert cause.where == Region((Condition("dtype", ("bool",)),))
    assert (cause.count, cause.kept) == (4, 0)


def test_two_ways_to_fail_are_two_findings() -> None:
    assert len(causes(lambda case: f"{case.call.operation} copied")) == 2


def test_two_causes_are_two_findings_even_where_they_fail_alike() -> None:
    def fails(case: Case) -> str:
        memmap, bools = (value in axes_of(case) for value in ("exporter=memmap", "dtype=bool"))
        return "copied" * (memmap or bools)

    found = {str(cause.where) for cause in causes(fails)}
    assert found == {str(Region((Condition(*c),))) for c in TWO}


TWO = (("exporter", ("memmap",)), ("dtype", ("bool",)))


@given(st.lists(st.booleans(), min_size=len(CASES), max_size=len(CASES)))
def test_every_failing_case_counts_once_and_the_example_lies_where_it_says(
    fails: list[bool],
) -> None:
    found = causes(lambda case: "copied" * fails[CASES.index(case)])
    assert sum(cause.count for cause in found) == sum(fails)
    assert all(c.where is not None and c.where.has(axes_of(c.case)) for c in found)


def test_a_finding_that_the_evidence_does_not_show_is_not_lost() -> None:
    finding = Finding(SHARED, Verdict.FAIL, CASES[0], "", "shared", "copied")
    assert by_cause([finding], []) == (finding,)


def test_findings_of_one_case_are_one_in_a_region_that_has_them_all() -> None:
    wheres = [Region((Condition("dtype", (dtype,)),)) for dtype in ("bool", "int8")]
    first = Finding(SHARED, Verdict.FAIL, CASES[0], "", "shared", "copied", 2)
    found = [replace(first, where=wheres[0]), replace(first, where=wheres[1], count=1)]
    (one,) = without_doubles(found, [])
    assert (one.count, one.where) == (3, Region((Condition("dtype", ("bool", "int8")),)))


def test_findings_of_two_cases_and_known_ones_stay_apart() -> None:
    first = Finding(SHARED, Verdict.FAIL, CASES[0], "", "shared", "copied")
    found = [first, replace(first, case=CASES[1]), replace(first, known="1")]
    assert list(without_doubles(found, [])) == found


def test_a_run_says_where_a_defect_lies() -> None:
    def asarray(data: object, **arguments: object) -> object:
        made = sound.operations["asarray"](data, **arguments)
        return made.copy() if made.ndim == 0 else made

    report = tensorpact.run(
        derive(sound, operations={"asarray": asarray}, name="copies-what-has-no-dimensions"),
        only=[SHARED],
        budget="quick",
        jobs=1,
    )
    (finding,) = report[SHARED].findings
    assert finding.where is not None
    assert Condition("shape", ("0-d",)) in finding.where.conditions
    assert "0-d" in in_words(finding.where)


def test_words_name_a_few_values_and_what_is_not_given() -> None:
    def words(axis: str, values: Iterable[str]) -> str:
        return in_words(Region((Condition(axis, tuple(values)),)))

    assert words("argument:copy", ("-", "False")) == "no copy= or copy=False"
    assert words("argument:device", ("cpu#0", "cpu#1")) == "device=cpu"
    assert words("dtype", map(str, range(6))).endswith("2 more")
