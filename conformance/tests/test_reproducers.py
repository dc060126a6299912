"""A reproducer fails in a clean process, for the reason that the finding gives."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from tensorpact.backends.find import load
from tensorpact.backends.numpy import backend as numpy_backend
from tensorpact.backends.protocol import Backend, claims_of
from tensorpact.cases.model import Block, Case, Values, call, py
from tensorpact.cases.twists import TWISTS
from tensorpact.cases.words import word
from tensorpact.cli import main
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.defects import defect_of
from tensorpact.guarantees.model import Demand, DemandKind, Failure
from tensorpact.reports.fences import fenced, inline
from tensorpact.reports.jsonlines import from_json_lines, to_json_lines
from tensorpact.reports.model import Finding, Report, Verdict
from tensorpact.reports.plain import finding_text
from tensorpact.reports.replay_id import ReplayId
from tensorpact.reproducers import demands
from tensorpact.reproducers.capsules import by_hand
from tensorpact.reproducers.clean import OURS, Clean, NotStarted
from tensorpact.reproducers.made import UNFAIR, Script, Workshop
from tensorpact.reproducers.pairs import AGREEMENT, agreeing
from tensorpact.reproducers.source_text import needs_ours, with_imports
from tensorpact.reproducers.told import OF_STORIES
from tensorpact.reproducers.typed import typed
from tensorpact.runner.limits import Limits
from tensorpact.runner.run import run

SOUND = "from numpy import *\nimport numpy as np\n\n"
FAULTS = {
    "copies": (
        "def asarray(data, **others): return np.array(data, **(others | {'copy': True}))",
        ["sharing.array-is-shared"],
    ),
    "shares": (
        "def asarray(data, **others): return np.asarray(data, **(others | {'copy': None}))",
        ["copying.copy-true-always-copies"],
    ),
    "narrows": (
        "def asarray(data, **others):\n"
        "    made = np.asarray(data, **others)\n"
        "    return made if 'dtype' in others else made.astype('float32')",
        ["dtype.floats-infer-default-float", "dtype.ints-infer-default-int"],
    ),
    "clips": (
        "def asarray(data, dtype=None, **others):\n"
        "    if dtype == np.uint8 and type(data) is int: data = data % 256\n"
        "    return np.asarray(data, dtype=dtype, **others)",
        ["value.int-overflow-raises"],
    ),
    "rounds": (
        "def asarray(data, **others):\n"
        "    made = np.asarray(data, **others)\n"
        "    return np.round(made) if made.dtype.kind == 'f' else made",
        ["value.elements-are-exact"],
    ),
    "flattens": (
        "def asarray(data, **others): return np.asarray(data, **others).ravel()",
        ["shape.nesting-is-shape"],
    ),
    "aborts": (
        "import os\n"
        "def asarray(data, **others):\n"
        "    if getattr(data, 'dtype', None) == np.float16: os.abort()\n"
        "    return np.asarray(data, **others)",
        ["error.nothing-crashes"],
    ),
    "hangs": (
        "import time\n"
        "def asarray(data, **others):\n"
        "    if getattr(data, 'dtype', None) == np.float16: time.sleep(60)\n"
        "    return np.asarray(data, **others)",
        ["error.nothing-crashes"],
    ),
}
"""What may be wrong with the `asarray` of a library, and which guarantees see it."""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a library that the processes of a run can import, as others can."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "faultylib.py"
    sys.modules.pop("faultylib", None)


def adapted(path: Path, source: str) -> Backend:
    """NumPy's adapter for the library in the file."""
    path.write_text(SOUND + source + "\n")
    sys.modules.pop("faultylib", None)
    operations = {"asarray": __import__("faultylib").asarray}
    spelled = {"import": "import faultylib", "asarray": "faultylib.asarray"}
    words = {**numpy_backend.spelled, **spelled, "module": "faultylib"}
    return replace(numpy_backend, name="faultylib", operations=operations, spelled=words)


def judged(backend: Backend, only: list[str]) -> Report:
    return run(backend, only=only, budget="quick", jobs=1, limits=Limits(case_seconds=1.5))


