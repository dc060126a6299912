"""The elements that must come out, as bytes in the result's dtype: `wanted_elements(trial)`."""

from __future__ import annotations

import numpy as np

from reftensor.rules import Refusal, kind_of
from tensorpact import exact
from tensorpact.cases import dtypes
from tensorpact.cases.model import Block, Leaf, Node, leaves
from tensorpact.expectation import reads_raw
from tensorpact.trial import Trial


def wanted_elements(trial: Trial) -> bytes | None:
    """The elements in C order in the result's dtype, or None where none can be required.

    None: the numbers do not fit the result's dtype exactly, or the conversion is one that
    the authorities leave to the library. NaNs stand for any NaN.
    """
    result, provided = trial.observed.result, trial.observed.provided
    if result is None or result.dtype is None:
        return None
    block = trial.case.block
    if block is None:
        assert trial.case.root is not None
        return _of_node(trial.case.root, provided.elements, result.dtype)
    if provided.elements is None:
        return None
    if reads_raw(trial.case, trial.claims):
        return _raw(trial, provided.elements)
    return converted(provided.elements, dtypes.standard(block.dtype), result.dtype)


def _raw(trial: Trial, data: bytes) -> bytes | None:
    """The bytes as they lie; of elements that lie in another order than C no document speaks."""
    if not trial.expected.accepted:
        return None
    offset, shape = trial.case.call.get("offset") or 0, trial.expected.shape
    if not isinstance(offset, int) or shape is None or trial.expected.dtype == "bool":
        return None
    return data[offset : offset + shape[0] * dtypes.itemsize(trial.expected.dtype or "uint8")]


def _of_node(root: Node, inner: bytes | None, dtype: str) -> bytes | None:
    found = list(leaves(root))
    if any(isinstance(leaf, Block) for leaf in found):
        only_blocks = {dtypes.standard(leaf.dtype) for leaf in found if isinstance(leaf, Block)}
        if inner is None or len(only_blocks) != 1 or not all(isinstance(x, Block) for x in found):
            return None
        return converted(inner, only_blocks.pop(), dtype)
    parts = [_encoded(leaf, dtype) for leaf in found if isinstance(leaf, Leaf)]
    if any(part is None for part in parts):
        return None
    return b"".join(part for part in parts if part is not None)


def _encoded(leaf: Leaf, dtype: str) -> bytes | None:
    if leaf.kind in ("str", "bytes", "none", "thing"):
        return None
    outcome = exact.encode(leaf, dtype)
    return None if isinstance(outcome, Refusal) else outcome


def converted(data: bytes, source: str, target: str) -> bytes | None:
    """Array elements in another dtype; None unless every number has one right answer.

    Exact conversions, truncation within range, and `!= 0` for bool.
    """
    if source == target:
        return data
    if source in dtypes.FOREIGN:
        return None
    numbers = _widened(data, source)
    if target == "bool":
        return bytes((numbers != 0).tobytes())
    if kind_of(source) == "complex" and kind_of(target) != "complex":
        return None
    return _fitted(numbers, target)


def _widened(data: bytes, source: str) -> np.ndarray:
    if source == "bfloat16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, dtypes.RAW[source])


def _fitted(numbers: np.ndarray, target: str) -> bytes | None:
    if kind_of(target) in ("int", "uint"):
        return _integers(numbers, target)
    if target == "bfloat16":
        with np.errstate(all="ignore"):
            narrow = numbers.astype(np.float32)
            bits = narrow.view(np.uint32)
        exactly = np.array_equal(narrow.astype(numbers.dtype), numbers, equal_nan=True)
        return (
            (bits >> 16).astype(np.uint16).tobytes()
            if exactly and not (bits & 0xFFFF).any()
            else None
        )
    with np.errstate(all="ignore"):
        made = numbers.astype(target)
        back = made.astype(numbers.dtype) if numbers.dtype.kind != "b" else made != 0
    equal = np.array_equal(back, numbers, equal_nan=numbers.dtype.kind in "fc")
    return made.tobytes() if equal else None


def _integers(numbers: np.ndarray, target: str) -> bytes | None:
    info = np.iinfo(target)
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        return None
    if any(not info.min <= int(n) <= info.max for n in numbers.ravel().tolist()):
        return None
    return numbers.astype(target).tobytes()
