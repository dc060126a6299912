"""Which cases put the dtype guarantees to the test, and what they are compared with."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from tensorpact.backends.protocol import Claims
from tensorpact.cases.dtypes import FOREIGN, standard
from tensorpact.cases.model import Case, Leaf, Nest, Node, State, Values, leaf_value, leaves
from tensorpact.expectation import reads_raw, real_default
from tensorpact.guarantees.predicates import Applies, ordinary_block, plainly_nested, python_kinds


def infers(*kinds: str) -> Applies:
    """Python scalars of these kinds only, at least one of the first, and no dtype given."""
    allowed = frozenset(kinds)

    def applies(case: Case, claims: Claims) -> bool:
        if case.call.dtype is not None or not plainly_nested(case.root):
            return False
        found = python_kinds(case.root)
        if found is None or not found <= allowed or kinds[0] not in found:
            return False
        return kinds[0] not in ("float", "complex") or ints_are_exact(case, claims)

    return applies


def ints_are_exact(case: Case, claims: Claims) -> bool:
    """Whether the default real dtype holds every int: what it does with others is left open.

    Read from: array API standard 2024.12, asarray, note on the precision of input values.
    """
    bits = 53 if real_default(case, claims) == "float64" else 24
    found = leaves(case.root) if case.root is not None else ()
    ints = [abs(leaf_value(x)) for x in found if isinstance(x, Leaf) and x.kind == "int"]
    return all(n < 2**100 and _significant(n) <= bits for n in ints)


def _significant(number: int) -> int:
    """The bits from the highest that is set to the lowest."""
    return number.bit_length() - (number & -number).bit_length() + 1 if number else 0


def infers_empty(case: Case, claims: Claims) -> bool:
    """An empty sequence, and no dtype."""
    no_dtype = case.call.dtype is None and plainly_nested(case.root)
    return no_dtype and python_kinds(case.root) == frozenset()


def under_other_default(case: Case, claims: Claims) -> bool:
    """Numbers or arrays without dtype, while the default real dtype is another."""
    return (
        bool(case.state.default_real)
        and case.state.default_real != claims.defaults.real
        and case.call.dtype is None
        and (python_kinds(case.root) is not None or ordinary_block(case) is not None)
    )


def with_nothing_set(case: Case, _: Claims) -> tuple[Case, ...]:
    """The same call under the library's own defaults."""
    return (replace(case, state=State()),)


def carries(case: Case, claims: Claims) -> bool:
    """An array, tensor or DLPack export of a known dtype, and no dtype given."""
    block = ordinary_block(case)
    if block is None or case.call.dtype is not None or block.foreign_order:
        return False
    buffer = block.exporter in ("array.array", "bytearray", "bytes", "memoryview", "mmap")
    return block.dtype in claims.dtypes and not buffer


def array_scalar(case: Case, claims: Claims) -> bool:
    """Array scalars of one dtype, alone or nested, in a plain call."""
    root = case.root
    if root is None or case.call.arguments or case.state != State() or not plainly_nested(root):
        return False
    if not claims.accepted(case.call.operation, "array_scalar"):
        return False
    kinds = {getattr(leaf, "kind", "") for leaf in leaves(root)}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return kind.startswith("scalar:") and kind.partition(":")[2] in claims.dtypes


def explicit(case: Case, claims: Claims) -> bool:
    """A dtype of the backend is asked for, of something that may be data."""
    return case.call.dtype in claims.dtypes and not is_thing(case)


def is_thing(case: Case) -> bool:
    """The input is no data at all."""
    return isinstance(case.root, Leaf) and case.root.kind in ("thing", "str", "bytes", "none")


def mixed(case: Case, claims: Claims) -> bool:
    """Two to four scalars, and no dtype."""
    root = case.root
    if not isinstance(root, Nest) or case.call.dtype is not None or not 2 <= len(root.items) <= 4:
        return False
    return plainly_nested(root) and all(isinstance(item, Leaf) for item in root.items)


