"""What is seen: a case is made, called and probed by writes, reads and addresses.

`source`, `prepare` and `verdict` are for scripts that show what a report found, where the input
cannot be made in a few lines of plain Python.
"""

from __future__ import annotations

from typing import Any

__all__ = ["prepare", "source", "verdict"]

_KEPT: list[object] = []
"""Whatever lends memory to an input stays alive as long as the script runs."""


def source(case: str) -> Any:
    """The input of a case, by the last part of a replay id: a capsule, memory with odd addresses.

    Raises ValueError for a word that is no case, or one whose input needs the library under test.
    """
    from tensorpact.backends.find import load
    from tensorpact.cases.build import build
    from tensorpact.cases.live import Unbuildable
    from tensorpact.cases.short import case_of

    try:
        live = build(case_of(case).source, load("numpy"))
    except Unbuildable as error:
        raise ValueError(f"the input of {case!r} cannot be made: {error}") from error
    _KEPT.append(live)
    return live.obj


def prepare(backend: str) -> None:
    """Makes in this process what a run makes in its own: the simulated devices of a backend.

    Raises UsageError for a backend that there is not, and AdapterFault for one that is broken.
    """
    from tensorpact.runner.subject import backend_in_child

    backend_in_child(backend)


def verdict(replay_id: str) -> str:
    """What becomes of one case when it is tried alone: "pass", "fail", "crash" or "time-out".

    Raises UsageError for an id that names nothing, as `tensorpact replay` does.
    """
    from tensorpact.reports.replay_id import replay_id as read
    from tensorpact.runner.replay import replay

    wanted = read(replay_id)
    return str(replay(wanted.backend, wanted.case).verdict(wanted.guarantee))
