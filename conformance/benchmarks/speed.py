"""Prints how fast tensorpact is on this machine; asserts nothing.

    python conformance/benchmarks/speed.py [BACKEND ...]

The time of `tensorpact --help`; wall and processor time, cases and peak memory of one standard
run; then for each backend the cases per second of processor time that the sweep takes in one
process.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from ctypes import c_double, c_longlong
from itertools import islice
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

LIMIT = 20_000
"""Cases of the sweep that are judged for one figure."""


def main(names: Sequence[str]) -> None:
    """Print all figures, the sweep's for the backends named."""
    print(f"tensorpact --help: {1000 * help_time():.0f} ms", flush=True)
    # Before the sweeps: the peak is that of all child processes so far.
    seconds, busy, cases, peak = run("numpy")
    figures = f"{seconds:.1f} s, {busy:.1f} s of processors, {cases:,} cases"
    print(f"run numpy: {figures}, {peak:.0f} MiB a worker", flush=True)
    for name in names:
        cases, seconds, deaths = sweep(name)
        died = f", {deaths} of which ended the process" if deaths else ""
        print(f"sweep {name}: {cases / seconds:,.0f} cases/s ({cases:,} cases{died})", flush=True)


# --------------------------------------------------------------------------- the sweep


def sweep(name: str) -> tuple[int, float, int]:
    """Cases judged, processor seconds that took, and how many ended their process."""
    from tensorpact.backends.find import load
    from tensorpact.guarantees import select
    from tensorpact.judge import Judge

    judge = Judge(load(name), select())
    cases = list(islice(sweep_cases(judge.claims), LIMIT))
    context = multiprocessing.get_context("fork")
    position, seconds = RawValue(c_longlong, 0), RawValue(c_double, 0.0)
    deaths = 0
    while position.value < len(cases):
        child = context.Process(target=judge_from, args=(judge, cases, position, seconds))
        child.start()
        child.join()
        if child.exitcode:
            deaths += 1
            position.value += 1
    return len(cases), seconds.value, deaths


def judge_from(judge: Any, cases: Sequence[Any], position: Any, seconds: Any) -> None:
    """Judge the cases from a position on, and keep count where the parent sees it."""
    # A library that ends its process has much to say, none of which is a figure.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    gc.freeze()  # as the workers of a run do
    with judge:
        for case in cases[position.value :]:
            start = process_time()
            judge.judge(case)
            seconds.value += process_time() - start
            position.value += 1


def sweep_cases(claims: Any) -> Iterator[Any]:
    """The cases of the standard sweep, taken in turn from all its batches."""
    from tensorpact.cases.plan import batches
    from tensorpact.guarantees import select

    guarantees = select()
    planned = batches(claims, "standard", 0, guarantees)
    swept = (b.cases for b in planned if b.phase == "sweep")
    return in_turn([iter(cases) for cases in swept])


def in_turn(iterators: Iterable[Iterator[Any]]) -> Iterator[Any]:
    """One item of each iterator, then the next of each, so that a prefix is a fair sample."""
    missing = object()
    rest = list(iterators)
    while rest:
        items = [(iterator, next(iterator, missing)) for iterator in rest]
        rest = [iterator for iterator, item in items if item is not missing]
        yield from (item for _, item in items if item is not missing)


# --------------------------------------------------------------------------- the command


def run(name: str) -> tuple[float, float, int, float]:
    """Seconds, processor seconds, cases, and MiB at the peak of the largest process of a run."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "report.jsonl")
        start, before = perf_counter(), children_time()
        tensorpact("run", name, "--budget", "standard", "-o", str(output))
        seconds, busy = perf_counter() - start, children_time() - before
        end = json.loads(output.read_text(encoding="utf-8").splitlines()[-1])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return seconds, busy, end["cases"], peak / (1024**2 if sys.platform == "darwin" else 1024)


def children_time() -> float:
    """Processor seconds of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def help_time(tries: int = 5) -> float:
    """Seconds that `tensorpact --help` takes, the best of some tries."""
    times = []
    for _ in range(tries):
        start = perf_counter()
        tensorpact("--help")
        times.append(perf_counter() - start)
    return min(times)


def tensorpact(*words: str) -> None:
    """Run the command; its output is dropped."""
    command = [sys.executable, "-m", "tensorpact", *words]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main(sys.argv[1:] or ["numpy", "torch", "reference", "array-api-strict"])
