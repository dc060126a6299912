"""The self-test finds what is wrong with a suite, and nothing where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tensorpact.backends.reference import backend as reference
from tensorpact.cli import main
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Level
from tensorpact.selftest import recorded
from tensorpact.selftest.examination import Examination, Kill, examined
from tensorpact.selftest.exams import Exam, Manner, exams
from tensorpact.selftest.journal import journal
from tensorpact.selftest.matrix import Matrix, matrix
from tensorpact.selftest.member import Member
from tensorpact.selftest.summary import lines

RIGHT, KIN, WRONG = (
    "copying.copy-true-always-copies",
    "copying.result-is-writable",
    "dtype.round-trip",
)


def healthy() -> object:
    return reference


FAULTY = Member("faulty", "It is.", lambda: reference, lambda: reference, "reference", (), RIGHT,
                frozenset({KIN}))  # fmt: skip
ODD = replace(FAULTY, name="odd", breaks="", also=frozenset(), address="https://allows.it")
ZOO = {"faulty": FAULTY, "odd": ODD}


def judged(
    condemned: dict[str, tuple[str, ...]], budget: str = "standard", seeds: int = 1
) -> Matrix:
    """The matrix where each member, or the reference, is condemned by these."""
    results = {}
    for exam in exams(ZOO, budget, seeds, whole=True):
        name = "reference" if exam.sound else exam.member
        kills = tuple(Kill(id, 10, 0.5) for id in condemned.get(name, ()))
        results[exam] = Examination(kills, 100, 1.0)
    return matrix(ZOO, budget, seeds, results, partial=True)


def test_a_suite_that_condemns_the_faulty_and_acquits_the_odd_is_without_error() -> None:
    found = judged({"faulty": (RIGHT,)})
    assert not found.errors
    assert found.found == 1
    assert found.exit_code() == 0


@pytest.mark.parametrize(
    ("condemned", "words"),
    [
        ({}, "faulty survives"),
        ({"faulty": (KIN,)}, "faulty survives"),
        ({"faulty": (RIGHT, WRONG)}, "faulty is condemned for another reason"),
        ({"faulty": (RIGHT,), "odd": (WRONG,)}, "odd is condemned by"),
        ({"faulty": (RIGHT,), "reference": (RIGHT,)}, "faulty survives"),
    ],
    ids=["nobody", "kin alone", "a stranger", "the odd one", "what it is made out of"],
)
def test_an_error_is_told_in_a_sentence(condemned: dict[str, tuple[str, ...]], words: str) -> None:
    found = judged(condemned)
    (error,) = found.errors
    assert error.startswith(words)
    assert found.exit_code() == 1


def test_kin_and_what_condemns_the_base_are_no_error() -> None:
    assert not judged({"faulty": (RIGHT, KIN, WRONG), "reference": (WRONG,)}).errors


def test_a_guarantee_that_condemns_nobody_is_an_error_where_all_are_examined() -> None:
    found = replace(judged({"faulty": (RIGHT,)}), partial=False)
    scored = {g.id for g in TABLE.values() if g.level is not Level.OBSERVE}
    assert {error.partition(" ")[0] for error in found.errors} == scored - {RIGHT}


def test_what_quick_lets_pass_is_no_error_if_standard_condemns_it() -> None:
    survived = {Exam("faulty", "quick", 0, Manner.WHOLE): Examination((), 100, 1.0)}
    late = {Exam("faulty", "standard", 0, Manner.SOUGHT): Examination((Kill(RIGHT, 9, 0.1),), 9, 1)}
    zoo = {"faulty": FAULTY}
    assert matrix(zoo, "quick", 1, survived, partial=True).errors
    assert not matrix(zoo, "quick", 1, survived | late, partial=True).errors


def test_what_the_base_breaks_too_is_a_survivor_whoever_was_asked() -> None:
    for whole in (True, False):
        results = {
            exam: Examination((Kill(RIGHT, 10, 0.5),), 100, 1.0)
            for exam in exams({"faulty": FAULTY}, "quick", 1, whole=whole)
        }
        (error,) = matrix({"faulty": FAULTY}, "quick", 1, results, partial=True).errors
        assert error.startswith("faulty survives")


def test_a_base_that_could_not_be_examined_is_an_error() -> None:
    results = {
        exam: Examination((Kill(RIGHT, 10, 0.5),), 100, 1.0, "broken" if exam.sound else "")
        for exam in exams({"faulty": FAULTY}, "quick", 1, whole=False)
    }
    assert any("broken" in e for e in matrix({"faulty": FAULTY}, "quick", 1, results).errors)


def test_what_was_not_asked_is_not_recorded_as_nothing(tmp_path: Path) -> None:
    results = {
        exam: Examination(() if exam.sound else (Kill(RIGHT, 10, 0.5),), 100, 1.0)
        for exam in exams({"faulty": FAULTY}, "quick", 1, whole=False)
    }
    found = matrix({"faulty": FAULTY}, "quick", 1, results, partial=True)
    assert not found.errors
    recorded.write(found, tmp_path / "quick.json")
    text = (tmp_path / "quick.json").read_text(encoding="utf-8")
    assert json.loads(text)["members"]["faulty"]["others"] is None


def test_an_examination_that_failed_is_an_error() -> None:
    broken = {
        Exam("odd", "quick", 0, Manner.WHOLE): Examination((), 0, 0.0, "the adapter is broken")
    }
    (error,) = matrix({"odd": ODD}, "quick", 1, broken, partial=True).errors
    assert "the adapter is broken" in error


def test_the_sought_guarantee_ends_an_examination_early() -> None:
    from tensorpact_fixtures.zoo import backend

    faulty = backend("copy-true-shares")
    found = examined(faulty, "quick", 0, [RIGHT], RIGHT)
    assert found.condemned_by == {RIGHT}
    assert found.kills[0].cases <= found.cases


# --------------------------------------------------------------------------- what is kept


OPTIONS = {"suite": "1", "budget": "quick"}
EXAM = Exam("faulty", "quick", 0, Manner.SOUGHT)
MADE = Examination((Kill(RIGHT, 3, 0.25),), 5, 0.5)


def test_a_journal_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with journal(path, OPTIONS) as notes:
        notes.note(EXAM, MADE)
    with path.open("a", encoding="utf-8") as file:
        file.write('[{"member": "cut o')
    with journal(path, OPTIONS) as notes:
        assert notes.known == {EXAM: MADE}


@pytest.mark.parametrize("text", ['{"budget": "deep"}\n', "no JSON\n"])
def test_another_file_is_not_taken_for_a_journal(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kept"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError), journal(path, OPTIONS):
        pass
    assert path.read_text(encoding="utf-8") == text


def test_a_matrix_is_published_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / recorded.FOLDER).mkdir()
    recorded.write(judged({"faulty": (RIGHT, KIN)}), tmp_path / recorded.FOLDER / "standard.json")
    monkeypatch.setattr(recorded, "files", lambda _: tmp_path)
    found = recorded.published("standard")
    assert found is not None
    assert found.members["faulty"] == recorded.Record(10, 0.5, 1, 0, (KIN,))
    assert recorded.published("deep") is None


def test_the_summary_can_be_read_alone() -> None:
    *_, last = lines(judged({"faulty": (RIGHT,)}))
    assert "100.0% of 1 faulty backends condemned, 0 of 1 odd ones, 0 errors" in last


# --------------------------------------------------------------------------- the command


def invoked(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def test_a_member_that_there_is_not_is_a_usage_error() -> None:
    code, said = invoked("selftest", "copy-true-share")
    assert code == 2
    assert "'copy-true-shares'" in said


@pytest.mark.parametrize("arguments", [["--breaks", "copying.*"], ["copy-true-shares"]])
def test_the_zoo_is_listed_and_its_members_described(arguments: list[str]) -> None:
    code, said = invoked("zoo", *arguments)
    assert code == 0
    assert RIGHT in said
    assert "copy=True is ignored." in said


def test_a_self_test_says_what_it_made_of_a_member(tmp_path: Path) -> None:
    output = tmp_path / "matrix.json"
    arguments = ("--sought-only", "--all", "--jobs", "1", "-o", str(output))
    code, said = invoked("selftest", "copy-true-shares", *arguments)
    assert code == 0, said
    assert "100.0% of 1 faulty backends condemned" in said
    assert (
        json.loads(output.read_text(encoding="utf-8"))["members"]["copy-true-shares"]["found"] == 1
    )
