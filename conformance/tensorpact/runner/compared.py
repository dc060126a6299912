"""What the reference does where a backend breaks a promise, to be shown beside what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from tensorpact.backends.find import load
from tensorpact.backends.protocol import Claims, claims_of
from tensorpact.cases.feasible import possible
from tensorpact.cases.model import Block, Case, Nest, Node, Source, Values
from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Failure
from tensorpact.guarantees.predicates import described
from tensorpact.reports.model import Finding
from tensorpact.runner.isolation import Note, isolate
from tensorpact.runner.judging import judging
from tensorpact.runner.limits import Limits
from tensorpact.seen.writes import Relation
from tensorpact.trial import Trial

REFERENCE = "reference"
KEEPS = "keeps the promise"


def compared(finding: Finding, claims: Claims, limits: Limits) -> str:
    """What the reference does with the case of the finding, in a line.

    Empty where it has no such thing: a device, a dtype, autograd. Its default dtype is set to
    that of the backend, and its host stands for the backend's.
    """
    own = own_claims()
    case = translated(finding.case, claims, own)
    elsewhere = case.call.device in claims.devices and case.call.device not in own.devices
    if elsewhere or not possible(case, own):
        return ""
    arguments = (finding.guarantee, case)
    notes, ending = isolate(_outcome, *arguments, seconds=limits.case_seconds)
    return notes[0] if notes else f"ends in {ending.cause}"


@cache
def own_claims() -> Claims:
    """What the reference claims."""
    return claims_of(load(REFERENCE))


def _outcome(note: Note, guarantee: str, case: Case) -> None:
    """Notes what the reference did, in the words of a finding."""
    with judging(REFERENCE, [guarantee]) as judge:
        trial, judged = judge.see(case)
    failures = [judgement for _, judgement in judged if isinstance(judgement, Failure)]
    if failures:
        note(failures[0].seen)
        return
    agrees = [KEEPS] * (TABLE[guarantee].related is not None)
    note("; ".join(dict.fromkeys([*agrees, _said(trial)])))


def _said(trial: Trial) -> str:
    result, raised = trial.observed.result, trial.raised
    if raised is not None:
        return f"raises {raised}"
    if result is None:
        return KEEPS
    memory = _MEMORY.get(result.relation, "")
    return f"returns {described(trial)}{memory}"


_MEMORY: Mapping[Relation, str] = {
    Relation.SHARED: ", over the source's memory",
    Relation.INDEPENDENT: ", in memory of its own",
}


# --------------------------------------------------------------------------- the same for both


def translated(case: Case, claims: Claims, own: Claims) -> Case:
    """The case with the reference's names for the host, under the backend's default dtype."""
    device = case.call.device
    here = own.host if device == claims.host else device
    arguments = tuple(
        # By its first spelling: the backend may know more of them.
        (name, f"{here}#0" if name == "device" and here in own.devices else value)
        for name, value in case.call.arguments
    )
    state = case.state
    if state.default_device == claims.host:
        state = replace(state, default_device=own.host)
    if not state.default_real and claims.defaults.real != own.defaults.real:
        state = replace(state, default_real=claims.defaults.real)
    source = _source(case.source, claims)
    return replace(case, source=source, call=replace(case.call, arguments=arguments), state=state)


def _source(source: Source, claims: Claims) -> Source:
    match source:
        case Block():
            return _block(source, claims)
        case Values(root):
            return Values(_node(root, claims))
    return source


def _node(node: Node, claims: Claims) -> Node:
    match node:
        case Block():
            return _block(node, claims)
        case Nest(kind, items):
            return Nest(kind, tuple(_node(item, claims) for item in items))
    return node


def _block(block: Block, claims: Claims) -> Block:
    return replace(block, device="") if block.device == claims.host else block
