"""shape: which shape and strides come out."""

from __future__ import annotations

from dataclasses import replace

from tensorpact.backends.protocol import Claims
from tensorpact.cases import dtypes, layouts
from tensorpact.cases.model import Block, Case, Leaf, Nest, State, leaves
from tensorpact.cases.things import THINGS
from tensorpact.expectation import KIND_OF_EXPORTER, layout_traits, reads_raw
from tensorpact.guarantees.elements import understood
from tensorpact.guarantees.model import (
    PASS,
    SKIP,
    Demand,
    Failure,
    Guarantee,
    Judgement,
    Level,
    Note,
    Promise,
)
from tensorpact.guarantees.predicates import (
    EVERY,
    INGEST,
    SHARE,
    dataless,
    must_raise,
    numeric,
    ordinary_block,
    plainly_nested,
    refused_wrongly,
)
from tensorpact.guarantees.promises import numpy, safety, std, torch
from tensorpact.inference import shape_of
from tensorpact.trial import Relation, Trial

TITLE = "which shape and strides come out"


# --------------------------------------------------------------------------- checks


def shape_comes_out(trial: Trial) -> Judgement:
    """The shape of whatever is returned is the expected one; a refusal is judged elsewhere.

    A library that does not say that it takes an array of this kind may take it for a sequence.
    """
    result, wanted = trial.observed.result, trial.expected.shape
    if result is None or not result.is_tensor or wanted is None:
        return SKIP
    if trial.expected.refusal is not None or not understood(trial):
        return SKIP
    if trial.case.block is not None and not trial.expected.accepted:
        return SKIP
    if result.shape == wanted:
        return PASS
    return Failure(f"shape {wanted}", f"shape {result.shape}", Demand("shape", wanted))


def shape_is_taken(trial: Trial) -> Judgement:
    """As `shape_comes_out`; and a shape is no reason to refuse what is otherwise ordinary."""
    if trial.observed.raised is not None and _ordinary_but_shape(trial.case, trial.claims):
        return refused_wrongly(trial, f"a result of shape {trial.expected.shape}")
    return shape_comes_out(trial)


def ragged_is_refused(trial: Trial) -> Judgement:
    """What a device without data lets pass is for `refused_everywhere` to judge."""
    if trial.observed.unbuilt or dataless(trial):
        return SKIP
    return must_raise(trial, "an exception: it is irregular")


def refused_everywhere(trial: Trial) -> Judgement:
    """What the host refuses for its form is refused on this device too."""
    if not trial.related or trial.related[0].observed.raised is None:
        return SKIP
    return must_raise(trial, f"an exception, as on the host: {trial.related[0].observed.raised}")


def stacked_or_refused(trial: Trial) -> Judgement:
    """Equal shapes are stacked or refused; unequal ones are refused."""
    if trial.observed.unbuilt:
        return SKIP
    if trial.expected.shape is None:
        return must_raise(trial, "an exception: the arrays differ in shape")
    return PASS if trial.observed.raised is not None else shape_comes_out(trial)


def depth_is_refused_or_kept(trial: Trial) -> Judgement:
    """An exception; or, for a list that ends at all, a result with all of its dimensions."""
    assert isinstance(trial.case.root, Leaf)
    name, result = trial.case.root.text, trial.observed.result
    levels = int(name.removeprefix("deep_")) if name.startswith("deep_") else None
    if levels is not None and result is not None and result.shape == (1,) * levels:
        return PASS
    return must_raise(trial, "an exception: it is nested too deep")


def rows_are_compact(trial: Trial) -> Judgement:
    """The byte strides are those of C order, wherever a dimension is longer than one."""
    result = trial.observed.result
    if result is None or result.strides is None or result.dtype is None:
        return SKIP
    wanted = layouts.compact(result.shape, dtypes.itemsize(result.dtype))
    if _used(result.shape, result.strides) == _used(result.shape, wanted):
        return PASS
    return Failure(
        f"byte strides {wanted}", f"byte strides {result.strides}", Demand("strides", wanted)
    )


