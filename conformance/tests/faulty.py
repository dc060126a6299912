"""Backends that end, hang or spoil the process in one way each, made out of NumPy's."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tensorpact.backends.numpy import backend as sound
from tensorpact.backends.protocol import Backend, derive

Array = np.ndarray[Any, Any]


def spoiled(name: str, spoil: Callable[[], object]) -> Backend:
    """NumPy, but `asarray` of a float16 array does something else first."""

    def asarray(data: Any, **arguments: Any) -> Array:
        if isinstance(data, np.ndarray) and data.dtype == np.float16:
            spoil()
        return np.asarray(data, **arguments)

    return derive(sound, operations={"asarray": asarray}, name=name)


class DiesWhenCollected:
    """Part of a cycle, so that only the garbage collector ends it."""

    def __init__(self) -> None:
        self.myself = self

    def __del__(self) -> None:
        os.abort()


calls: list[None] = []


def die_at_the_third_call() -> None:
    """No single case does this."""
    calls.append(None)
    if len(calls) == 3:
        os.abort()


def say_and_abort() -> None:
    os.write(2, b"terminate called after throwing an instance of 'Error'\n")
    os.abort()


def break_the_adapter(_: Array) -> bytes:
    raise KeyError("float16")


def break_the_adapter_late(tensor: Array) -> bytes:
    """Neither when the adapter is tested nor in the first batch, but in one of the next.

    Every batch has a process of its own: they count together, in the file named READS.
    """
    with Path(os.environ["READS"]).open("ab") as reads:
        reads.write(b".")
        if reads.tell() > 800:
            raise KeyError("the 801st")
    return sound.read(tensor)


def copy_or_abort(data: Any, **_: Any) -> Array:
    if isinstance(data, np.ndarray) and data.dtype == np.float16:
        os.abort()
    return np.array(data)


aborting = spoiled("aborting", say_and_abort)
leaving = spoiled("leaving", lambda: os._exit(0))
sleeping = spoiled("sleeping", lambda: time.sleep(60))
dying_late = spoiled("dying-late", DiesWhenCollected)
dying_together = spoiled("dying-together", die_at_the_third_call)
broken_adapter = derive(sound, read=break_the_adapter, name="broken-adapter")
copying = derive(sound, operations={"asarray": lambda data, **_: np.array(data)}, name="copying")
copying_and_aborting = derive(copying, operations={"asarray": copy_or_abort}, name="copying-too")
breaking_late = derive(copying, read=break_the_adapter_late, name="breaking-late")


def copying_only(name: str, *dtypes: str) -> Backend:
    """NumPy, but `asarray` copies arrays of these dtypes."""
    wanted = [np.dtype(dtype) for dtype in dtypes]

    def asarray(data: Any, **arguments: Any) -> Array:
        if isinstance(data, np.ndarray) and data.dtype in wanted:
            data = data.copy()
        return np.asarray(data, **arguments)

    return derive(sound, operations={"asarray": asarray}, name=name)


def aborting_only(name: str, *dtypes: str) -> Backend:
    """NumPy, but `asarray` aborts for arrays of these dtypes."""
    wanted = [np.dtype(dtype) for dtype in dtypes]

    def asarray(data: Any, **arguments: Any) -> Array:
        if isinstance(data, np.ndarray) and data.dtype in wanted:
            say_and_abort()
        return np.asarray(data, **arguments)

    return derive(sound, operations={"asarray": asarray}, name=name)


copying_half = copying_only("copying-half", "float16")
copying_half_and_bytes = copying_only("copying-more", "float16", "int8")
aborting_half_and_bytes = aborting_only("aborting-more", "float16", "int8")
