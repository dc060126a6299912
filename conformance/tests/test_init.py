"""What `tensorpact init` writes works as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from tensorpact.cli import main
from tensorpact.scaffold import TAKEN
from tensorpact.scaffold.look import Look

LENT = """
import numpy as np
__version__ = "2.0"

class Tensor:
    '''Lends its memory to NumPy, and has dtypes of its own.'''
    def __init__(self, array): self.array = array
    def __array__(self, dtype=None, copy=None): return self.array
    def __getitem__(self, index): return Tensor(self.array[index])
    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: f"fake.{self.array.dtype.name}")

bool_, int64, float32, float64 = "fake.bool", "fake.int64", "fake.float32", "fake.float64"

def tensor(data, *, dtype=None):
    array = np.array(data, dtype=dtype and dtype.removeprefix("fake."))
    return Tensor(array.astype("float32") if isinstance(data, float) else array)
"""

LISTED = """
import numpy as np

class Array:
    '''Shows its elements as a list only, and can be changed by its index only.'''
    def __init__(self, array): self._array = array
    def __getitem__(self, index): return Array(self._array[index])
    def __setitem__(self, index, value): self._array[index] = value._array
    def tolist(self): return self._array.tolist()
    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype.name)

def from_numpy(array): return Array(array)
"""

EXPORTED = """
import numpy as np

class Array:
    '''Gives out its memory by DLPack alone.'''
    def __init__(self, array): self._array = array
    def __dlpack__(self, **keywords): return self._array.__dlpack__(**keywords)
    def __dlpack_device__(self): return self._array.__dlpack_device__()
    def __getitem__(self, index): return Array(self._array[index])
    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)

def asarray(data, dtype=None, copy=None): return Array(np.array(data, dtype=dtype, copy=copy))
"""

FIXED = """
import numpy as np

class Array:
    '''Can be read and never written.'''
    def __init__(self, array): self._array = array
    def __array__(self, dtype=None, copy=None): return self._array.copy()
    def __getitem__(self, index): return Array(self._array[index])
    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)

def as_tensor(data): return Array(np.array(data))
"""

NOTHING = "def greet(): return 'hello'"


def python(folder: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which may import what lies in the folder."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def init(folder: Path, name: str, library: str | None = None) -> str:
    """What `init` notes beside the files."""
    if library is not None:
        (folder / f"{name}.py").write_text(library, encoding="utf-8")
    done = python(folder, "tensorpact", "init", name)
    assert done.returncode == 0, done.stderr
    return done.stderr


LIBRARIES = {
    "mylib": None,
    "numpy": None,
    "idle": NOTHING,
    "lent": LENT,
    "listed": LISTED,
    "exported": EXPORTED,
    "fixed": FIXED,
}


@pytest.mark.parametrize(("name", "library"), LIBRARIES.items(), ids=LIBRARIES)
def test_the_adapter_passes_its_smoke_test(tmp_path: Path, name: str, library: str | None) -> None:
    init(tmp_path, name, library)
    done = python(tmp_path, "tensorpact", "smoke", f"{name}_adapter:backend")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["torch", "array_api_strict"])
def test_the_adapter_of_a_real_library_passes_too(tmp_path: Path, name: str) -> None:
    pytest.importorskip(name)
    test_the_adapter_passes_its_smoke_test(tmp_path, name, None)


@pytest.mark.parametrize("name", ["mylib", "numpy"])
def test_the_test_judges_the_library(tmp_path: Path, name: str) -> None:
    init(tmp_path, name)
    done = python(tmp_path, "pytest", "-p", "no:cacheprovider", "-k", "sharing.array-is-shared")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_files_are_typed_and_free_of_lint(tmp_path: Path) -> None:
    init(tmp_path, "mylib")
    for check in (("ruff", "check"), ("ruff", "format", "--check"), ("mypy", "--strict")):
        done = python(tmp_path, *check, ".")
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_example_stands_in_for_a_library_that_is_not_there(tmp_path: Path) -> None:
    assert "an example stands in its place" in init(tmp_path, "mylib")
    assert "class mylib:" in (tmp_path / "mylib_adapter.py").read_text(encoding="utf-8")


def test_an_example_stands_in_for_a_library_that_makes_no_tensors(tmp_path: Path) -> None:
    assert "an example stands in its place" in init(tmp_path, "idle", NOTHING)


def test_an_adapter_that_cannot_be_finished_is_written_with_what_is_wrong(tmp_path: Path) -> None:
    assert "the adapter is not finished" in init(tmp_path, "shy", "asarray = lambda a: object()")


# --------------------------------------------------------------------------- a look at a library


def test_what_can_be_seen_of_a_library_is_what_its_tensors_show() -> None:
    module = ModuleType("lent")
    exec(LENT, vars(module))
    look = Look("lent", module)
    assert look.ingest == "tensor"
    assert [look.spelled(name) for name in ("bool", "int64")] == ["lent.bool_", "lent.int64"]
    assert [look.default(number) for number in (1, 1.0, 1j)] == ["int64", "float32", None]
    assert "int8" not in look.dtypes


# --------------------------------------------------------------------------- refusals


def refused(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> str:
    """The one line that a wrong use ends in."""
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["init", *words])
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("tensorpact: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    ("name", "meant"),
    [("my-lib", "my_lib"), ("class", "my_class"), ("2d", "my_2d"), ("?", "mylib")],
)
def test_a_name_that_is_no_identifier_gets_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, meant: str
) -> None:
    assert f"`tensorpact init {meant}`" in refused(monkeypatch, tmp_path, name)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_name_that_the_adapter_needs_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    assert "of its own" in refused(monkeypatch, tmp_path, name)


def test_no_other_name_of_the_adapter_is_in_the_way(tmp_path: Path) -> None:
    init(tmp_path, "mylib")
    names: dict[str, object] = {}
    exec((tmp_path / "mylib_adapter.py").read_text(encoding="utf-8"), names)
    assert {name for name in names if not name.startswith("__")} - {"mylib"} <= TAKEN


@pytest.mark.parametrize("taken", ["mylib_adapter.py", "test_mylib_conformance.py"])
def test_nothing_is_written_where_a_file_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, taken: str
) -> None:
    (tmp_path / taken).write_text("mine", encoding="utf-8")
    assert taken in refused(monkeypatch, tmp_path, "mylib")
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text(encoding="utf-8") == "mine"


def test_a_directory_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert "cannot write" in refused(monkeypatch, tmp_path, "mylib", "--into", "file")


def test_a_library_that_cannot_be_imported_is_told_with_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "unfit.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "ZeroDivisionError" in refused(monkeypatch, tmp_path, "unfit")
