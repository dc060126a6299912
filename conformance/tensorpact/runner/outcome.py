"""What comes home from a batch, and how the batches of a run are put together.

Nothing here depends on the order in which batches finish, nor on where they ran.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tensorpact.cases.model import Block, Case, Leaf, Nest, Story, Values
from tensorpact.cases.twists import Outcome, twist_of
from tensorpact.errors import TensorpactError
from tensorpact.guarantees.defects import CRASH, HANG
from tensorpact.reports.manner import any_damage, damaged, plain, without_numbers
from tensorpact.reports.model import Finding, Verdict
from tensorpact.runner.evidence import Evidence
from tensorpact.runner.isolation import Ending, How

CRASHES = "error.nothing-crashes"
"""The guarantee that every death and every hang of a process breaks."""

CONTRADICTIONS = "dlpack.malformed-is-refused"
"""The one that it breaks where no Python code could have made the input."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The cases that a guarantee was judged on: how many, with what outcome, along which axes."""

    judged: int = 0
    failed: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)
    axes: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.judged + other.judged,
            self.failed + other.failed,
            Counter(self.notes) + Counter(other.notes),
            Counter(self.axes) + Counter(other.axes),
        )


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch.

    `findings` are distinct, counted, and neither shrunk nor spelled. `cases` counts those
    that were tried. `untried` counts those whose like had killed the process too often.
    `unexplained` says what happened that no single case is to blame for. `stopped`: the run
    was interrupted before the batch was through, or `fault` ended it. `evidence` says where on
    the axes guarantees were kept and broken.
    """

    tallies: Mapping[str, Tally] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    cases: int = 0
    untried: int = 0
    unexplained: tuple[str, ...] = ()
    stopped: bool = False
    fault: TensorpactError | None = None
    evidence: tuple[Evidence, ...] = ()

    def __add__(self, other: BatchResult) -> BatchResult:
        ids = dict.fromkeys([*self.tallies, *other.tallies])
        return BatchResult(
            {i: self.tallies.get(i, Tally()) + other.tallies.get(i, Tally()) for i in ids},
            distinct([*self.findings, *other.findings]),
            self.cases + other.cases,
            self.untried + other.untried,
            (*self.unexplained, *other.unexplained),
            self.stopped or other.stopped,
            self.fault or other.fault,
            (*self.evidence, *other.evidence),
        )


def broken_by_death(case: Case) -> str:
    """The id of the guarantee that the case breaks by ending its process."""
    contradicts = case.block is not None and twist_of(case.block).outcome is Outcome.DOUBTED
    return CONTRADICTIONS if contradicts else CRASHES


def death(case: Case, ending: Ending) -> Finding:
    """The finding of a case that ended its process, or hung."""
    hung = ending.how is How.HUNG
    return Finding(
        broken_by_death(case),
        Verdict.TIMEOUT if hung else Verdict.CRASH,
        case,
        "",
        "a value or an exception",
        f"{ending.cause}"
        if hung
        else f"the process ended by {ending.cause}, in the call or in a use of its result",
        detail=ending.output,
        defect=HANG if hung else CRASH,
    )


def source_class(case: Case) -> tuple[str, ...]:
    """The operation with the kind and layout of its input: cases alike as far as deaths go."""
    match case.source:
        case Block(exporter=exporter, layout=layout, twist=twist):
            alike = (case.call.operation, exporter, layout)
            return alike if broken_by_death(case) == CRASHES else (*alike, twist)
    if isinstance(case.source, Story):
        return case.call.operation, *sorted({step.verb for step in case.source.steps})
    root = case.source.root
    if isinstance(root, Leaf) and root.kind == "thing":
        return case.call.operation, root.text
    return case.call.operation, root.kind if isinstance(root, Leaf | Nest) else root.exporter


def signature(finding: Finding) -> tuple[Any, ...]:
    """Equal for findings that have, by all appearance, one cause.

    Numbers and the messages of exceptions do not count. Deaths are told apart by what the
    process said where it said anything, else by the class of the input. Whether damaged memory
    is met by the allocator, which says so and aborts, or by a load that faults, is chance.
    All that one known deviation covers is one.
    """
    if finding.known:
        return finding.guarantee, finding.known
    seen = plain(finding.seen)
    if finding.verdict is Verdict.FAIL:
        return finding.guarantee, _kind(finding.case), plain(finding.required), seen
    if damaged(finding):
        return finding.guarantee, any_damage(seen), _likeness(finding.case)
    words = without_numbers(finding.detail)
    return finding.guarantee, seen, words or _likeness(finding.case)


def _kind(case: Case) -> tuple[str, ...]:
    """The operation with the kind of its input, without what is special about it."""
    if isinstance(case.source, Values) and isinstance(case.source.root, Leaf):
        return case.call.operation, case.source.root.kind
    return _likeness(case)[:2]


def _likeness(case: Case) -> tuple[str, ...]:
    """The class of the input; stories are all alike, for what is in them is mostly by the way."""
    return (case.call.operation,) if isinstance(case.source, Story) else source_class(case)


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first finding of each signature, counts summed up."""
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(signature(finding), []).append(finding)
    return tuple(
        replace(group[0], count=sum(finding.count for finding in group))
        for group in groups.values()
    )
