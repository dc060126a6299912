"""The report of a run: a frozen value that says of every guarantee what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import Case
from tensorpact.cases.region import Region
from tensorpact.guarantees.model import Level


class Verdict(StrEnum):
    """What became of a guarantee. Only PASS says that it was put to the test and kept."""

    PASS = "pass"
    FAIL = "fail"
    CRASH = "crash"
    TIMEOUT = "time-out"
    NOT_CLAIMED = "not claimed"
    NOT_EXERCISED = "not exercised"
    OBSERVED = "observed"
    KNOWN = "known deviation"
    STALE = "stale deviation"


BROKEN = frozenset({Verdict.FAIL, Verdict.CRASH, Verdict.TIMEOUT})
SCORED = BROKEN | {Verdict.PASS, Verdict.KNOWN, Verdict.STALE}


ENOUGH = 4
"""What fewer cases than this have in common is chance, and explains nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which a guarantee is broken: the smallest case found, and how many fail so.

    `verdict` is FAIL, CRASH or TIMEOUT. `call` is the case as a person would type it.
    `required` and `seen` are one line each, and so is `reference`: what the reference does with
    the same case, empty where it cannot have it. `detail` has what else is known, such as what
    a process said before it died; it may be empty. `where` is the smallest region around the
    cases that fail so, None where it is not known; at `kept` points in it the guarantee is kept.
    `known` is the key of the known deviation that covers it, empty for what is new.
    `reproducer` is a script that was seen to fail in a clean process; where there is none,
    `unreproduced` says why, if one was tried for. `defect` says of what kind it is.
    """

    guarantee: str
    verdict: Verdict
    case: Case
    call: str
    required: str
    seen: str
    count: int = 1
    detail: str = ""
    reference: str = ""
    where: Region | None = None
    kept: int = 0
    known: str = ""
    reproducer: str = ""
    unreproduced: str = ""
    defect: str = ""

    @property
    def explanation(self) -> Region | None:
        """The region; None where it has so few cases that what they have in common is chance, and
        where it says nothing."""
        says = self.where is not None and (self.where.conditions or not self.kept)
        return self.where if says and self.count >= ENOUGH else None


@dataclass(frozen=True, slots=True)
class KnownDeviation:
    """What became of a known deviation: `count` cases of the run failed as it says.

    `key` tells it from the others of its guarantee. `kind`, `reason` and `issue` are those of
    its file, `where` are the conditions of its axes. `stale` says what no longer fails, and is
    empty while all of its witness does.
    """

    guarantee: str
    key: str
    kind: str
    reason: str
    issue: str
    where: str
    count: int
    stale: str = ""


@dataclass(frozen=True, slots=True)
class GuaranteeResult:
    """What became of one guarantee.

    `judged` and `failed` count cases. `notes` counts outcomes of what is only observed and
    of cases that could not be tried. `axes` counts the judged cases along each axis, under
    names such as "dtype=float32". A guarantee that was not `selected` is here for a crash or
    a hang that was met while others were judged. `deviations` are the known ones, as far as
    they were tried or met. `sentence` is the promise, for readers that do not know the id.
    """

    id: str
    level: Level
    verdict: Verdict
    judged: int
    failed: int
    findings: tuple[Finding, ...]
    notes: Mapping[str, int]
    axes: Mapping[str, int]
    selected: bool = True
    deviations: tuple[KnownDeviation, ...] = ()
    sentence: str = ""

    @property
    def new(self) -> tuple[Finding, ...]:
        """The findings that no known deviation covers."""
        return tuple(finding for finding in self.findings if not finding.known)

    @property
    def stale(self) -> tuple[KnownDeviation, ...]:
        """The known deviations whose witness no longer fails."""
        return tuple(deviation for deviation in self.deviations if deviation.stale)

    @property
    def upheld(self) -> tuple[KnownDeviation, ...]:
        """The known deviations that are as they were."""
        return tuple(deviation for deviation in self.deviations if not deviation.stale)

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    def breaks(self, strict: bool = False) -> bool:
        """Whether it stands against conformance: a MUST, or under `strict` a selected SHOULD.

        So does a stale deviation, of whatever level: its file has to follow.
        """
        binding = (Level.MUST, Level.SHOULD) if strict and self.selected else (Level.MUST,)
        stale = self.verdict is Verdict.STALE or bool(self.stale)
        return stale or (self.verdict in BROKEN and self.level in binding)

    def advises(self, strict: bool = False) -> bool:
        """Whether it is broken without standing against conformance."""
        return self.verdict in BROKEN and not self.breaks(strict)


@dataclass(frozen=True, slots=True)
class Header:
    """What was judged, by what and where; together with the results it can be repeated.

    `named` is the name by which the backend was found, empty for one that was handed over.
    `deviations` are the files of known ones, as they were named.
    """

    claims: Claims
    suite: str
    python: str
    platform: str
    numpy: str
    seed: int
    budget: str
    only: tuple[str, ...]
    named: str = ""
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run. `incomplete` says why it is not whole, None when it is.

    `results` stand in the order of the guarantee table. `cases` counts the cases that were
    judged; `untried` those that were left out because their like had killed the process
    often enough. `seconds` is the wall time.
    """

    header: Header
    results: tuple[GuaranteeResult, ...]
    cases: int
    untried: int
    seconds: float
    incomplete: str | None = None

    def __getitem__(self, guarantee: str) -> GuaranteeResult:
        """The result of a guarantee by its id. Raises KeyError for one that was not judged."""
        for result in self.results:
            if result.id == guarantee:
                return result
        raise KeyError(guarantee)

    @property
    def conforms(self) -> bool:
        """Whether the run is complete and no MUST was broken but as is known."""
        return self.exit_code() == 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for result in self.results for finding in result.findings)

    def exit_code(self, strict: bool = False) -> int:
        """0 conforms, 1 does not, 4 incomplete; under `strict` a selected SHOULD counts too."""
        if self.incomplete is not None:
            return 4
        return int(any(result.breaks(strict) for result in self.results))

    def summary(self, strict: bool = False) -> str:
        """The report in one line that can be read alone."""
        claims, broken = self.header.claims, [r for r in self.results if r.breaks(strict)]
        scored = [r for r in self.results if r.verdict in SCORED and (r.selected or r in broken)]
        verdict = ("conforms", "does not conform")[bool(broken)]
        if self.incomplete is not None:
            verdict = f"incomplete ({first_line(self.incomplete)})"
        parts = (
            f"{claims.name} {claims.version}: {verdict}: "
            f"{len(broken)} of {len(scored)} guarantees failed{_deaths(broken)}",
            *self._remarks(strict),
            *self._effort(),
            f"seed {self.header.seed}",
        )
        return " ".join(", ".join(parts).split())

    def _effort(self) -> list[str]:
        """Not known of a run that was cut off."""
        if self.incomplete is not None and not self.cases:
            return []
        return [f"{self.cases:,} cases".replace(",", " "), f"{self.seconds:.0f} s"]

    def _remarks(self, strict: bool) -> list[str]:
        advised = sum(result.advises(strict) for result in self.results)
        unexercised = sum(r.verdict is Verdict.NOT_EXERCISED for r in self.results)
        stale = sum(len(result.stale) for result in self.results)
        known = sum(len(result.upheld) for result in self.results)
        remarks = {
            f"known deviation{'s' * (known != 1)}": known,
            f"stale deviation{'s' * (stale != 1)}": stale,
            "advised": advised,
            "not exercised": unexercised,
        }
        return [f"{count} {what}" for what, count in remarks.items() if count]


def first_line(text: str) -> str:
    """What stands before the traceback, in a text that has one."""
    return text.partition("\n")[0].rstrip(": ")


def _deaths(broken: list[GuaranteeResult]) -> str:
    findings = [finding for result in broken for finding in result.new]
    words = {Verdict.CRASH: "crash", Verdict.TIMEOUT: "time-out"}
    counts = {word: sum(f.verdict is verdict for f in findings) for verdict, word in words.items()}
    plurals = {"crash": "crashes", "time-out": "time-outs"}
    said = [f"{n} {word if n == 1 else plurals[word]}" for word, n in counts.items() if n]
    return f" ({', '.join(said)})" if said else ""
