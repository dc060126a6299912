"""One call, and then everything released along a schedule."""

from __future__ import annotations

from tensorpact.cases.model import Case
from tensorpact.probes.observe import Eyes
from tensorpact.seen.life import Life


def live_through(case: Case, eyes: Eyes) -> Life:
    """What became of the case."""
    del case, eyes
    return Life(unbuilt="not yet")
