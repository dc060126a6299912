"""A deviation file says what it means, or why it cannot be read, in one sentence."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from deviation_texts import HALF, SHARED, entry
from tensorpact.backends.numpy import backend as numpy
from tensorpact.backends.protocol import claims_of
from tensorpact.backends.reference import backend as reference
from tensorpact.cases.axes import AXES, axes_of
from tensorpact.cases.plan import batches
from tensorpact.cases.region import Condition, Region
from tensorpact.cases.short import shortened
from tensorpact.deviations.entries import ARGUMENT, region_of
from tensorpact.deviations.files import configured, loaded, parsed, read, shipped
from tensorpact.deviations.model import Kind
from tensorpact.deviations.when import when
from tensorpact.errors import UsageError
from tensorpact.guarantees import TABLE

CLAIMS = replace(claims_of(numpy), name="mylib", version="2.5.1+local")


def test_an_entry_is_read_as_it_stands() -> None:
    text = entry(issue='"https://example.org/1"', when='["mylib>=2"]')
    (found,) = parsed(text, "f.toml")
    assert (found.guarantee, found.kind, found.witness) == (SHARED, Kind.DEFECT, (HALF,))
    assert found.region == Region((Condition("dtype", ("float16",)),))
    assert (found.issue, found.when.requirements) == ("https://example.org/1", ("mylib>=2",))
    assert pickle.loads(pickle.dumps(found)) == found


def test_without_axes_it_covers_the_whole_guarantee() -> None:
    (found,) = parsed(entry(axes=None), "f.toml")
    assert found.region.has(axes_of(HALF))
    assert found.region == Region()


def test_a_replay_id_is_a_witness_too() -> None:
    word = f"mylib/{SHARED}/{shortened(HALF)}"
    (found,) = parsed(entry(witness=f'"{word}"'), "f.toml")
    assert found.witness == (HALF,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry("sharing.array-is-sharde"), "did you mean sharing.array-is-shared"),
        (entry(kind='"defekt"'), "'defect'"),
        (entry(axes={"dtpye": "float16"}), "did you mean 'dtype'"),
        (entry(axes={"argument:cpoy": "True"}), "did you mean 'argument:copy'"),
        (entry(axes={"operation": ["asarray", "asaray"]}), "did you mean 'asarray'"),
        (entry(reasn='"late"'), "did you mean 'reason'"),
        (entry(reason=""), "it needs a reason"),
        (entry(reason='" "'), "it needs a reason"),
        (entry(witness=""), "no witness"),
        (entry(witness='["nonsense"]'), "cannot be read"),
        (entry(witness=f'"x/copying.source-is-untouched/{shortened(HALF)}"'), "is about copying."),
        (entry(axes={"dtype": "int8"}), "outside of the axes"),
        (entry(issue='"#17"'), "is no address"),
        (entry(when='["mylib>=2,<1"]'), "never hold"),
        (entry(when='["mylib>=2", "mylib<1"]'), "never hold"),
        (entry(when="[\"mylib; sys_platform == 'a' and sys_platform == 'b'\"]"), "never hold"),
        (entry(when='["mylib >> 2"]'), "is no requirement"),
        ("[[deviatoin]]\n", "did you mean 'deviation'"),
        ("deviation = 3\n", r"write \[\[deviation\]\]"),
        ("[[deviation", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_what_comes_close(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parsed(text, "f.toml")
    assert str(caught.value).startswith("f.toml")
    assert "\n" not in str(caught.value)


def test_what_is_only_observed_cannot_be_deviated_from() -> None:
    observed = next(id for id, guarantee in TABLE.items() if guarantee.level == "OBSERVE")
    with pytest.raises(UsageError, match="only observed"):
        parsed(entry(observed), "f.toml")


def test_a_message_names_the_entry() -> None:
    with pytest.raises(UsageError, match=r"^f.toml, deviation 2 \(sharing.array-is-shared\): it "):
        parsed(entry() + entry(reason=""), "f.toml")


def test_a_file_that_is_not_there_is_named_with_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "known.toml").touch()
    with pytest.raises(UsageError, match=r"did you mean .*known\.toml"):
        loaded([str(tmp_path / "knwon.toml")])


def test_every_axis_of_every_planned_case_can_be_named() -> None:
    axes = {
        value.partition("=")[0]
        for batch in batches(claims_of(reference), "quick", 0, tuple(TABLE.values()))
        for case in batch.cases
        for value in axes_of(case)
    }
    assert {axis for axis in axes if not axis.startswith(ARGUMENT)} == set(AXES)
    assert region_of(dict.fromkeys(axes, "-"))


@pytest.mark.parametrize(
    ("requirement", "held"),
    [
        ("mylib>=2.5,<3", True),
        ("mylib==2.5.1", True),
        ("MyLib<2.5", False),
        ("numpy>=2", True),
        ("numpy<2", False),
        ("not-installed-at-all", False),
        ("mylib; python_version >= '3'", True),
        ("mylib; python_version < '3'", False),
    ],
)
def test_a_requirement_is_about_the_library_or_about_what_is_installed(
    requirement: str, held: bool
) -> None:
    assert when([requirement]).holds(CLAIMS) is held


def test_all_requirements_must_hold_and_the_device_must_be_there() -> None:
    assert not when(["mylib", "numpy<2"]).holds(CLAIMS)
    assert not when(device="cuda").holds(CLAIMS)
    assert when(device="cuda").holds(replace(CLAIMS, devices=("cpu", "cuda:0")))


def test_a_name_that_is_nearly_the_librarys_is_no_condition() -> None:
    with pytest.raises(ValueError, match="did you mean 'mylib'"):
        when(["mylyb>=2"]).holds(CLAIMS)


def test_a_condition_of_the_file_is_one_of_each_entry() -> None:
    first, second = parsed('when = ["mylib<3"]\n' + entry() + entry(when='["mylib>1"]'), "f.toml")
    assert first.when.requirements == ("mylib<3",)
    assert second.when.requirements == ("mylib<3", "mylib>1")
    with pytest.raises(UsageError, match="never hold"):
        parsed('when = ["mylib<3"]\n' + entry(when='["mylib>4"]'), "f.toml")


def test_the_nearest_pyproject_that_speaks_of_tensorpact_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.tensorpact]\ndeviations = ["k.toml"]\n')
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert configured(inner) == (str(tmp_path / "k.toml"),)
    (inner / "pyproject.toml").write_text('[tool.tensorpact]\ndeviations = ["shipped"]\n')
    assert configured(inner) == ("shipped",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.tensorpact]\ndeviatons = []\n", "did you mean 'deviations'"),
        ("[tool.tensorpact]\ndeviations = 3\n", "no list of texts"),
        ("[tool]\ntensorpact = 3\n", "is no table"),
        ("[tool", "is not TOML"),
    ],
)
def test_a_pyproject_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        configured(tmp_path)


def test_no_file_is_shipped_for_every_library() -> None:
    with pytest.raises(UsageError, match="no deviations are shipped for mylib"):
        loaded(["shipped"], "mylib")


@pytest.mark.parametrize("library", shipped())
def test_the_shipped_files_can_be_read(library: str) -> None:
    found = read(shipped()[library])
    assert found
    assert all(deviation.when.requirements for deviation in found)