def fresh(script: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The script in an interpreter of its own that has nothing of ours."""
    refuse = f"""
        import sys
        sys.path.insert(0, {str(path)!r})
        class Refuse:
            def find_spec(self, name, *_):
                if name.partition('.')[0] in {OURS!r}:
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Refuse())
        exec(compile(sys.stdin.read(), 'reproducer.py', 'exec'))
    """
    command = [sys.executable, "-I", "-c", textwrap.dedent(refuse)]
    return subprocess.run(command, input=script, capture_output=True, text=True, timeout=60)


def fails_as_found(finding: Finding, ended: subprocess.CompletedProcess[str]) -> bool:
    if finding.verdict is Verdict.CRASH:
        return ended.returncode < 0
    return ended.stderr.splitlines()[-1].startswith("AssertionError")


# --------------------------------------------------------------------------- faults


@pytest.mark.parametrize("fault", FAULTS)
def test_a_reproducer_fails_on_the_faulty_library_and_passes_on_the_sound_one(
    library: Path, fault: str
) -> None:
    source, only = FAULTS[fault]
    report = judged(adapted(library, source), only)
    planted = [f for f in report.findings if "SIGSEGV" not in f.seen]  # those are NumPy's own
    assert {finding.guarantee for finding in planted} >= set(only)
    for finding in planted:
        assert finding.reproducer, finding.unreproduced
        assert not needs_ours(finding.reproducer)
        assert "import faultylib" in finding.reproducer
    first = planted[0]
    if first.verdict is Verdict.TIMEOUT:
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, "-c", first.reproducer], cwd=library.parent, timeout=2, check=False
            )
    else:
        assert fails_as_found(first, fresh(first.reproducer, library.parent))
    library.write_text(SOUND)
    for finding in planted:
        ended = fresh(finding.reproducer, library.parent)
        assert ended.returncode == 0, finding.reproducer + ended.stderr


def test_a_fault_that_no_import_line_leads_to_has_no_reproducer_and_says_why() -> None:
    hidden = replace(numpy_backend, operations={"asarray": lambda data, **_: data.copy()})
    report = judged(hidden, ["sharing.array-is-shared"])
    assert report.findings
    for finding in report.findings:
        assert not finding.reproducer
        assert finding.unreproduced
        assert finding.unreproduced in " ".join(finding_text(finding, "").split())


def test_a_library_that_cannot_be_imported_by_its_word_is_named() -> None:
    words = {**numpy_backend.spelled, "import": "import no_such_library"}
    hidden = replace(
        numpy_backend, operations={"asarray": lambda data, **_: data.copy()}, spelled=words
    )
    report = judged(hidden, ["sharing.array-is-shared"])
    assert "import no_such_library" in report.findings[0].unreproduced


def test_every_demand_can_be_asked_by_a_script() -> None:
    assert {*get_args(DemandKind)} == {*demands.ASKED, AGREEMENT, *OF_STORIES}


def test_every_guarantee_has_a_kind_of_defect() -> None:
    failure = Failure("required", "seen")
    assert all(defect_of(id, failure) for id in TABLE)


# --------------------------------------------------------------------------- fairness


def scripted(
    case: Case, demand: Demand | None, seen: str = "", reference: str = ""
) -> Script | str:
    finding = Finding("dtype.round-trip", Verdict.FAIL, case, "", "", seen, reference=reference)
    with closing(Workshop(claims_of(numpy_backend))) as workshop:
        return workshop.script(finding, demand)


def test_what_the_reference_does_too_is_no_defect() -> None:
    case, demand = Case(Values(py([1.5])), call("asarray")), Demand("dtype", "int8")
    assert isinstance(scripted(case, demand), Script)
    assert scripted(case, demand, reference="returns float64 (1,) on cpu holding [1.5]") == UNFAIR


def test_an_exception_must_be_the_one_that_was_seen() -> None:
    case = Case(Values(py("text")), call("asarray", dtype="int8"))
    assert isinstance(scripted(case, None, "raised ValueError: text"), Script)
    assert isinstance(scripted(case, None, "raised BufferError: text"), str)


def test_a_name_that_the_library_does_not_have_is_said_and_makes_no_script_fail() -> None:
    spelled = {**numpy_backend.spelled, "asarray": "np.nonesuch"}
    claims = claims_of(replace(numpy_backend, spelled=spelled))
    case = Case(Values(py([1.5])), call("asarray"))
    finding = Finding("dtype.round-trip", Verdict.FAIL, case, "", "", "")
    with closing(Workshop(claims)) as workshop:
        made = workshop.script(finding, Demand("dtype", "int8"))
    assert isinstance(made, str)
    assert "np.nonesuch" in made


def test_a_sound_library_has_no_reproducer() -> None:
    memory = Demand("memory", "shared")
    assert isinstance(scripted(Case(Block(), call("asarray")), memory), str)
    assert isinstance(scripted(Case(Block(), call("tensor")), memory), Script)


@pytest.mark.parametrize("exporter", ["capsule", "dlpack", "ndarray", "own"])
@pytest.mark.parametrize("twist", ["", "offset_8"])
def test_two_calls_on_one_input_agree_where_the_library_does(exporter: str, twist: str) -> None:
    claims = claims_of(load("reference"))
    if twist and exporter not in ("capsule", "dlpack"):
        return
    alignment = 0 if exporter == "own" else 64
    case = Case(Block(exporter, alignment=alignment, twist=twist), call("as_tensor"))
    case = replace(case, call=call("from_dlpack")) if exporter == "capsule" else case
    made = typed(case, claims)
    texts = [with_imports(lines, word(claims, "import")) for lines in agreeing(made, made)]
    with closing(Clean(["import numpy", "import reftensor"])) as clean:
        ends = {text: clean.run(text, 5.0) for text in texts if text is not None}
    assert not {text: ended for text, ended in ends.items() if ended.how == "asserted"}
    assert any(ended.how == "passed" for ended in ends.values())


# --------------------------------------------------------------------------- clean processes


def test_a_script_that_ends_its_process_does_not_end_the_next_one() -> None:
    with closing(Clean(["import numpy"])) as clean:
        killing = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n"
        assert clean.run(killing, 5.0).how == "lost"
        assert clean.run("assert True", 5.0).how == "passed"


def test_a_library_that_cannot_be_imported_is_told_from_a_script_that_fails() -> None:
    with closing(Clean(["import nonesuch"])) as clean, pytest.raises(NotStarted):
        clean.run("assert True", 5.0)


def test_how_a_script_ends_is_told_apart() -> None:
    ends = {
        "assert 1 == 1": "passed",
        "import numpy as np\nassert np.zeros(1).tolist() == [1.0]": "asserted",
        "assert False\nx = 1": "raised",
        "def f(): assert False\nf()": "raised",
        "undefined": "raised",
        "import os; os.abort()": "SIGABRT",
        "import os; os._exit(3)": "exit code 3",
        "import time; time.sleep(60)": "hung",
        "raise SystemExit": "raised",
    }
    with closing(Clean(["import numpy"])) as clean:
        assert {script: clean.run(script, 1.0).how for script in ends} == ends


@pytest.mark.parametrize("name", OURS)
def test_nothing_of_ours_can_be_imported_unless_it_is_asked_for(name: str) -> None:
    with (
        closing(Clean(["import numpy"])) as clean,
        closing(Clean(["import numpy"], ours=True)) as ours,
    ):
        assert "ModuleNotFoundError" in clean.run(f"import {name}", 5.0).output
        assert ours.run(f"import {name}", 5.0).how == "passed"


def test_a_script_imports_what_it_names_and_no_more() -> None:
    assert with_imports(["x = np.zeros(1)"], "import numpy as np") == (
        "import numpy as np\n\nx = np.zeros(1)\n"
    )
    assert with_imports(["x = torch.zeros(1)"], "import numpy as np") is None
    assert with_imports(["an array of 3 elements"], "import numpy as np") is None


# --------------------------------------------------------------------------- reports


def test_a_report_of_before_is_read(library: Path) -> None:
    source, only = FAULTS["copies"]
    report = judged(adapted(library, source), only)
    assert from_json_lines(to_json_lines(report)) == report
    lines = [json.loads(line) for line in to_json_lines(report)]
    for line in lines:
        for finding in line.get("findings", ()):
            del finding["reproducer"], finding["unreproduced"]
    older = from_json_lines(json.dumps(line) + "\n" for line in lines)
    assert [f.case for f in older.findings] == [f.case for f in report.findings]
    assert not any(finding.reproducer for finding in older.findings)


# --------------------------------------------------------------------------- libraries


@pytest.fixture(scope="module", params=["numpy", "array-api-strict", "torch"])
def released(request: pytest.FixtureRequest) -> Report:
    """What is found in a library as it is released."""
    pytest.importorskip(request.param.replace("-", "_"))
    load(request.param)
    return run(request.param, budget="quick", jobs=2)


def test_every_reproducer_fails_without_tensorpact(released: Report) -> None:
    plain = [f for f in released.findings if f.reproducer and not needs_ours(f.reproducer)]
    assert len(plain) > 0.85 * len(released.findings)
    slow = released.header.claims.name == "torch"  # to import, so most are tried in forks
    with closing(Clean(["import numpy", "import torch"] if slow else ["import numpy"])) as clean:
        for number, finding in enumerate(plain):
            if slow and number % 50:
                ended = clean.run(finding.reproducer, 20.0)
                wanted = (
                    ("asserted",) if finding.verdict is Verdict.FAIL else ("SIGSEGV", "SIGABRT")
                )
                assert ended.how in wanted, finding.reproducer + ended.output
            else:
                alone = fresh(finding.reproducer)
                assert fails_as_found(finding, alone), finding.reproducer + alone.stderr


def test_what_has_no_plain_reproducer_says_what_it_needs(released: Report) -> None:
    for finding in released.findings:
        text = finding_text(finding, "")
        if not finding.reproducer:
            assert "script    none: " in text
        elif needs_ours(finding.reproducer):
            assert "script    needs tensorpact" in text


# --------------------------------------------------------------------------- issues

ADAPTER = """
from dataclasses import replace
import faultylib
from tensorpact.backends.numpy import backend as sound

