"""dtype: which dtype comes out."""

from __future__ import annotations

from tensorpact.guarantees import dtype_cases as cases
from tensorpact.guarantees import dtype_checks as checks
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import EVERY, INGEST
from tensorpact.guarantees.promises import dlpack, numpy, safety, std, torch

TITLE = "which dtype comes out"

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
        applies=cases.infers("bool"),
        check=checks.comes_out,
    ),
    Guarantee(
        id="dtype.ints-infer-default-int",
        level=Level.MUST,
        over="values",
        sentence="Ints, or ints mixed with bools, give the default integer dtype.",
        why="An index that comes out as a float is refused, or rounded above 2**24.",
        operations=INGEST,
        promised_by=_INFERENCE,
        applies=cases.infers("int", "bool"),
        check=checks.comes_out,
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
        applies=cases.infers("float", "int", "bool"),
        check=checks.comes_out,
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
        applies=cases.infers("complex", "float", "int", "bool"),
        check=checks.comes_out,
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
        applies=cases.under_other_default,
        related=cases.with_nothing_set,
        check=checks.comes_out_as_set,
    ),
    Guarantee(
        id="dtype.empty-infers-default-float",
        level=Level.MUST,
        over="values",
        sentence="An empty sequence gives the default real floating dtype.",
        why="Batches that happen to be empty must concatenate with the others.",
        operations=INGEST,
        promised_by=(torch("tensor", "example of an empty tensor", *INGEST),),
        applies=cases.infers_empty,
        check=checks.comes_out,
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
        applies=cases.carries,
        check=checks.comes_out,
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
        applies=cases.array_scalar,
        check=checks.is_accepted,
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
        applies=cases.explicit,
        check=checks.comes_out,
    ),
    Guarantee(
        id="dtype.inference-ignores-order",
        level=Level.SHOULD,
        over="values",
        sentence="Permuting a sequence does not change the inferred dtype.",
        why="Inference that looks at the first element only is right until the data is shuffled.",
        operations=INGEST,
        promised_by=_INFERENCE,
        applies=cases.mixed,
        check=checks.same_as_related,
        related=cases.orders,
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
        applies=cases.two_dtypes,
        check=checks.promotes,
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
        applies=cases.siblings_case,
        check=checks.siblings,
        related=cases.sibling_cases,
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
            safety("arrays that cannot be told apart are treated alike"),
            torch("asarray", "first paragraph"),
            numpy("asarray", "parameter a", "asarray", "tensor"),
            std("asarray", "parameter obj"),
        ),
        applies=cases.supported,
        check=checks.is_accepted,
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
        applies=cases.unsupported,
        check=checks.unsupported_is_refused,
    ),
    Guarantee(
        id="dtype.foreign-byte-order",
        level=Level.MUST,
        over="memory",
        sentence="Non-native byte order is converted or refused, never read as native.",
        why="A FITS or network array that is read as native holds plausible nonsense.",
        operations=EVERY,
        promised_by=(safety("no wrong answer in silence"),),
        applies=cases.foreign_order,
        check=checks.foreign_order_is_not_misread,
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
        applies=cases.typed_buffer,
        check=checks.comes_out,
    ),
    Guarantee(
        id="dtype.python-types-as-dtype",
        level=Level.OBSERVE,
        over="values",
        sentence="What dtype=float, int, bool, complex, a NumPy dtype or a string does.",
        why="The documents are silent; code that is carried between libraries relies on it.",
        operations=INGEST,
        promised_by=(safety("recorded, never scored"),),
        applies=cases.any_type_as_dtype,
        check=checks.observed_dtype,
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
        applies=cases.round_trip,
        check=checks.comes_out,
    ),
)
