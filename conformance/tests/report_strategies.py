"""Hypothesis strategies for reports: any verdict, any text, whatever a backend said."""

from __future__ import annotations

from hypothesis import strategies as st

from tensorpact.backends.numpy import backend
from tensorpact.backends.protocol import claims_of
from tensorpact.cases.model import Block, Case, Leaf, State, Values, call
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
HEADER = Header(claims_of(backend), "0.1", "3.11", "Linux", "2.4", 0, "quick", ("sharing.*",))
CASES = (
    Case(Block(shape=(2, 3), strides=(24, 8)), call("asarray", dtype="int8", copy=None)),
    Case(Values(Leaf("float", "nan")), call("tensor"), State(default_real="float64")),
)


def result(verdict: Verdict, level: Level = Level.MUST, *, seen: str = "a copy") -> GuaranteeResult:
    broken = verdict in BROKEN
    finding = Finding(SHARED, verdict, CASES[0], "np.asarray(x)", "shared memory", seen)
    judged = 0 if verdict in (Verdict.NOT_CLAIMED, Verdict.NOT_EXERCISED) else 7
    return GuaranteeResult(SHARED, level, verdict, judged, int(broken), (finding,) * broken, {}, {})


def report(*results: GuaranteeResult, incomplete: str | None = None) -> Report:
    return Report(HEADER, results, 1234, 0, 41.2, incomplete)


anything = st.text(st.characters(codec=None))
counts = st.dictionaries(st.text(), st.integers(1))
ids = st.sampled_from([SHARED, "error.nothing-crashes", "shape.<b>of another version</b>"])
findings = st.builds(
    Finding,
    guarantee=st.just(SHARED),
    verdict=st.sampled_from(sorted(BROKEN)),
    case=st.sampled_from(CASES),
    call=st.text(),
    required=st.text(),
    seen=anything,
    known=st.text(),
)
deviations = st.builds(
    KnownDeviation,
    guarantee=st.just(SHARED),
    key=st.text(),
    kind=st.text(),
    reason=anything,
    issue=st.text(),
    where=st.text(),
    count=st.integers(0),
    stale=st.text(),
)
results = st.builds(
    GuaranteeResult,
    id=ids,
    level=st.sampled_from(Level),
    verdict=st.sampled_from(Verdict),
    judged=st.integers(0),
    failed=st.integers(0),
    findings=st.lists(findings, max_size=2).map(tuple),
    notes=counts,
    axes=counts,
    selected=st.booleans(),
    deviations=st.lists(deviations, max_size=2).map(tuple),
    sentence=anything,
)
reports = st.builds(
    Report,
    header=st.just(HEADER),
    results=st.lists(results, max_size=3, unique_by=lambda result: result.id).map(tuple),
    cases=st.integers(0),
    untried=st.integers(0),
    seconds=st.floats(0, 1e6),
    incomplete=st.none() | st.text(),
)
