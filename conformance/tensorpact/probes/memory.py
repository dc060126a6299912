"""How source and result hang together, found by writing; nobody's opinion is asked.

Three writes: into the source, into the result, into the source again, each with numbers that
differ from what was there at every element. After each the other side is read.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tensorpact.cases import contents, dtypes
from tensorpact.cases.live import Live
from tensorpact.cases.model import Block, Case, leaves
from tensorpact.trial import Seen, Writes

Read = Callable[[], bytes]
Write = Callable[[bytes], None]


def probe(
    live: Live, read: Read, write: Write | None, case: Case, result_dtype: str
) -> tuple[Writes, bool | None]:
    """What the writes showed, and whether the result could be written (None: not tried)."""
    dtype = _dtype(case)
    if live.get is None or dtype is None:
        return Writes(), None
    start = live.get()
    if not start:
        return Writes(), None
    inward = _write_source(live, read, dtype, 1)
    outward, stray, writable = _write_result(live, read, write, dtype, result_dtype)
    again = _write_source(live, read, dtype, 3) if inward is not Seen.UNKNOWN else Seen.UNKNOWN
    return Writes(inward, outward, again, stray), writable


def _dtype(case: Case) -> str | None:
    if case.block is not None:
        return case.block.dtype
    assert case.root is not None
    blocks = [leaf for leaf in leaves(case.root) if isinstance(leaf, Block)]
    found = {block.dtype for block in blocks}
    return found.pop() if len(found) == 1 else None


def _write_source(live: Live, read: Read, dtype: str, turn: int) -> Seen:
    if live.put is None or live.get is None:
        return Seen.UNKNOWN
    old = live.get()
    size = dtypes.itemsize(dtype)
    before = read()
    try:
        live.put(_pattern(dtype, len(old) // size, turn, old, live.aliased))
    except Exception:  # the call has closed its source to writes; `Observed.damage` says so
        return Seen.UNKNOWN
    now, after = live.get(), read()
    if len(after) == len(now):
        return _seen(before, after, size, now)
    return _seen(before, after, max(1, len(after) * size // len(now)), None)


def _pattern(dtype: str, count: int, turn: int, old: bytes, aliased: bool) -> bytes:
    """The next pattern; where elements share bytes, one number for all of them."""
    made = contents.pattern(dtype, count, turn, old if dtype == "bool" else b"")
    if not aliased:
        return made
    return made[: dtypes.itemsize(dtype)] * count if dtype != "bool" else made


def _seen(before: bytes, after: bytes, size: int, wanted: bytes | None) -> Seen:
    """Which elements changed; changing to something else than was written is PARTLY."""
    if before == after:
        return Seen.NOWHERE
    if wanted is not None and after == wanted:
        return Seen.EVERYWHERE
    if wanted is not None or len(before) != len(after):
        return Seen.PARTLY
    usable = len(after) - len(after) % size
    old = np.frombuffer(before[:usable], np.uint8).reshape(-1, size)
    new = np.frombuffer(after[:usable], np.uint8).reshape(-1, size)
    return Seen.EVERYWHERE if (old != new).any(axis=1).all() else Seen.PARTLY


def _write_result(
    live: Live, read: Read, write: Write | None, dtype: str, result_dtype: str
) -> tuple[Seen, bool, bool | None]:
    """Writes the result: seen how far in the source, whether outside its elements, possible."""
    if write is None or live.get is None:
        return Seen.UNKNOWN, False, None
    old, source = read(), live.get()
    size = dtypes.itemsize(dtype)
    if not old:
        return Seen.UNKNOWN, False, None
    if result_dtype == "bool":
        wanted = np.logical_not(np.frombuffer(old, np.bool_)).tobytes()
    else:
        wanted = _result_pattern(dtype, old, source, live.aliased)
    outside = live.bytes() if live.bytes is not None else b""
    try:
        write(wanted)
    except Exception:  # refusing to be written is an outcome: `writable` says so
        return Seen.UNKNOWN, False, False
    took = read() == wanted or wanted == old
    now = live.get()
    seen = _seen(source, now, size, wanted if len(wanted) == len(source) else None)
    stray = False
    if seen is Seen.NOWHERE and live.bytes is not None:
        stray = live.bytes() != outside
    return seen, stray, took


def _result_pattern(dtype: str, old: bytes, source: bytes, aliased: bool) -> bytes:
    """Numbers that differ from the source's at every element.

    A result of another dtype is written with its own bits inverted: whatever they mean, a
    source that shares them changes.
    """
    if len(old) != len(source) or dtype == "bool":
        return np.invert(np.frombuffer(old, np.uint8)).tobytes()
    return _pattern(dtype, len(old) // dtypes.itemsize(dtype), 2, b"", aliased)
