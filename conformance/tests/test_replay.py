"""A finding can be tried again from its id alone, and a report says which of its own are fixed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tensorpact
from tensorpact.cases.model import Block, Case, call
from tensorpact.cases.short import case_of, shortened
from tensorpact.cli import main
from tensorpact.errors import UsageError
from tensorpact.reports.model import BROKEN, Verdict
from tensorpact.reports.replay_id import UNNAMED, ReplayId, replay_id
from tensorpact.runner.replay import replay, replays
from tensorpact.selftest.member import Member
from tensorpact_fixtures.zoo import members

ZOO = members()
WITNESSES = [case for member in ZOO.values() for case in member.witness]
GUILTY = [
    ZOO[name]
    for name in (
        "columns-of-uint16-abort",
        "fractions-after-floats-are-numbers",
        "legacy-answers-are-refused",
        "interface-shapes-leak",
        "large-copies-are-put-off",
    )
]
NEGATIVE = Case(Block(layout="negative"), call("asarray"))
FIRST = "1QwQDQS1Y8gCUEVurg8SOra2tBQA"
"""A word as the first version made it; it must be read as long as its number is."""


def invoke(*words: str) -> Result:
    return CliRunner().invoke(main, ["replay", *words], prog_name="tensorpact")


# --------------------------------------------------------------------------- words and ids


@pytest.mark.parametrize("case", WITNESSES, ids=shortened)
def test_a_word_gives_its_case_back(case: Case) -> None:
    assert case_of(shortened(case)) == case


def test_words_of_the_first_version_are_still_read() -> None:
    assert shortened(case_of(FIRST)) == FIRST


def test_most_words_fit_beside_a_guarantee_into_a_line() -> None:
    lengths = sorted(len(shortened(case)) for case in WITNESSES)
    assert lengths[len(lengths) // 2] < 40


def test_an_id_gives_its_parts_back() -> None:
    made = ReplayId("package.module:backend", "sharing.array-is-shared", NEGATIVE)
    assert replay_id(f" {made}\n") == made


WORD = shortened(NEGATIVE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("torch", "no replay id"),
        (f"/sharing.array-is-shared/{WORD}", "no replay id"),
        (f"torch/sharing.array-is-shard/{WORD}", "did you mean"),
        (f"torch/sharing.array-is-shared/2{WORD[1:]}", "another version"),
        (f"torch/sharing.array-is-shared/{WORD[:-4]}", "cannot be read"),
        (f"torch/sharing.array-is-shared/{WORD[:5]}!!", "not whole"),
        ("torch/sharing.array-is-shared/1", "cannot be read"),
    ],
)
def test_what_is_no_id_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        replay_id(text)


# --------------------------------------------------------------------------- replaying


@pytest.mark.parametrize("member", GUILTY, ids=lambda member: member.name)
def test_the_guilty_fail_again_and_the_sound_do_not(member: Member) -> None:
    assert replay(member.make(), member.witness[0]).verdict(member.breaks) in BROKEN
    assert replay(member.sound(), member.witness[0]).verdict(member.breaks) is Verdict.PASS


def test_what_a_case_does_not_test_is_not_called_kept() -> None:
    found = replay("reference", NEGATIVE)
    assert found.verdict("dtype.floats-infer-default-float") is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("guarantee", ["error.nothing-crashes", "sharing.array-is-shared"])
def test_what_could_not_be_made_is_not_called_kept(guarantee: str) -> None:
    untried = replace(replay("reference", NEGATIVE), judged=(), unbuilt="no such memory")
    assert untried.verdict(guarantee) is Verdict.NOT_EXERCISED


def test_everything_seen_is_told() -> None:
    seen = dict(replay("reference", NEGATIVE).facts)
    assert seen["result, shape"] == "(2, 3)"
    assert seen["result, writes, source to result"] == "at every element"


def test_a_case_that_the_backend_cannot_have_is_not_tried() -> None:
    elsewhere = Case(Block("own", device="nowhere", alignment=0), call("asarray"))
    assert [*replays("numpy", [elsewhere])] == [None]
    with pytest.raises(UsageError, match="cannot be tried on numpy"):
        replay("numpy", elsewhere)


# --------------------------------------------------------------------------- the command


FAULTY = "zoo:bfloat16-is-copied-as-numbers"
BROKEN_ID = ReplayId(FAULTY, ZOO[FAULTY[4:]].breaks, ZOO[FAULTY[4:]].witness[0])


def test_the_command_tells_all_of_one_finding_and_exits_with_its_verdict() -> None:
    failed = invoke(str(BROKEN_ID))
    assert failed.exit_code == 1
    assert f"{BROKEN_ID.guarantee} (SHOULD): fail" in failed.output
    assert invoke(str(BROKEN_ID), "--backend", "reference").exit_code == 0


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "report.jsonl"
    found = tensorpact.run(FAULTY, only=[BROKEN_ID.guarantee], budget="quick", output=path)
    assert found.findings
    return path


def test_a_report_is_tried_finding_by_finding(report: Path) -> None:
    again, mended = invoke(str(report)), invoke(str(report), "--backend", "reference")
    assert (again.exit_code, mended.exit_code) == (1, 0)
    *lines, last = mended.output.splitlines()
    assert all(line.startswith("fixed ") for line in lines)
    assert last == f"of {len(lines)} findings: {len(lines)} fixed"


def test_every_id_of_a_report_can_be_tried_alone(report: Path) -> None:
    (word, id), *_ = (line.split() for line in invoke(str(report)).output.splitlines())
    assert word == "fails"
    assert invoke(id).exit_code == 1


def test_a_backend_without_a_name_has_to_be_named() -> None:
    nameless = str(ReplayId(UNNAMED, BROKEN_ID.guarantee, BROKEN_ID.case))
    refused = invoke(nameless)
    assert (refused.exit_code, "--backend" in refused.stderr) == (2, True)
    assert invoke(nameless, "--backend", FAULTY).exit_code == 1
