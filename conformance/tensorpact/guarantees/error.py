"""error: what bad input gets."""

from __future__ import annotations

from tensorpact.cases.model import STORY
from tensorpact.guarantees import error_cases as cases
from tensorpact.guarantees import error_checks as checks
from tensorpact.guarantees import error_extremes, exports
from tensorpact.guarantees.model import Guarantee, Level, Promise
from tensorpact.guarantees.predicates import EVERY, GIVE, INGEST
from tensorpact.guarantees.promises import safety, std, torch

TITLE = "what bad input gets"

_TAKEN: tuple[Promise, ...] = (
    torch("as_tensor", "parameter data"),
    torch("tensor", "parameter data"),
    torch("asarray", "list of what obj can be"),
)

GUARANTEES = (
    Guarantee(
        id="error.nothing-crashes",
        level=Level.MUST,
        over="everything",
        sentence="No input that Python code can build ends, hangs or corrupts the process: the "
        "outcome is a value or an exception.",
        why="An abort takes the notebook, the server and the other users' requests with it, and "
        "leaves no traceback.",
        operations=(*EVERY, *GIVE, STORY),
        promised_by=(safety("no crash"),),
        applies=cases.possible_input,
        check=checks.nothing_breaks,
        after_warning=True,
    ),
    Guarantee(
        id="error.result-is-a-tensor",
        level=Level.MUST,
        sentence="A call that returns gives a tensor of the library, never None or anything else.",
        why="A forgotten return is met as an AttributeError, far away from where it was caused.",
        operations=EVERY,
        promised_by=(
            *(std(name, "returns") for name in ("asarray", "from_dlpack")),
            *(torch(name, "signature") for name in EVERY),
            safety("what is returned is what was asked for"),
        ),
        applies=cases.always,
        check=checks.gives_a_tensor,
    ),
    Guarantee(
        id="error.text-is-refused",
        level=Level.SHOULD,  # torch.as_tensor and torch.tensor also take "other types"
        over="values",
        sentence="str and bytes are refused, alone or nested, with or without dtype; bytes may "
        "be read as a buffer by operations that take buffers.",
        why="A column that was read as text and becomes numbers by its character codes trains "
        "without an error.",
        operations=INGEST,
        promised_by=_TAKEN,
        applies=cases.holds("str", "bytes"),
        check=checks.refused,
    ),
    Guarantee(
        id="error.none-is-refused",
        level=Level.MUST,
        over="values",
        sentence="None is refused, alone or nested.",
        why="A forgotten return value becomes NaN or zero far from the function that forgot it.",
        operations=INGEST,
        promised_by=_TAKEN,
        applies=cases.holds("none"),
        check=checks.refused,
    ),
    Guarantee(
        id="error.non-sequences-are-refused",
        level=Level.MUST,
        over="values",
        sentence="Sets, dicts, generators and arbitrary objects are refused and not consumed.",
        why="A set has no order to be data in, a dict gives its keys, and a generator that was "
        "read by a failed call is empty at the next try.",
        operations=INGEST,
        promised_by=_TAKEN,
        applies=cases.no_sequence,
        check=checks.refused_unread,
    ),
    Guarantee(
        id="error.dtype-does-not-widen-acceptance",
        level=Level.SHOULD,
        over="values",
        sentence="Naming a dtype does not turn refused input into accepted input.",
        why="Adding dtype= to a call is meant to make it stricter; here it switches off the "
        "check that would have found the mistake.",
        operations=INGEST,
        promised_by=(safety("whether data is data does not depend on the dtype"),),
        applies=cases.bad_with_dtype,
        check=checks.dtype_makes_no_difference,
        related=cases.without_dtype,
    ),
    Guarantee(
        id="error.exceptions-of-the-input-propagate",
        level=Level.MUST,
        over="values",
        sentence="When the input's own methods raise, the call raises and returns nothing partial.",
        why="A lazy table whose connection breaks in the middle must not become a shorter one.",
        operations=INGEST,
        promised_by=(safety("no data is dropped in silence"),),
        applies=cases.lying,
        check=checks.nothing_partial,
    ),
    Guarantee(
        id="error.frombuffer-bounds",
        level=Level.MUST,
        over="memory",
        sentence="An offset or count outside the buffer raises, for every integer.",
        why="Reading past a buffer hands out the memory of somebody else; writing there ends in "
        "a crash at another place.",
        operations=("frombuffer",),
        promised_by=(
            torch("frombuffer", "the two conditions on count and offset"),
            safety("no memory is read that was not lent"),
        ),
        applies=cases.reads_bounds,
        check=checks.outside_is_refused,
    ),
    Guarantee(
        id="error.from-numpy-wants-an-array",
        level=Level.MUST,
        sentence="Anything but an ndarray raises TypeError.",
        why="The function is chosen where sharing is wanted: for a list it could only copy.",
        operations=("from_numpy",),
        promised_by=(torch("from_numpy", "summary and first paragraph"),),
        applies=cases.not_an_array,
        check=checks.type_error,
    ),
    Guarantee(
        id="error.negative-strides",
        level=Level.MUST,
        over="memory",
        sentence="A layout that the backend may be unable to describe is read correctly, copied "
        "where a copy is allowed, or refused; it is never misread.",
        why="A mirrored image or a field of records that is read with the wrong steps shows "
        "memory that does not belong to it.",
        operations=EVERY,
        promised_by=(
            std("asarray", "returns: the data from obj"),
            std("from_dlpack", "returns: the data in x"),
            safety("no memory is read that was not lent"),
        ),
        applies=cases.has_traits("negative", "unaligned_stride"),
        check=checks.not_misread,
    ),
    Guarantee(
        id="error.misaligned",
        level=Level.MUST,
        over="memory",
        sentence="Memory that is not aligned for its dtype is copied, refused, or shared and "
        "read correctly.",
        why="Packed records and network frames put numbers at odd addresses; a vector load "
        "there faults on some processors only.",
        operations=EVERY,
        promised_by=(safety("no wrong number, no crash"),),
        applies=cases.has_traits("misaligned"),
        check=checks.not_misread,
    ),
    Guarantee(
        id="error.unknown-keyword",
        level=Level.MUST,
        sentence="An unknown keyword raises TypeError.",
        why="A misspelt copy=True that is ignored shares the memory that was to be kept apart.",
        operations=EVERY,
        promised_by=(safety("what every Python function does"),),
        applies=cases.unknown_keyword,
        check=checks.type_error,
    ),
    Guarantee(
        id="error.class-is-specific",
        level=Level.SHOULD,
        sentence="Refusals use TypeError, ValueError, OverflowError or BufferError, or another "
        "class that says what happened, not a bare RuntimeError; and they come with a message.",
        why="Code that falls back to a copy catches the refusal; catching RuntimeError hides "
        "every other failure too.",
        operations=EVERY,
        promised_by=(safety("an exception says what was wrong"),),
        applies=cases.orderly,
        check=checks.class_is_telling,
    ),
    *exports.ERROR,
    *error_extremes.GUARANTEES,
)