def orders(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same scalars in up to three other orders."""
    root = case.root
    assert isinstance(root, Nest)
    orders = list(dict.fromkeys(permutations(root.items)))[1:4]
    return tuple(Case(Values(Nest(root.kind, o)), case.call, case.state) for o in orders)


def two_dtypes(case: Case, claims: Claims) -> bool:
    """Array scalars of two dtypes of the backend, in a plain call."""
    root = case.root
    if not isinstance(root, Nest) or case.call.arguments or not plainly_nested(root):
        return False
    kinds = {item.kind for item in root.items if isinstance(item, Leaf)}
    return len(kinds) == 2 and all(
        kind.startswith("scalar:") and kind.partition(":")[2] in claims.dtypes for kind in kinds
    )


def supported(case: Case, claims: Claims) -> bool:
    """An ndarray of a dtype of the backend, under any type code, in a plain call."""
    block = ordinary_block(case)
    return (
        block is not None
        and block.exporter == "ndarray"
        and not block.foreign_order
        and not block.readonly
        and block.layout == "C"
        and not case.call.arguments
        and case.state == State()
        and standard(block.dtype) in claims.dtypes
    )


def unsupported(case: Case, claims: Claims) -> bool:
    """An ndarray of a dtype that the backend does not have."""
    block = case.block
    if block is None or case.call.given("dtype") or block.exporter not in ("ndarray", "subclass"):
        return False
    if case.call.copy is False or case.call.device not in (None, *claims.devices):
        return False
    return block.dtype in FOREIGN or standard(block.dtype) not in claims.dtypes


def foreign_order(case: Case, claims: Claims) -> bool:
    """An array in foreign byte order that is not read as raw bytes."""
    block = ordinary_block(case)
    if block is None or not block.foreign_order or case.call.operation == "from_dlpack":
        return False
    if reads_raw(case, claims):
        return False
    if case.call.device in claims.dataless or case.state.default_device in claims.dataless:
        return False
    return block.dtype in claims.dtypes


def typed_buffer(case: Case, claims: Claims) -> bool:
    """A buffer with a format, where the library does not read raw bytes."""
    block = ordinary_block(case)
    return (
        block is not None
        and block.exporter in ("array.array", "memoryview")
        and not case.call.given("dtype")
        and not claims.raw_buffers
        and block.dtype in claims.dtypes
    )


def round_trip(case: Case, claims: Claims) -> bool:
    """An export of a dtype of the backend."""
    block = case.block
    return (
        block is not None
        and block.exporter in ("own", "ndarray", "dlpack", "dlpack_old")
        and not block.foreign_order
        and block.dtype in claims.dtypes
    )


def siblings_case(case: Case, claims: Claims) -> bool:
    """Plain values in a call that the siblings understand too."""
    if case.call.operation != "asarray" or not sibling_names(case, claims):
        return False
    if case.root is None or not plainly_nested(case.root) or _bytes_alone(case.root):
        return False
    return all(
        claims.takes(name, keyword)
        for name in sibling_names(case, claims)
        for keyword, _ in case.call.arguments
    )


def _bytes_alone(root: Node) -> bool:
    """What asarray may read as a buffer, and its siblings as text."""
    return isinstance(root, Leaf) and root.kind == "bytes"


def sibling_names(case: Case, claims: Claims) -> tuple[str, ...]:
    """The operations that are taken for asarray."""
    return tuple(sorted({"as_tensor", "tensor"} & claims.operations))


def sibling_cases(case: Case, claims: Claims) -> tuple[Case, ...]:
    """The same call of every sibling."""
    return tuple(
        replace(case, call=replace(case.call, operation=name))
        for name in sibling_names(case, claims)
    )


def any_type_as_dtype(case: Case, claims: Claims) -> bool:
    """Something else than a dtype of the library as dtype."""
    value = case.call.get("dtype")
    return isinstance(value, str) and value.startswith("python:")
