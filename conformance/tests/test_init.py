"""What `tensorpact init` writes works as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tensorpact.cli import main
from tensorpact.scaffold.look import Look

ROOT = Path(__file__).parents[2]

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

NOTHING = "def greet(): return 'hello'"


def init(folder: Path, name: str, *words: str, library: str | None = None) -> Result:
    """In a process of its own, which may import whatever it likes."""
    if library is not None:
        (folder / f"{name}.py").write_text(library)
    done = shell(folder, "tensorpact", "init", name, *words)
    return Result(
        CliRunner(),
        done.stdout.encode(),
        done.stderr.encode(),
        done.stdout.encode(),
        None,
        done.returncode,
        None,
    )


def shell(folder: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
