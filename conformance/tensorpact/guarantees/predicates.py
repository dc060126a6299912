"""The questions that guarantees ask of a case and of a trial, each with a name."""

from __future__ import annotations

from collections.abc import Callable

from reftensor.rules import Memory
from tensorpact.backends.protocol import Claims
from tensorpact.cases.dtypes import FOREIGN
from tensorpact.cases.model import Block, Case, Leaf, Nest, Node, leaves
from tensorpact.cases.remember import remembered
from tensorpact.guarantees.model import PASS, SKIP, Demand, Failure, Judgement
from tensorpact.inference import PYTHON_KINDS
from tensorpact.seen.raised import Raised
from tensorpact.trial import Trial

Applies = Callable[[Case, Claims], bool]

INGEST = ("as_tensor", "tensor", "asarray")
IMPORTS = ("as_tensor", "tensor", "asarray", "from_dlpack")
SHARE = ("as_tensor", "asarray", "from_numpy", "frombuffer", "from_dlpack")
EVERY = ("as_tensor", "tensor", "asarray", "from_numpy", "frombuffer", "from_dlpack")
GIVE = ("__dlpack__", "__array__", "buffer")

SPECIFIC = ("TypeError", "ValueError", "OverflowError", "BufferError")
TELLING = ("AttributeError", "NotImplementedError", "RecursionError", "MemoryError")
"""Classes that say what happened too: no protocol, not possible, too deep, too large."""


# --------------------------------------------------------------------------- of a case


@remembered
def python_kinds(root: Node | None) -> frozenset[str] | None:
    """The kinds of Python scalars in plain values; None when anything else is among them."""
    if root is None:
        return None
    found = list(leaves(root))
    if all(isinstance(leaf, Leaf) and leaf.kind in PYTHON_KINDS for leaf in found):
        return frozenset(leaf.kind for leaf in found if isinstance(leaf, Leaf))
    return None


@remembered
def plainly_nested(node: Node | None) -> bool:
    """Lists and tuples of leaves: what every authority calls a sequence of scalars."""
    return _plain(node)


def _plain(node: Node | None) -> bool:
    if isinstance(node, Nest):
        return node.kind in ("list", "tuple") and all(map(_plain, node.items))
    return isinstance(node, Leaf) and node.kind != "thing"


def numeric(root: Node) -> bool:
    """Python scalars and array scalars only, alone or in sequences of any kind."""
    return all(
        isinstance(leaf, Leaf) and (leaf.kind in PYTHON_KINDS or leaf.kind.startswith("scalar:"))
        for leaf in leaves(root)
    )


def copy_false(case: Case) -> bool:
    """Whether a copy is forbidden."""
    return case.call.copy is False


def ordinary_block(case: Case) -> Block | None:
    """The block, when its dtype is one that tensor libraries know."""
    block = case.block
    return block if block is not None and block.dtype not in FOREIGN else None


# --------------------------------------------------------------------------- of a trial


def must_return(trial: Trial) -> bool:
    """Whether an authority asks for a result: documented data, nothing to refuse, no copy=False
    in the way."""
    expected = trial.expected
    return (
        expected.accepted
        and expected.refusal is None
        and not expected.may_refuse
        and expected.memory is not Memory.REFUSE
    )


def dataless(trial: Trial) -> bool:
    """Whether the result would lie on a device that holds no data."""
    return trial.expected.device in trial.claims.dataless


def refused_wrongly(trial: Trial, required: str) -> Judgement:
    """For a call that raised: a failure where a result is owed, else nothing was tested."""
    raised = trial.observed.raised
    if raised is None or not must_return(trial):
        return SKIP
    return Failure(required, f"raised {raised}")


def refusal_kept(trial: Trial) -> Judgement:
    """For a promise of "converted or refused": the refusal counts where the data is taken.

    What is refused for another reason, such as its kind or an unknown device, tests nothing.
    """
    expected = trial.expected
    return PASS if expected.accepted and expected.refusal is None else SKIP


def must_raise(trial: Trial, required: str, classes: tuple[str, ...] = ()) -> Judgement:
    """The check of a refusal: any exception, or one of the named classes."""
    observed = trial.observed
    if observed.raised is not None:
        if not classes or observed.raised.is_a(*classes):
            return PASS
        return Failure(required, f"raised {observed.raised}", Demand("refusal", classes))
    if observed.result is None:
        return SKIP
    return Failure(required, f"returned {described(trial)}", Demand("refusal", classes))


def described(trial: Trial) -> str:
    """The result in a few words: dtype, shape, device and, when few, the elements."""
    from tensorpact.probes.reads import numbers

    result = trial.observed.result
    if result is None:
        return str(trial.observed.raised or trial.observed.unbuilt)
    if not result.is_tensor:
        return f"a {result.type_name}"
    data = result.read()
    text = f"{result.dtype or result.native_dtype} {result.shape} on {result.device}"
    if data is None or result.dtype is None or len(data) > 256:
        return text
    return f"{text} holding {numbers(data, result.dtype)}"


def is_telling(raised: Raised) -> bool:
    """Whether its class says what happened, or the input itself raised it."""
    return raised.from_input or raised.is_a(*SPECIFIC, *TELLING)