def shared_memory_is_described_truly(trial: Trial) -> Judgement:
    """What shares begins where the source begins and steps as it steps."""
    result, provided = trial.observed.result, trial.observed.provided
    if result is None or trial.expected.refusal is not None:
        return SKIP
    if result.relation not in (Relation.SHARED, Relation.SEPARATED_LATE):
        return SKIP
    if result.shape != trial.expected.shape:  # then other strides are right
        return SKIP
    start, strides = _lent(trial)
    if result.address is not None and start is not None and result.address != start:
        return Failure("the source's address", f"an address {result.address - start:+} bytes off")
    if result.strides is None or strides is None or provided.strides is None:
        return PASS if result.address is not None and start is not None else SKIP
    if _used(result.shape, result.strides) == _used(result.shape, strides):
        return PASS
    return Failure(
        f"byte strides {strides}", f"byte strides {result.strides}", Demand("strides", strides)
    )


def order_of_a_copy(trial: Trial) -> Judgement:
    """C order, or the order of the source's axes."""
    result, provided, block = trial.observed.result, trial.observed.provided, trial.case.block
    if result is None or block is None or result.relation is not Relation.INDEPENDENT:
        return SKIP
    if result.strides is None or result.dtype is None or provided.strides is None:
        return SKIP
    compact = layouts.compact(result.shape, dtypes.itemsize(result.dtype))
    if _used(result.shape, result.strides) == _used(result.shape, compact):
        return Note("C order")
    return Note(
        "the source's order"
        if _ranks(result.strides) == _ranks(provided.strides)
        else "another order"
    )


# --------------------------------------------------------------------------- strides


