"""Reports to make pages of: tame ones, hostile ones, and one as large as they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, call
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Level
from tensorpact.reports.model import (
    BROKEN,
    Finding,
    GuaranteeResult,
    Header,
    KnownDeviation,
    Report,
    Verdict,
)

SHARED = "sharing.array-is-shared"
CASE = Case(Block(shape=(2, 3)), call("asarray", copy=False))
CLAIMS = claims_of(backend)
AXES = {"operation=asarray": 7, "dtype=float32": 4, "dtype=int8": 3, "argument:copy=False": 7}


def finding(guarantee: str = SHARED, verdict: Verdict = Verdict.FAIL, **other: Any) -> Finding:
    """A finding that says "a copy" was seen, unless told otherwise."""
    plain = Finding(guarantee, verdict, CASE, "np.asarray(x)", "shared memory", "a copy")
    return replace(plain, **{"defect": "copies where it must share", **other})


def result(
    verdict: Verdict = Verdict.PASS,
    id: str = SHARED,
    *findings: Finding,
    level: Level = Level.MUST,
    deviations: tuple[KnownDeviation, ...] = (),
) -> GuaranteeResult:
    """A broken guarantee has a finding, if no other is given."""
    if verdict in BROKEN and not findings:
        findings = (finding(id, verdict),)
    return GuaranteeResult(
        id, level, verdict, 7, len(findings), findings, {}, AXES, deviations=deviations
    )


def report(*results: GuaranteeResult, name: str = "numpy", incomplete: str | None = None) -> Report:
    """A report of a run of NumPy, or of one that says to have another name."""
    claims = replace(CLAIMS, name=name, version="2.4")
    header = Header(claims, "0.1", "3.11", "Linux", "2.4", 0, "quick", (), name)
    return Report(header, results, 1234, 0, 41.2, incomplete)


def every_verdict(name: str = "numpy") -> Report:
    """A guarantee for each verdict there is."""
    results = [result(verdict, id) for verdict, id in zip(Verdict, TABLE, strict=False)]
    return report(*results, name=name)


HOSTILE = (
    "</script><script>hacked = 1</script>"
    "</noscript></style></title><img src=x onerror=hacked=1>"
    "<a href='javascript:hacked=1'>&amp;{{ 7*7 }}\"'><!--\x1b[31m\x00\u202e\u2028\ud800"
)


def hostile(text: str = HOSTILE) -> Report:
    """The text wherever a report has text of others."""
    id = f"{text}.{text}"
    found = finding(
        id,
        seen=text,
        call=text,
        required=text,
        defect=text,
        detail=text,
        reference=text,
        known=text,
    )
    known = KnownDeviation(id, text, text, text, f"https://{text}", text, 3, text)
    strange = replace(
        result(Verdict.FAIL, id, found, deviations=(known,)),
        notes={text: 2},
        axes={f"{text}={text}": 2},
    )
    whole = report(strange, result(Verdict.FAIL, SHARED, found), name=text, incomplete=text)
    claims = replace(whole.header.claims, version=text, notes=(text,))
    header = replace(whole.header, claims=claims, platform=text, budget=text, deviations=(text,))
    return replace(whole, header=header)


def large(backends: int = 12, findings: int = 1000) -> list[Report]:
    """Every guarantee, and so many findings in each report."""
    first, *others = TABLE
    share = findings // len(TABLE)
    results = [result(Verdict.FAIL, id, *[finding(id)] * share) for id in others]
    most = [finding(first)] * (findings - share * len(others))
    results.insert(0, result(Verdict.FAIL, first, *most))
    return [report(*results, name=f"backend{number}") for number in range(backends)]
