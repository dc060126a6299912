"""Backends are found by name, entry point or import path, and what cannot be found is named."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tensorpact.backends import find
from tensorpact.backends.find import known, load
from tensorpact.errors import AdapterFault, UsageError

GOOD = "from tensorpact.backends.numpy import backend\nother = backend\n"


@pytest.fixture(autouse=True)
def forgotten_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A working directory of its own, and no module of it left behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    importlib.invalidate_caches()
    yield
    for name in set(sys.modules) - before:
        if name.startswith("own_"):
            del sys.modules[name]


def adapter(source: str, name: str = "own_adapter") -> str:
    Path(f"{name}.py").write_text(source)
    return name


def registered(monkeypatch: pytest.MonkeyPatch, group: str, name: str, value: str) -> None:
    points = {group: [SimpleNamespace(name=name, value=value)]}
    monkeypatch.setattr(find, "entry_points", lambda group: points.get(group, []))


@pytest.mark.parametrize("name", ["reference", "numpy", "array-api-strict"])
def test_a_built_in_backend_is_found_by_its_name(name: str) -> None:
    assert load(name).name == name
    assert name in known()


def test_finding_imports_no_library() -> None:
    code = "import sys, tensorpact.backends.find as f; f.known(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "array_api_strict"} & set(done.stdout.split())


@pytest.mark.parametrize("path", ["own_adapter", "own_adapter:backend", "own_adapter:other"])
def test_an_adapter_in_the_working_directory_is_found_by_its_import_path(path: str) -> None:
    adapter(GOOD)
    assert load(path).name == "numpy"


def test_an_entry_point_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, "tensorpact.backends", "mine", "tensorpact.backends.numpy:backend")
    assert load("mine").name == "numpy"
    assert "mine" in known()


def test_an_entry_point_does_not_replace_a_built_in_backend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registered(monkeypatch, "tensorpact.backends", "numpy", "nothing:here")
    assert load("numpy").name == "numpy"


def test_a_family_makes_its_backends_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter(f"{GOOD}members = {{'good': backend}}\nload = members.__getitem__\n")
    monkeypatch.syspath_prepend(Path.cwd())
    registered(monkeypatch, "tensorpact.backend_families", "zoo", "own_adapter:load")
    assert load("zoo:good").name == "numpy"
    with pytest.raises(UsageError, match="zoo:bad"):
        load("zoo:bad")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("numpi", "did you mean 'numpy'"),
        ("array_api_strict", "did you mean 'array-api-strict'"),
        ("no such thing", "mypkg.adapter:backend"),
        ("", "name one of"),
        ("own_nothing.adapter:backend", "no module 'own_nothing.adapter'"),
        (":backend", "name one of"),
        ("numpy.nothing_here", "there is no backend"),
        ("own_adapter:bakend", "did you mean 'backend'"),
        ("math", "the module 'math' has no attribute 'backend'"),
        ("array_api_strict", "the module 'array_api_strict' has no attribute 'backend'"),
        ("math:pi", "'math:pi' is no tensorpact.Backend but of type float"),
    ],
)
def test_what_cannot_be_found_is_a_usage_error_that_helps(name: str, hint: str) -> None:
    adapter(GOOD)
    with pytest.raises(UsageError) as caught:
        load(name)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_library_that_is_not_installed_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "tensorpact.backends.torch", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'tensorpact\[torch\]'"):
        load("torch")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise RuntimeError('first\\nsecond')", "RuntimeError: first"),
        ("import own_missing_library", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("from tensorpact.backends.protocol import Backend\nBackend(name='x')", "TypeError"),
        (f"{GOOD}backend = __import__('dataclasses').replace(backend, limits={{'x'}})", "'x'"),
        (f"{GOOD}backend = __import__('dataclasses').replace(backend, authorities={{'x': ()}})",
         "unknown authority 'x'"),
    ],
)  # fmt: skip
def test_a_broken_adapter_is_an_adapter_fault_in_one_line(source: str, said: str) -> None:
    with pytest.raises(AdapterFault) as caught:
        load(adapter(source))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