def _used(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of the dimensions that are longer than one; none of an empty array's."""
    if 0 in shape or len(shape) != len(strides):
        return ()
    return tuple(s for n, s in zip(shape, strides, strict=True) if n > 1)


def _lent(trial: Trial) -> tuple[int | None, tuple[int, ...] | None]:
    """The address and the byte strides that a sharing result must have."""
    provided, case = trial.observed.provided, trial.case
    if not reads_raw(case, trial.claims):
        return provided.address, provided.strides
    offset = case.call.get("offset") or 0
    assert isinstance(offset, int)
    size = dtypes.itemsize(trial.expected.dtype or "uint8")
    return provided.address and provided.address + offset, (size,)


def _ranks(strides: tuple[int, ...]) -> list[int]:
    """The axes from the widest step to the narrowest."""
    return sorted(range(len(strides)), key=lambda axis: -abs(strides[axis]))


# --------------------------------------------------------------------------- cases


def _scalar(case: Case, claims: Claims) -> bool:
    if isinstance(case.root, Leaf):
        return numeric(case.root)
    block = ordinary_block(case)
    return block is not None and block.shape == ()


def _nested(case: Case, claims: Claims) -> bool:
    return isinstance(case.root, Nest) and numeric(case.root) and shape_of(case.root) is not None


def _ordinary_but_shape(case: Case, claims: Claims) -> bool:
    """Host data of the default real dtype in C order, no argument: only its shape can matter."""
    if case.call.arguments or case.state != State():
        return False
    block = case.block
    if block is None:
        return all(isinstance(x, Leaf) and x.kind == "float" for x in leaves(case.source.root))  # type: ignore[union-attr] # not a block
    common = block.exporter in ("own", "ndarray") and block.dtype == claims.defaults.real
    here = block.device in ("", claims.host) and not block.foreign_order
    plain = here and block.layout == "C" and not layout_traits(block)
    return common and plain and not (block.grad or block.lazy or block.readonly)


def _ragged(case: Case, claims: Claims) -> bool:
    root = case.root
    if root is None or not plainly_nested(root):
        return False
    return numeric(root) and shape_of(root) is None


def _bad_form_elsewhere(case: Case, claims: Claims) -> bool:
    """Irregular nesting, text, None and things, on a device other than the host."""
    device = case.call.device
    if case.root is None or device is None or device == claims.host:
        return False
    if device not in claims.devices or case.call.given("unknown"):
        return False
    return shape_of(case.root) is None or any(map(_odd, leaves(case.root)))


def _odd(leaf: Leaf | Block) -> bool:
    """No data, and nothing that misbehaves differently at each call."""
    if not isinstance(leaf, Leaf):
        return False
    if leaf.kind == "thing":
        return not (THINGS[leaf.text].hostile or THINGS[leaf.text].data)
    return leaf.kind in ("str", "bytes", "none")


def _on_the_host(case: Case, claims: Claims) -> tuple[Case, ...]:
    return (replace(case, call=case.call.with_argument("device", f"{claims.host}#0")),)


def _has_shape(case: Case, claims: Claims) -> bool:
    return ordinary_block(case) is not None and not reads_raw(case, claims)


def _arrays(case: Case, claims: Claims) -> bool:
    """A sequence of arrays of one dtype that the library has."""
    root = case.root
    if not isinstance(root, Nest) or root.kind not in ("list", "tuple") or case.call.given("dtype"):
        return False
    return bool(root.items) and all(
        isinstance(item, Block)
        and item.dtype in claims.dtypes
        and claims.accepted(case.call.operation, KIND_OF_EXPORTER[item.exporter])
        for item in root.items
    )


def _nowhere(case: Case, claims: Claims) -> bool:
    """Whether the result has no values, so that nobody has to look at the elements."""
    return (case.call.device or case.state.default_device) in claims.dataless


def _deep(case: Case, claims: Claims) -> bool:
    root = case.root
    if not isinstance(root, Leaf) or root.kind != "thing" or _nowhere(case, claims):
        return False
    return THINGS[root.text].deep


def _regular_sequence(case: Case, claims: Claims) -> bool:
    return _nested(case, claims) and case.call.copy is not False


def _lends(case: Case, claims: Claims) -> bool:
    block = ordinary_block(case)
    return block is not None and 0 not in block.shape


def _ordered(case: Case, claims: Claims) -> bool:
    """An array whose order in memory is not that of C, in a call that may copy it."""
    block = ordinary_block(case)
    if block is None or len(block.shape) < 2 or reads_raw(case, claims):
        return False
    return block.layout in ("F", "rotated") and case.call.copy is not False


# --------------------------------------------------------------------------- the table

_LISTED: tuple[Promise, ...] = (
    std("asarray", "parameter obj: a possibly nested sequence of Python scalars"),
    torch("asarray", "items 5 and 6 of what obj can be"),
    numpy("asarray", "parameter a"),
    numpy("array", "parameter object"),
)

# That a regular list is taken promises nothing of an irregular one.
_SEQUENCE: tuple[Promise, ...] = (
    *_LISTED,
    torch("tensor", "first example"),
    torch("as_tensor", "parameter data"),
)

GUARANTEES = (
    Guarantee(
        id="shape.scalar-is-0d",
        level=Level.MUST,
        sentence="A scalar, array scalar or 0-d array gives a 0-d result.",
        why="A scalar that comes out with one element in one dimension broadcasts the same and "
        "then breaks the first reduction, index or save that asks for the rank.",
        operations=INGEST,
        promised_by=(
            std("asarray", "parameter obj: a Python scalar, an array"),
            torch("tensor", "example of a zero-dimensional tensor", *INGEST),
            torch("asarray", "paragraph on NumPy scalars"),
            numpy("array", "parameter object", "asarray", "tensor"),
        ),
        applies=_scalar,
        check=shape_is_taken,
    ),
    Guarantee(
        id="shape.nesting-is-shape",
        level=Level.MUST,
        over="values",
        sentence="A regular nested sequence of depth n gives n dimensions with the lengths of "
        "the nesting, empty levels included.",
        why="A batch that happens to be empty keeps its other dimensions, or the layer after it "
        "fails on it.",
        operations=INGEST,
        promised_by=_SEQUENCE,
        applies=_nested,
        check=shape_is_taken,
    ),
    Guarantee(
        id="shape.ragged-raises",
        level=Level.MUST,
        over="values",
        sentence="Irregular nesting raises wherever the irregularity stands; nothing is dropped, "
        "padded or truncated.",
        why="A record with a missing field that is cut to the length of the others loses data "
        "that nobody misses until the results are wrong.",
        operations=INGEST,
        promised_by=(*_LISTED, safety("no data is dropped in silence")),
        applies=_ragged,
        check=ragged_is_refused,
    ),
    Guarantee(
        id="shape.validation-ignores-device",
        level=Level.SHOULD,
        over="values",
        sentence="Input that is refused for its form on the host is refused on every device.",
        why="A dry run on a device without data that accepts what the real device refuses has "
        "tested nothing.",
        operations=INGEST,
        promised_by=(safety("whether data is data does not depend on where it goes"),),
        applies=_bad_form_elsewhere,
        check=refused_everywhere,
        related=_on_the_host,
    ),
    Guarantee(
        id="shape.array-shape-is-kept",
        level=Level.MUST,
        over="memory",
        sentence="An array keeps its shape, 0-d and zero-size dimensions included.",
        why="Code that indexes by axis number reads other data when an axis is squeezed away.",
        operations=EVERY,
        promised_by=(
            std("asarray", "returns: the data from obj"),
            std("from_dlpack", "returns: the data in x"),
            torch("as_tensor", "paragraphs on tensors and NumPy arrays"),
            torch("tensor", "first paragraph"),
            torch("asarray", "first paragraph"),
            torch("from_numpy", "first paragraph"),
            torch("from_dlpack", "first paragraph"),
            numpy("asarray", "returns"),
            numpy("array", "parameter object"),
            numpy("from_dlpack", "summary"),
        ),
        applies=_has_shape,
        check=shape_is_taken,
    ),
    Guarantee(
        id="shape.sequence-of-arrays",
        level=Level.SHOULD,
        over="values",
        sentence="A sequence of equal-shaped arrays is stacked or refused; no dimension is lost, "
        "and a 0-d array counts as a scalar.",
        why="A list of one-element arrays that loses its inner dimension turns a column into a "
        "row, which then broadcasts to a matrix.",
        operations=INGEST,
        promised_by=(
            numpy("asarray", "parameter a"),
            numpy("array", "parameter object"),
            safety("no dimension is dropped in silence"),
        ),
        applies=_arrays,
        check=stacked_or_refused,
    ),
    Guarantee(
        id="shape.deep-nesting-raises",
        level=Level.MUST,
        over="values",
        sentence="Nesting beyond the limit of the implementation, and a list that contains "
        "itself, raise; nothing hangs or overflows the stack.",
        why="A service that takes lists from outside is ended by one of them.",
        operations=INGEST,
        promised_by=(safety("no crash, no hang"),),
        applies=_deep,
        check=depth_is_refused_or_kept,
    ),
    Guarantee(
        id="shape.sequence-copy-is-c-contiguous",
        level=Level.MUST,
        over="values",
        sentence="A result built from a sequence is C-contiguous.",
        why="Its memory goes to code that takes a pointer and a shape and knows no strides.",
        operations=INGEST,
        promised_by=(
            torch("Tensor.is_contiguous", "default memory format", *INGEST),
            numpy("array", "parameter order", "asarray", "tensor"),
        ),
        applies=_regular_sequence,
        check=rows_are_compact,
    ),
    Guarantee(
        id="shape.shared-strides-match-source",
        level=Level.MUST,
        over="memory",
        sentence="A sharing result has the source's address, and its byte strides wherever a "
        "dimension is longer than one.",
        why="Code that hands the pointer and the strides to a kernel writes somewhere else.",
        operations=SHARE,
        promised_by=(safety("an address that is told is true"),),
        applies=_lends,
        check=shared_memory_is_described_truly,
    ),
    Guarantee(
        id="shape.copied-strides",
        level=Level.OBSERVE,
        over="memory",
        sentence="Whether a copy keeps the order of the source's axes in memory.",
        why="Loops over a copy run fast along its rows or along its columns; which of them is "
        "not promised.",
        operations=INGEST,
        promised_by=(safety("to be compared, not scored"),),
        applies=_ordered,
        check=order_of_a_copy,
    ),
)
