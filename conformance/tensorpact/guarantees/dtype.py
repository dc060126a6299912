"""dtype: which dtype comes out."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from tensorpact.backends.protocol import Claims
from tensorpact.cases.dtypes import FOREIGN, standard
from tensorpact.cases.model import Case, Leaf, Nest, State, Values, leaves
from tensorpact.expectation import reads_raw
from tensorpact.guarantees.authorities import dlpack, numpy, safety, std, torch
from tensorpact.guarantees.model import (
    PASS,
    SKIP,
    Failure,
    Guarantee,
    Judgement,
    Level,
    Note,
)
from tensorpact.guarantees.predicates import (
    EVERY,
    INGEST,
    Applies,
    described,
    must_return,
    ordinary_block,
    plainly_nested,
    python_kinds,
    refused_wrongly,
)
from tensorpact.probes.reads import same
from tensorpact.trial import Trial
from tensorpact.values import wanted_elements

TITLE = "which dtype comes out"


# --------------------------------------------------------------------------- checks


def comes_out(trial: Trial) -> Judgement:
    """The dtype of the result is the expected one; what is refused has no dtype."""
    wanted, result = trial.expected.dtype, trial.observed.result
    if wanted is None or result is None:
        return SKIP
    if trial.expected.refusal is not None or not trial.expected.accepted:
        return SKIP
    if result.dtype == wanted:
        return PASS
    return Failure(f"dtype {wanted}", f"dtype {result.dtype or result.native_dtype}")


def is_accepted(trial: Trial) -> Judgement:
    """The call returns, and with the expected dtype."""
    refused = refused_wrongly(trial, f"a result of dtype {trial.expected.dtype}")
    return comes_out(trial) if refused is SKIP else refused


def same_as_related(trial: Trial) -> Judgement:
    """The related calls, where both return, infer the dtype that this one does."""
    result = trial.observed.result
    others = [o.observed.result for o in trial.related if o.observed.result is not None]
    if result is None or not others:
        return SKIP
    for other in others:
        if other.native_dtype != result.native_dtype:
            return Failure(f"one dtype for every order, {result.native_dtype}", other.native_dtype)
    return PASS


def unsupported_is_refused(trial: Trial) -> Judgement:
    """The call raises TypeError."""
    observed = trial.observed
    required = "TypeError: the library has no such dtype"
    if observed.unbuilt:
        return SKIP
    if observed.raised is not None:
        good = observed.raised.is_a("TypeError")
        return PASS if good else Failure(required, f"raised {observed.raised}")
    return Failure(required, f"returned {described(trial)}")


def foreign_order_is_not_misread(trial: Trial) -> Judgement:
    """A result holds the numbers of the source; a refusal is as good."""
    observed, result = trial.observed, trial.observed.result
    if observed.raised is not None:
        return PASS
    if result is None or result.dtype is None:
        return SKIP
    wanted = wanted_elements(trial)
    if wanted is None:
        return SKIP
    if same(result.read() or b"", wanted, result.dtype):
        return PASS
    return Failure("the numbers of the source, or a refusal", f"returned {described(trial)}")


def promotes(trial: Trial) -> Judgement:
    """Scalars of two dtypes that the library promotes make a sequence of the common dtype."""
    assert isinstance(trial.case.root, Nest)
    names = sorted(
        {leaf.kind.partition(":")[2] for leaf in leaves(trial.case.root) if isinstance(leaf, Leaf)}
    )
    common = next((c for a, b, c in trial.claims.promotions if [a, b] == names), None)
    if common is None or not must_return(trial):
        return SKIP
    result = trial.observed.result
    if result is None:
        return Failure(f"dtype {common}", f"raised {trial.observed.raised}")
    return PASS if result.dtype == common else Failure(f"dtype {common}", described(trial))


def siblings(trial: Trial) -> Judgement:
    """The other ingestion functions take the same input with the same dtype and numbers."""
    if trial.observed.unbuilt or not trial.related:
        return SKIP
    mine = _outcome(trial)
    for other in trial.related:
        if _outcome(other) != mine:
            return Failure(
                f"what {trial.case.call.operation} gives: {described(trial)}",
                f"{other.case.call.operation} gives {described(other)}",
            )
    return PASS


def _outcome(trial: Trial) -> object:
    result = trial.observed.result
    if result is None:
        return "refused"
    return result.native_dtype, result.shape, result.read()


def observed_dtype(trial: Trial) -> Judgement:
    """Notes the dtype that came out, or the exception."""
    result, raised = trial.observed.result, trial.observed.raised
    if result is not None:
        return Note(result.dtype or result.native_dtype or result.type_name)
    return Note(raised.name) if raised is not None else SKIP


# --------------------------------------------------------------------------- cases


def _infers(*kinds: str) -> Applies:
    """Python scalars of these kinds only, at least one of the first, and no dtype given."""
    allowed = frozenset(kinds)

    def applies(case: Case, claims: Claims) -> bool:
        if case.call.dtype is not None or not plainly_nested(case.root):
            return False
        found = python_kinds(case.root)
        return found is not None and found <= allowed and kinds[0] in found

    return applies


def _infers_empty(case: Case, claims: Claims) -> bool:
    no_dtype = case.call.dtype is None and plainly_nested(case.root)
    return no_dtype and python_kinds(case.root) == frozenset()


def _under_other_default(case: Case, claims: Claims) -> bool:
    return (
        bool(case.state.default_real)
        and case.state.default_real != claims.defaults.real
        and case.call.dtype is None
        and (python_kinds(case.root) is not None or ordinary_block(case) is not None)
    )


def _carries(case: Case, claims: Claims) -> bool:
    block = ordinary_block(case)
    if block is None or case.call.dtype is not None or block.foreign_order:
        return False
    buffer = block.exporter in ("array.array", "bytearray", "bytes", "memoryview", "mmap")
    return block.dtype in claims.dtypes and not buffer


def _array_scalar(case: Case, claims: Claims) -> bool:
    root = case.root
    leaf = root.items[0] if isinstance(root, Nest) and len(root.items) == 1 else root
    if not isinstance(leaf, Leaf) or not leaf.kind.startswith("scalar:"):
        return False
    plain = not case.call.arguments and case.state == State()
    return plain and leaf.kind.partition(":")[2] in claims.dtypes


def _explicit(case: Case, claims: Claims) -> bool:
    return case.call.dtype in claims.dtypes and not _is_thing(case)


def _is_thing(case: Case) -> bool:
    return isinstance(case.root, Leaf) and case.root.kind in ("thing", "str", "bytes", "none")


def _mixed(case: Case, claims: Claims) -> bool:
    root = case.root
    if not isinstance(root, Nest) or case.call.dtype is not None or not 2 <= len(root.items) <= 4:
        return False
    return plainly_nested(root) and all(isinstance(item, Leaf) for item in root.items)


def _orders(case: Case, claims: Claims) -> tuple[Case, ...]:
    root = case.root
    assert isinstance(root, Nest)
    orders = list(dict.fromkeys(permutations(root.items)))[1:4]
    return tuple(Case(Values(Nest(root.kind, o)), case.call, case.state) for o in orders)


def _two_dtypes(case: Case, claims: Claims) -> bool:
    root = case.root
    if not isinstance(root, Nest) or case.call.arguments or not plainly_nested(root):
        return False
    kinds = {item.kind for item in root.items if isinstance(item, Leaf)}
    return len(kinds) == 2 and all(
        kind.startswith("scalar:") and kind.partition(":")[2] in claims.dtypes for kind in kinds
    )


def _supported(case: Case, claims: Claims) -> bool:
    block = ordinary_block(case)
    return (
        block is not None
        and block.exporter == "ndarray"
        and not block.foreign_order
        and block.layout == "C"
        and not case.call.arguments
        and case.state == State()
        and standard(block.dtype) in claims.dtypes
    )


def _unsupported(case: Case, claims: Claims) -> bool:
    block = case.block
    if block is None or case.call.given("dtype") or block.exporter not in ("ndarray", "subclass"):
        return False
    return block.dtype in FOREIGN or standard(block.dtype) not in claims.dtypes


def _foreign_order(case: Case, claims: Claims) -> bool:
    block = ordinary_block(case)
    if block is None or not block.foreign_order or reads_raw(case, claims):
        return False
    if case.call.device in claims.dataless or case.state.default_device in claims.dataless:
        return False
    return block.dtype in claims.dtypes


def _typed_buffer(case: Case, claims: Claims) -> bool:
    block = ordinary_block(case)
    return (
        block is not None
        and block.exporter in ("array.array", "memoryview")
        and not case.call.given("dtype")
        and not claims.raw_buffers
        and block.dtype in claims.dtypes
    )


def _round_trip(case: Case, claims: Claims) -> bool:
    block = case.block
    return (
        block is not None
        and block.exporter in ("own", "ndarray", "dlpack", "dlpack_old")
        and not block.foreign_order
        and block.dtype in claims.dtypes
    )


def _siblings_case(case: Case, claims: Claims) -> bool:
    if case.call.operation != "asarray" or not _sibling_names(case, claims):
        return False
    if case.root is None or not plainly_nested(case.root):
        return False
    return all(
        claims.takes(name, keyword)
        for name in _sibling_names(case, claims)
        for keyword, _ in case.call.arguments
    )


def _sibling_names(case: Case, claims: Claims) -> tuple[str, ...]:
    return tuple(sorted({"as_tensor", "tensor"} & claims.operations))


def _sibling_cases(case: Case, claims: Claims) -> tuple[Case, ...]:
    return tuple(
        replace(case, call=replace(case.call, operation=name))
        for name in _sibling_names(case, claims)
    )


def _any_type_as_dtype(case: Case, claims: Claims) -> bool:
    value = case.call.get("dtype")
    return isinstance(value, str) and value.startswith("python:")


# --------------------------------------------------------------------------- the table

_INFERENCE = (
    std("asarray", "parameter dtype"),
    torch("as_tensor", "parameter dtype"),
    torch("tensor", "parameter dtype"),
    torch("asarray", "description, last paragraph on scalars"),
)
_DEFAULT_REAL = torch("set_default_dtype", "items 1 and 2", *INGEST)

GUARANTEES = (
    Guarantee(
        id="dtype.bools-infer-bool",
        level=Level.MUST,
        over="values",
        sentence="A bool, or a sequence of only bools, gives the boolean dtype.",
        why="A mask that comes out as integers selects rows by number instead of masking them.",
        operations=INGEST,
        promised_by=_INFERENCE,
        applies=_infers("bool"),
        check=comes_out,
    ),
    Guarantee(
        id="dtype.ints-infer-default-int",
        level=Level.MUST,
        over="values",
        sentence="Ints, or ints mixed with bools, give the default integer dtype.",
        why="An index that comes out as a float is refused, or rounded above 2**24.",
        operations=INGEST,
        promised_by=_INFERENCE,
        applies=_infers("int", "bool"),
        check=comes_out,
    ),
    Guarantee(
        id="dtype.floats-infer-default-float",
        level=Level.MUST,
        over="values",
        sentence="Floats, mixed or not with ints and bools, give the default real dtype.",
        why="Data that doubles its width for one sequence slows a model down or fails to mix "
        "with its weights.",
        operations=INGEST,
        promised_by=(*_INFERENCE, _DEFAULT_REAL),
        applies=_infers("float", "int", "bool"),
        check=comes_out,
    ),
    Guarantee(
        id="dtype.complex-infers-default-complex",
        level=Level.MUST,
        over="values",
        sentence="One complex among Python scalars gives the default complex dtype, in "
        "whatever place it stands.",
        why="An imaginary part that is found only in first place is lost in every other one.",
        operations=INGEST,
        promised_by=(*_INFERENCE, _DEFAULT_REAL),
        applies=_infers("complex", "float", "int", "bool"),
        check=comes_out,
    ),
    Guarantee(
        id="dtype.default-float-setting-is-followed",
        level=Level.MUST,
        sentence="Changing the default real dtype changes what Python floats, empty sequences "
        "and, at matching width, complex numbers infer, and nothing else.",
        why="A program that sets float64 for precision loses it in the one place that does not "
        "listen; a setting that reaches arrays converts data that nobody asked to convert.",
        operations=EVERY,
        promised_by=(torch("set_default_dtype", "items 1 and 2", *EVERY),),
        applies=_under_other_default,
        check=comes_out,
    ),
    Guarantee(
        id="dtype.empty-infers-default-float",
        level=Level.MUST,
        over="values",
        sentence="An empty sequence gives the default real floating dtype.",
        why="Batches that happen to be empty must concatenate with the others.",
        operations=INGEST,
        promised_by=(torch("tensor", "example of an empty tensor", *INGEST),),
        applies=_infers_empty,
        check=comes_out,
    ),
    Guarantee(
        id="dtype.carried-dtype-is-kept",
        level=Level.MUST,
        over="memory",
        sentence="Input that carries a dtype keeps it when no dtype is given, whatever the "
        "defaults are.",
        why="An array that changes its dtype on the way in loses precision, or range, or the "
        "sharing that its dtype would have allowed.",
        operations=EVERY,
        promised_by=(
            std("asarray", "parameter dtype"),
            std("from_dlpack", "return value"),
            torch("asarray", "first paragraph"),
            torch("as_tensor", "paragraphs on tensors and NumPy arrays"),
            torch("tensor", "parameter dtype"),
            torch("from_numpy", "first paragraph"),
            torch("from_dlpack", "first paragraph"),
            numpy("asarray", "parameter dtype", "asarray", "tensor"),
        ),
        applies=_carries,
        check=comes_out,
    ),
    Guarantee(
        id="dtype.array-scalar-is-not-a-python-scalar",
        level=Level.MUST,
        over="values",
        sentence="A NumPy scalar keeps its own dtype, also one that subclasses a Python number.",
        why="numpy.float64 is a Python float by inheritance: taken for one it halves its "
        "precision in silence.",
        operations=INGEST,
        promised_by=(
            torch("asarray", "paragraph on NumPy scalars"),
            torch("as_tensor", "parameter dtype"),
            torch("tensor", "parameter dtype"),
            numpy("asarray", "parameter dtype", "asarray", "tensor"),
        ),
        applies=_array_scalar,
        check=is_accepted,
    ),
    Guarantee(
        id="dtype.explicit-dtype-wins",
        level=Level.MUST,
        sentence="The dtype asked for is the dtype that comes out, for every kind of input that "
        "is accepted at all.",
        why="Who names a dtype has checked that it is needed: a kernel, a file, a wire format.",
        operations=(*INGEST, "frombuffer"),
        promised_by=(
            std("asarray", "parameter dtype"),
            *(torch(name, "parameter dtype") for name in (*INGEST, "frombuffer")),
            numpy("asarray", "parameter dtype", "asarray", "tensor"),
            numpy("frombuffer", "parameter dtype"),
        ),
        applies=_explicit,
        check=comes_out,
    ),
    Guarantee(
        id="dtype.inference-ignores-order",
        level=Level.SHOULD,
        over="values",
        sentence="Permuting a sequence does not change the inferred dtype.",
        why="Inference that looks at the first element only is right until the data is shuffled.",
        operations=INGEST,
        promised_by=_INFERENCE,
        applies=_mixed,
        check=same_as_related,
        related=_orders,
    ),
    Guarantee(
        id="dtype.mixed-scalars-promote",
        level=Level.SHOULD,
        over="values",
        sentence="A sequence of scalars of two dtypes that promote to a common one converts to it.",
        why="Values that were taken out of two columns must fit into one tensor again.",
        operations=INGEST,
        promised_by=(
            safety("what promotes in arithmetic promotes in a list"),
            torch("asarray", "a sequence of scalars"),
        ),
        applies=_two_dtypes,
        check=promotes,
    ),
    Guarantee(
        id="dtype.siblings-agree",
        level=Level.SHOULD,
        over="values",
        sentence="as_tensor, tensor and asarray give the same dtype and numbers for the same "
        "plain values.",
        why="The three are taken for one another; where they differ nobody looks.",
        operations=("asarray",),
        promised_by=(safety("one question, one answer"),),
        applies=_siblings_case,
        check=siblings,
        related=_sibling_cases,
    ),
    Guarantee(
        id="dtype.supported-set-is-total",
        level=Level.MUST,
        over="memory",
        sentence="An array of every dtype that the library says it supports is accepted, under "
        "every C type of the same width, with the same-named dtype.",
        why="`long long` and `long` are two NumPy types of one width: a library that knows one "
        "fails on the other's data, which looks just the same.",
        operations=(*INGEST, "from_numpy"),
        promised_by=(
            torch("from_numpy", "list of dtypes", "from_numpy", "as_tensor"),
            torch("asarray", "first paragraph"),
            torch("tensor", "parameter data"),
            numpy("asarray", "parameter a", "asarray", "tensor"),
            std("asarray", "parameter obj"),
        ),
        applies=_supported,
        check=is_accepted,
    ),
    Guarantee(
        id="dtype.unsupported-is-refused",
        level=Level.MUST,
        over="memory",
        sentence="An array of a dtype that the library lacks is refused with TypeError.",
        why="A guessed dtype turns dates or extended precision into other numbers.",
        operations=(*INGEST, "from_numpy"),
        promised_by=(
            torch("from_numpy", "list of dtypes", "from_numpy", "as_tensor"),
            torch("asarray", "first paragraph"),
            torch("tensor", "parameter data"),
        ),
        applies=_unsupported,
        check=unsupported_is_refused,
    ),
    Guarantee(
        id="dtype.foreign-byte-order",
        level=Level.MUST,
        over="memory",
        sentence="Non-native byte order is converted or refused, never read as native.",
        why="A FITS or network array that is read as native holds plausible nonsense.",
        operations=EVERY,
        promised_by=(safety("no wrong answer in silence"),),
        applies=_foreign_order,
        check=foreign_order_is_not_misread,
    ),
    Guarantee(
        id="dtype.buffer-format-is-read",
        level=Level.SHOULD,
        over="memory",
        sentence="A typed buffer without dtype takes the dtype of its format, unless the library "
        "documents that it reads raw bytes.",
        why="array.array('d') read as bytes or as float32 gives numbers that nobody stored.",
        operations=("asarray",),
        promised_by=(
            std("asarray", "parameter obj, buffer protocol"),
            numpy("asarray", "parameter dtype"),
        ),
        applies=_typed_buffer,
        check=comes_out,
    ),
    Guarantee(
        id="dtype.python-types-as-dtype",
        level=Level.OBSERVE,
        over="values",
        sentence="What dtype=float, int, bool, complex, a NumPy dtype or a string does.",
        why="The documents are silent; code that is carried between libraries relies on it.",
        operations=INGEST,
        promised_by=(safety("recorded, never scored"),),
        applies=_any_type_as_dtype,
        check=observed_dtype,
    ),
    Guarantee(
        id="dtype.round-trip",
        level=Level.MUST,
        over="memory",
        sentence="Each supported dtype survives export and import through DLPack unchanged.",
        why="A dtype that is exported under another's code is read with the wrong width.",
        operations=("from_dlpack",),
        promised_by=(
            dlpack("c_api", "DLDataType"),
            std("from_dlpack", "return value"),
        ),
        applies=_round_trip,
        check=comes_out,
    ),
)
