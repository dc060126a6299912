"""One call, and then everything released, repeated or resized along a schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tensorpact.cases.build import build
from tensorpact.cases.live import Live, Unbuildable
from tensorpact.cases.model import Case
from tensorpact.cases.schedules import SCHEDULES
from tensorpact.probes.consumption import consume_twice, delete_without_gil
from tensorpact.probes.exits import keep_at_exit
from tensorpact.probes.observe import Eyes
from tensorpact.probes.overwriting import overwrite
from tensorpact.probes.raising import adapting
from tensorpact.probes.release import release
from tensorpact.probes.repeat import concurrently, drop_capsules, repeat
from tensorpact.probes.resizing import resize_result, resize_source
from tensorpact.seen.life import Life

_PROBES: Mapping[str, Callable[[Case, Live, Eyes], Life]] = {
    "repeat": repeat,
    "unconsumed": drop_capsules,
    "concurrent": concurrently,
    "resize source": resize_source,
    "resize result": resize_result,
    "twice": consume_twice,
    "no GIL": delete_without_gil,
    "exit": keep_at_exit,
    "overwrite": overwrite,
}


_TRIES = 3


def live_through(case: Case, eyes: Eyes) -> Life:
    """What became of the case. Raises AdapterFault when the adapter itself raises.

    On a busy machine this thread can lose the GIL while a deleter is to wait for it: one that
    does not wait shows it every time.
    """
    for _ in range(_TRIES):
        life = _lived(case, eyes)
        if life.unlocked is None or life.unlocked.waited:
            break
    return life


def _lived(case: Case, eyes: Eyes) -> Life:
    try:
        with adapting("making the source"):
            live = build(case.source, eyes.backend)
    except Unbuildable as error:
        return Life(unbuilt=str(error))
    schedule = SCHEDULES[case.schedule]
    if case.block is None and schedule.kind not in ("repeat", "concurrent"):
        return Life(unbuilt="only what has memory is released, resized or consumed")
    if schedule.kind == "release":
        return release(case, schedule, live, eyes)
    return _PROBES[schedule.kind](case, live, eyes)