words = {"import": "import faultylib", "asarray": "faultylib.asarray", "module": "faultylib"}
backend = replace(
    sound,
    name="faultylib",
    operations={"asarray": faultylib.asarray},
    spelled={**sound.spelled, **words},
)
"""


def invoked(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["bugreport", *map(str, arguments)])


@pytest.fixture
def report_file(library: Path) -> Iterator[Path]:
    """The report of a run by name, of a library that copies."""
    library.write_text(SOUND + FAULTS["copies"][0] + "\n")
    (library.parent / "faulty_adapter.py").write_text(ADAPTER)
    path = library.parent / "report.jsonl"
    only = ["sharing.array-is-shared"]
    run("faulty_adapter:backend", only=only, budget="quick", jobs=1, output=path)
    yield path
    for name in ("faultylib", "faulty_adapter"):
        sys.modules.pop(name, None)


def test_an_issue_has_the_script_its_output_and_the_promise(report_file: Path) -> None:
    with report_file.open() as lines:
        finding = from_json_lines(lines).findings[0]
    id = ReplayId("faulty_adapter:backend", finding.guarantee, finding.case)
    done = invoked(report_file, id)
    assert done.exit_code == 0, done.output
    assert fenced(finding.reproducer, "python") in done.output
    assert "AssertionError" in done.output
    assert TABLE[finding.guarantee].sentence in done.output
    assert platform.python_version() in done.output


def test_an_issue_about_what_was_fixed_says_so(library: Path, report_file: Path) -> None:
    with report_file.open() as lines:
        finding = from_json_lines(lines).findings[0]
    library.write_text(SOUND)
    id = ReplayId("faulty_adapter:backend", finding.guarantee, finding.case)
    command = [sys.executable, "-m", "tensorpact", "bugreport", str(report_file), str(id)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=library.parent
    )  # `python -m` finds what lies there
    assert done.returncode == 1
    assert "no longer fails" in done.stdout + done.stderr


def test_a_script_that_stands_in_a_report_is_never_run(report_file: Path) -> None:
    """The report may come from anybody."""
    mark = report_file.with_name("run")
    with report_file.open() as lines:
        report = from_json_lines(lines)
    (result,) = report.results
    finding = replace(result.findings[0], reproducer=f"open({str(mark)!r}, 'w')\nassert False\n")
    foreign = replace(report, results=(replace(result, findings=(finding,)),))
    report_file.write_text("".join(to_json_lines(foreign)))
    assert invoked(report_file, finding.guarantee).exit_code == 0
    assert not mark.exists()


def test_an_issue_from_a_report_of_before_has_a_script_all_the_same(report_file: Path) -> None:
    lines = [json.loads(line) for line in report_file.read_text().splitlines()]
    for line in lines:
        line["findings"] = [
            {k: v for k, v in f.items() if k not in ("reproducer", "unreproduced")}
            for f in line.get("findings", ())[:1]
        ]
    kept = [line if line["findings"] else {**line} for line in lines]
    for line in kept:
        if line["line"] != "result":
            del line["findings"]
    report_file.write_text("".join(json.dumps(line) + "\n" for line in kept))
    done = invoked(report_file, "sharing.array-is-shared")
    assert done.exit_code == 0, done.output
    assert "import faultylib" in done.output


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("sharing.array-is-shard", "sharing.array-is-shared"),
        ("copying.copy-true-always-copies", "sharing.array-is-shared"),
        ("faulty_adapter:backend/sharing.array-is-shared/1nothing", "replay id"),
        ("/", "replay id"),
    ],
)
def test_an_id_of_nothing_gets_one_sentence(report_file: Path, id: str, said: str) -> None:
    done = invoked(report_file, id)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_file_that_is_no_report_gets_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("{}\n")
    for file in ("other.txt", "missing.jsonl"):
        done = invoked(tmp_path / file, "sharing.array-is-shared")
        assert (done.exit_code, "Traceback" in done.output) == (2, False)


# --------------------------------------------------------------------------- Markdown


def test_what_a_library_says_cannot_end_its_block() -> None:
    assert fenced("a\n```\n# title", "text").splitlines()[::4] == ["````text", "````"]
    assert inline("a `b`` c") == "```a `b`` c```"
    assert inline("line\n# title\x1b[2J") == "`line # title\\x1b[2J`"


@pytest.mark.parametrize("twist", TWISTS)
def test_every_export_by_hand_can_be_typed_or_says_what_it_is(twist: str) -> None:
    plain = [Block(shape=shape, exporter="dlpack", twist=twist) for shape in ((2, 3), (3, 1), (0,))]
    block = next(block for block in plain if TWISTS[twist].fits(block))
    *_, last = by_hand(block, "x")
    assert last.startswith("x = ") or TWISTS[twist].text in last
