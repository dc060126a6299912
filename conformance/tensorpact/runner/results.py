"""From what came home to a verdict for every guarantee."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tensorpact.backends.protocol import Claims
from tensorpact.cases.model import STORY
from tensorpact.cases.spell import spell
from tensorpact.deviations.model import Known
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.reports.model import Finding, GuaranteeResult, KnownDeviation, Verdict
from tensorpact.runner.outcome import CRASHES, BatchResult, Tally
from tensorpact.runner.witness import Witnessed

NOW = "delete the entry, or narrow its axes or `when`"

UNTRIED = "not tried: others of this kind had ended the process"


def results_of(
    guarantees: Sequence[Guarantee],
    claims: Claims,
    outcome: BatchResult,
    deviations: Sequence[KnownDeviation] = (),
) -> tuple[GuaranteeResult, ...]:
    """A result for every guarantee that was asked for, in the order of the table.

    A death that no selected guarantee speaks of is reported all the same.
    """
    selected = {guarantee.id for guarantee in guarantees}
    ids = selected | {finding.guarantee for finding in outcome.findings}
    return tuple(
        _result(TABLE[id], claims, outcome, id in selected, deviations) for id in TABLE if id in ids
    )


def _result(
    guarantee: Guarantee,
    claims: Claims,
    outcome: BatchResult,
    selected: bool,
    deviations: Sequence[KnownDeviation],
) -> GuaranteeResult:
    tally = outcome.tallies.get(guarantee.id, Tally())
    findings = tuple(f for f in outcome.findings if f.guarantee == guarantee.id)
    deviations = tuple(d for d in deviations if d.guarantee == guarantee.id)
    notes = dict(sorted(tally.notes.items()))
    if guarantee.id == CRASHES and outcome.untried:
        notes[UNTRIED] = outcome.untried
    return GuaranteeResult(
        guarantee.id,
        guarantee.level,
        _verdict(guarantee, claims, tally, findings, deviations),
        tally.judged,
        tally.failed,
        findings,
        notes,
        dict(sorted(tally.axes.items())),
        selected,
        deviations,
        guarantee.sentence,
    )


def _verdict(
    guarantee: Guarantee,
    claims: Claims,
    tally: Tally,
    findings: Iterable[Finding],
    deviations: Sequence[KnownDeviation],
) -> Verdict:
    found = {finding.verdict for finding in findings if not finding.known}
    if guarantee.level is Level.OBSERVE and tally.judged:
        return Verdict.OBSERVED
    for worst in (Verdict.CRASH, Verdict.TIMEOUT, Verdict.FAIL):
        if worst in found:
            return worst
    if deviations:
        stale = any(deviation.stale for deviation in deviations)
        return Verdict.STALE if stale else Verdict.KNOWN
    held_to = claims.operations | claims.exports | {STORY}
    if not any(guarantee.promises_for(claims, operation) for operation in held_to):
        return Verdict.NOT_CLAIMED
    return Verdict.PASS if tally.judged else Verdict.NOT_EXERCISED


def spelled(finding: Finding, claims: Claims) -> Finding:
    """The finding with its case as a person would type it."""
    return replace(finding, call=spell(finding.case, claims))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order of the table of guarantees, whatever the order in which they were found."""
    order = {id: number for number, id in enumerate(TABLE)}
    return tuple(sorted(findings, key=lambda f: (order[f.guarantee], f.verdict, f.call)))


def deviations_of(
    known: Known, witnessed: Iterable[Witnessed], findings: Iterable[Finding]
) -> tuple[KnownDeviation, ...]:
    """What became of the known deviations: of those that were tried, or met by the run."""
    stale = {tried.deviation.key: tried.stale for tried in witnessed}
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.known] += finding.count
    return tuple(
        KnownDeviation(
            deviation.guarantee,
            deviation.key,
            deviation.kind,
            deviation.reason,
            deviation.issue,
            " ".join(map(str, deviation.region.conditions)),
            counts[deviation.key],
            f"{deviation.place}: {said}; {NOW}" if (said := stale.get(deviation.key)) else "",
        )
        for deviation in known.deviations
        if deviation.key in stale or counts[deviation.key]
    )
