"""What an adapter fills in wrongly is told by the name of the field, in one sentence."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tensorpact.backends.faults import checked_claims
from tensorpact.backends.fields import wrong_fields
from tensorpact.backends.find import load
from tensorpact.backends.numpy import backend as good
from tensorpact.backends.protocol import Backend, Device
from tensorpact.cli import main
from tensorpact.errors import AdapterFault
from tensorpact.runner.subject import backend_in_child
from tensorpact.runner.tasks import smoke_tested

FUNCTIONS = "where a mapping from name to function is wanted"
NAMES = "where a mapping from name to collection of strings is wanted"


def cpu(**given: Any) -> tuple[Device, ...]:
    return (Device("cpu", ("cpu",), **given),)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"exports": ["__dlpack__"]}, f"exports is a list {FUNCTIONS}"),
    ({"exports": {"__dlpack__"}}, f"exports is a set {FUNCTIONS}"),
    ({"exports": {"buffer": 3}}, "exports['buffer'] is 3 where a function is wanted"),
    ({"exports": {3: bytes}}, "a key of exports is 3 where a string is wanted"),
    ({"operations": [bytes]}, f"operations is a list {FUNCTIONS}"),
    ({"operations": {"asarray": "np.asarray"}}, "operations['asarray'] is the string 'np.asarray'"),
    ({"paths": [bytes]}, f"paths is a list {FUNCTIONS}"),
    ({"default_device": [bytes]}, f"default_device is a list {FUNCTIONS}"),
    ({"dtypes": ["bool"]}, "dtypes is a list where a mapping from name to value is wanted"),
    ({"authorities": ["std"]}, f"authorities is a list {NAMES}"),
    ({"keywords": ["dtype"]}, f"keywords is a list {NAMES}"),
    ({"accepts": ["own"]}, f"accepts is a list {NAMES}"),
    ({"authorities": {"std": "asarray"}}, "authorities['std'] is the string 'asarray' where"),
    ({"accepts": {"asarray": [3]}}, "an entry of accepts['asarray'] is 3 where a string is wanted"),
    ({"limits": "zero"}, "limits is the string 'zero' where a collection of strings is wanted"),
    ({"defaults": None}, "defaults is None where a Defaults is wanted"),
    ({"notes": 3}, "notes is 3 where a tuple of strings is wanted"),
    ({"notes": "slow"}, "notes is the string 'slow' where a tuple of strings is wanted"),
    ({"spelled": {"asarray": 3}}, "spelled['asarray'] is 3 where a string is wanted"),
    ({"version": 3}, "version is 3 where a string is wanted"),
    ({"read": None}, "read is None where a function is wanted"),
    ({"resize": 3}, "resize is 3 where a function or None is wanted"),
    ({"in_worker": 3}, "in_worker is 3 where a function or None is wanted"),
    ({"tensor_type": [list]}, "tensor_type is a list where a type or a tuple of types is wanted"),
    ({"share_alignment": "a"}, "share_alignment is the string 'a' where an integer is wanted"),
    ({"share_alignment": 1.5}, "share_alignment is 1.5 where an integer is wanted"),
    ({"share_alignment": True}, "share_alignment is True where an integer is wanted"),
    ({"devices": "cpu"}, "devices is the string 'cpu' where a tuple of Devices is wanted"),
    ({"devices": cpu()[0]}, "devices is a Device where a tuple of Devices is wanted"),
    ({"devices": ("cpu",)}, "devices[0] is the string 'cpu' where a Device is wanted"),
    ({"devices": cpu(dtypes="bool")}, "devices[0].dtypes is the string 'bool' where a tuple of"),
    ({"devices": cpu(streams=("a",))}, "devices[0].streams[0] is the string 'a' where an integer"),
    ({"devices": cpu(streams=5)}, "is 5 where a tuple of integers or functions is wanted"),
    ({"devices": cpu(host=None)}, "devices[0].host is None where a bool is wanted"),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_a_field_of_another_type_is_told_in_one_sentence(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AdapterFault) as caught:
        checked_claims(replace(good, **changes))
    assert str(caught.value).startswith("the adapter of numpy is broken: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_wrong_field_is_told_at_once() -> None:
    broken: dict[str, Any] = {"notes": 3, "paths": []}
    assert len(list(wrong_fields(replace(good, **broken)))) == 2


@pytest.mark.parametrize("name", ["reference", "torch", "numpy", "array-api-strict"])
def test_every_adapter_that_ships_has_fields_of_the_right_types(name: str) -> None:
    if name == "torch":
        pytest.importorskip("torch")
    assert not list(wrong_fields(load(name)))


def test_a_field_takes_whatever_its_type_covers() -> None:
    devices = cpu(streams=(1, os.getpid), dtypes=("bool",))
    taken = replace(good, limits=["zero"], devices=devices, tensor_type=(list, tuple), read=bytes)
    assert not list(wrong_fields(taken))


# --------------------------------------------------------------------------- in_worker


@pytest.mark.parametrize(
    ("in_worker", "sentence"),
    [
        (lambda _: None, "in_worker gives a NoneType where a Backend is wanted"),
        (lambda _: 1 / 0, "in_worker raised ZeroDivisionError"),
        (lambda _: exit(3), "in_worker raised SystemExit: 3"),
    ],
)
def test_what_in_worker_gives_or_raises_is_the_adapters_fault(
    in_worker: Callable[[Backend], Any], sentence: str
) -> None:
    with pytest.raises(AdapterFault) as caught:
        backend_in_child(replace(good, in_worker=in_worker))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("in_worker", "cause"),
    [
        (lambda _: time.sleep(60), "no progress within 0.5 s"),
        (lambda _: os._exit(3), "exit code 3"),
        (lambda _: os.abort(), "SIGABRT"),
    ],
)
def test_a_process_that_in_worker_ends_is_told_by_its_name(
    in_worker: Callable[[Backend], Any], cause: str
) -> None:
    with pytest.raises(AdapterFault, match=f"in_worker of the adapter of numpy ended in {cause}"):
        smoke_tested(replace(good, in_worker=in_worker), 0.5)


def test_a_field_that_in_worker_breaks_is_told_as_well() -> None:
    broken: Any = {"asarray": 3}
    with pytest.raises(AdapterFault, match=r"operations.* is 3 where a function is wanted"):
        smoke_tested(replace(good, in_worker=lambda b: replace(b, operations=broken)), 60)


def test_a_backend_as_it_is_in_a_worker_is_the_one_that_is_tested() -> None:
    _, claims = smoke_tested(replace(good, in_worker=lambda b: replace(b, notes=("Here.",))), 60)
    assert claims.notes == ("Here.",)


# --------------------------------------------------------------------------- the command

ADAPTER = "from tensorpact import derive\nfrom tensorpact.backends.numpy import backend as b\n"


@pytest.mark.parametrize(
    ("module", "change"),
    [("a_list", "exports=['__dlpack__']"), ("a_quitter", "in_worker=lambda b: exit(3)")],
)
@pytest.mark.parametrize("command", ["smoke", "run"])
def test_a_command_ends_with_the_code_of_a_broken_adapter_and_one_line(
    module: str, change: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{module}.py").write_text(f"{ADAPTER}backend = derive(b, {change})\n")
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(main, [command, f"{module}:backend"])
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert change.partition("=")[0] in result.stderr
