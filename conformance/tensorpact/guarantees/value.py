"""value: which numbers come out."""

from __future__ import annotations

from tensorpact.guarantees import exports
from tensorpact.guarantees import value_cases as cases
from tensorpact.guarantees import value_checks as checks
from tensorpact.guarantees.elements import same_elements
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import EVERY, INGEST
from tensorpact.guarantees.promises import ieee754, numpy, safety, std, std_topic, torch

TITLE = "which numbers come out"

GUARANTEES = (
    Guarantee(
        id="value.elements-are-exact",
        level=Level.MUST,
        sentence="A number that the result's dtype can hold is held exactly, and element "
        "(i, j, …) of the input is element (i, j, …) of the result, for every layout and every "
        "way to read it.",
        why="A strided or transposed array that is read as if it were compact trains a model on "
        "shuffled data, and nothing ever raises.",
        operations=EVERY,
        promised_by=(
            std("asarray", "returns: the data from obj"),
            std("from_dlpack", "returns: the data in x"),
            torch("as_tensor", "first paragraph"),
            torch("tensor", "first paragraph"),
            torch("asarray", "first paragraph"),
            torch("from_numpy", "first paragraph"),
            torch("frombuffer", "first two paragraphs"),
            torch("from_dlpack", "first paragraph"),
            numpy("asarray", "returns"),
            numpy("array", "parameter object"),
            numpy("frombuffer", "summary and parameters"),
            numpy("from_dlpack", "summary"),
        ),
        applies=cases.keeps_numbers,
        check=checks.exact_numbers_come_out,
    ),
    Guarantee(
        id="value.special-floats-survive",
        level=Level.MUST,
        sentence="Signed zeros, infinities and NaN-ness survive in every floating dtype, and "
        "subnormals where the dtype stays the same.",
        why="A NaN that marks a missing value and comes in as a number is averaged with the rest.",
        operations=EVERY,
        promised_by=(safety("a copy of a number is that number"),),
        applies=cases.has_specials,
        check=checks.specials_come_out,
    ),
    Guarantee(
        id="value.same-dtype-is-bit-exact",
        level=Level.SHOULD,
        over="memory",
        sentence="Ingesting an array at its own dtype keeps every bit, NaN payloads included.",
        why="Programs that keep a reason or a pointer in the payload of a NaN, and checksums of "
        "data that should not have changed, rely on the bits.",
        operations=EVERY,
        promised_by=(safety("nothing was asked to change"),),
        applies=cases.has_payloads,
        check=checks.every_bit_comes_out,
    ),
    Guarantee(
        id="value.int-overflow-raises",
        level=Level.SHOULD,  # the array API standard leaves it to the implementation
        over="values",
        sentence="A Python int that the inferred or requested integer dtype cannot hold raises; "
        "it never wraps or saturates.",
        why="A row number of 2**31 that wraps to a negative one selects a row from the other end.",
        operations=INGEST,
        promised_by=(safety("no wrong number in silence"),),
        applies=cases.int_out_of_range,
        check=checks.overflow_raises,
    ),
    Guarantee(
        id="value.range-rule-is-uniform",
        level=Level.SHOULD,
        over="values",
        sentence="Python numbers out of range get the same treatment for every integer dtype, "
        "sign and container.",
        why="A program that relies on the exception for int32 loses it on the day it moves "
        "to uint16, or from one number to a list of them.",
        operations=INGEST,
        promised_by=(safety("one rule for one kind of mistake"),),
        applies=cases.one_out_of_range,
        check=checks.treated_alike,
        related=cases.other_ends,
    ),
    Guarantee(
        id="value.nan-to-int-raises",
        level=Level.MUST,
        over="values",
        sentence="A Python NaN or infinity to an integer dtype raises.",
        why="A missing value that becomes the smallest integer is a number like any other from "
        "then on.",
        operations=INGEST,
        promised_by=(safety("no wrong number in silence"),),
        applies=cases.nonfinite_to_int,
        check=checks.raises,
    ),
    Guarantee(
        id="value.float-to-int-truncates",
        level=Level.MUST,
        sentence="Float to integer truncates towards zero where it is allowed at all.",
        why="Bin numbers and pixel positions are computed by truncation everywhere else; one "
        "library that rounds shifts half of them by one.",
        operations=INGEST,
        promised_by=(
            numpy("ndarray.astype", "example of a cast to int", "asarray", "tensor"),
            safety("what int() does"),
        ),
        applies=cases.fraction_to_int,
        check=same_elements,
    ),
    Guarantee(
        id="value.to-bool-is-nonzero",
        level=Level.MUST,
        sentence="To bool is `x != 0`; NaN is True.",
        why="A mask made from weights loses 0.5 when the weights are truncated first.",
        operations=INGEST,
        promised_by=(
            std_topic(
                "API_specification/generated/array_api.astype", "astype, notes on bool", "asarray"
            ),
            safety("what bool() does"),
        ),
        applies=cases.to_bool,
        check=same_elements,
    ),
    Guarantee(
        id="value.complex-to-real",
        level=Level.MUST,
        sentence="A Python complex number to a real dtype raises; from an array the imaginary "
        "part is dropped only with a warning, or refused.",
        why="Half of a spectrum is gone and the plot of what is left looks plausible.",
        operations=INGEST,
        promised_by=(
            std_topic(
                "API_specification/generated/array_api.astype", "astype, first note", "asarray"
            ),
            numpy("exceptions.ComplexWarning", "summary", "asarray", "tensor"),
            safety("no data is dropped in silence"),
        ),
        applies=cases.complex_to_real,
        check=checks.imaginary_part_is_not_dropped,
    ),
    Guarantee(
        id="value.float-overflow-is-inf",
        level=Level.MUST,
        over="values",
        sentence="A number beyond a floating dtype's range becomes the infinity of its sign or "
        "raises; it is never a wrong finite number.",
        why="Infinity is found by every check for finite losses; a clipped maximum is not.",
        operations=INGEST,
        promised_by=(
            ieee754("7.4, overflow"),
            safety("no wrong number in silence"),
        ),
        applies=cases.has_large,
        check=checks.beyond_is_infinite,
    ),
    Guarantee(
        id="value.narrowing-is-correctly-rounded",
        level=Level.SHOULD,
        over="values",
        sentence="Narrowing to a floating dtype rounds once, to nearest, ties to even.",
        why="A constant that is rounded twice differs in its last bit between libraries, and "
        "with it every result that is compared bit for bit.",
        operations=INGEST,
        promised_by=(
            ieee754("4.3.1 and 5.4.2, conversion between formats"),
            safety("a number is held as well as its dtype can"),
        ),
        applies=cases.to_floating,
        check=checks.rounded_once,
    ),
    Guarantee(
        id="value.routes-agree",
        level=Level.SHOULD,
        over="values",
        sentence="x, [x], (x,), an array scalar of x and a list of it agree on acceptance and "
        "value for the same dtype.",
        why="A function that wraps its argument in a list, or gets it from NumPy, should not "
        "change what it computes.",
        operations=INGEST,
        promised_by=(safety("the way in does not change the number"),),
        applies=cases.lone_number,
        check=checks.routes_agree,
        related=cases.routes,
    ),
    Guarantee(
        id="value.array-cast-out-of-range",
        level=Level.OBSERVE,
        over="memory",
        sentence="What an array cast does with elements outside the target's range.",
        why="Libraries wrap, saturate or raise, and do it differently on each processor: code "
        "that must run everywhere cannot rely on any.",
        operations=INGEST,
        promised_by=(safety("to be compared, not scored"),),
        applies=cases.overflowing_cast,
        check=checks.what_a_cast_does,
    ),
    Guarantee(
        id="value.lazy-bits-are-resolved",
        level=Level.MUST,
        over="memory",
        sentence="A view with a pending transform (conjugate, negative) gives its logical values "
        "wherever it is handed to, or is refused.",
        why="A Hermitian matrix that arrives without its conjugation is a transposed one.",
        operations=EVERY,
        promised_by=(safety("the values are those that the tensor shows"),),
        applies=cases.is_lazy,
        check=checks.lazy_values_come_out,
    ),
    Guarantee(
        id="value.masked-array",
        level=Level.OBSERVE,
        over="values",
        sentence="What happens to the mask of a masked array.",
        why="Where the mask is dropped, the fill values under it become data.",
        operations=INGEST,
        promised_by=(safety("to be compared, not scored"),),
        applies=cases.is_masked,
        check=checks.what_becomes_of_the_mask,
    ),
    *exports.VALUE,
)
