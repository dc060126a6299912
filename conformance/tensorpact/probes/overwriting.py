"""A source that is written to between the call and the first look at its result."""

from __future__ import annotations

from tensorpact.cases import contents, dtypes
from tensorpact.cases.build import build
from tensorpact.cases.live import Live
from tensorpact.cases.model import Case
from tensorpact.probes import handles
from tensorpact.probes.observe import Eyes
from tensorpact.seen.life import Life, Overwriting


def overwrite(case: Case, live: Live, eyes: Eyes) -> Life:
    """What the result holds, beside what it holds where nobody writes to the source."""
    assert case.block is not None
    if live.put is None or live.get is None or live.aliased:
        return Life(unbuilt="a source that nobody may write to")
    prompt, raised = handles.outcome(case, build(case.block, eyes.backend), eyes)
    promptly = None if raised is not None else handles.read(prompt, eyes)
    if promptly is None:
        return Life(raised)
    late, raised = handles.outcome(case, live, eyes)
    if raised is not None:
        return Life(raised)
    written = _put(live, case.block.dtype, 1)
    held = handles.read(late, eyes)
    if held is None or not written:
        return Life()
    follows = _put(live, case.block.dtype, 2) and handles.read(late, eyes) != held
    return Life(overwriting=Overwriting(promptly, held, follows))


def _put(live: Live, dtype: str, turn: int) -> bool:
    """Other numbers at every element of the source; False where it was closed to writes."""
    assert live.get is not None
    assert live.put is not None
    old = live.get()
    count = len(old) // dtypes.itemsize(dtype)
    try:
        live.put(contents.pattern(dtype, count, turn, old if dtype == "bool" else b""))
    except Exception:  # the call has closed its source to writes; other cases say so
        return False
    return True
