"""The authorities: the documents that promise something, and how a guarantee cites them.

A backend claims authorities operation by operation. `safety` is what every library owes its
user, written or not: no crash, no damage to the input, no leak, no wrong answer in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tensorpact.guarantees.model import Promise


@dataclass(frozen=True, slots=True)
class Authority:
    """A document: its short name, title, version and address."""

    name: str
    document: str
    version: str
    url: str


AUTHORITIES: Mapping[str, Authority] = {
    authority.name: authority
    for authority in (
        Authority(
            "std",
            "Python array API standard",
            "2024.12",
            "https://data-apis.org/array-api/2024.12/",
        ),
        Authority(
            "torch",
            "PyTorch documentation",
            "2.13",
            "https://docs.pytorch.org/docs/2.13/",
        ),
        Authority(
            "numpy",
            "NumPy reference",
            "2.4",
            "https://numpy.org/doc/2.4/reference/",
        ),
        Authority(
            "dlpack",
            "DLPack header and Python specification",
            "1.1",
            "https://dmlc.github.io/dlpack/latest/",
        ),
        Authority(
            "pep3118",
            "PEP 3118, the buffer protocol, and the C API of buffers",
            "Python 3.11",
            "https://docs.python.org/3.11/c-api/buffer.html",
        ),
        Authority(
            "ieee754",
            "IEEE Standard for Floating-Point Arithmetic",
            "754-2019",
            "https://doi.org/10.1109/IEEESTD.2019.8766229",
        ),
        Authority(
            "safety",
            "What a library owes its user",
            "",
            "https://github.com/tensorpact/tensorpact/blob/main/docs/design.md#safety",
        ),
    )
}


def _on(operations: tuple[str, ...]) -> frozenset[str] | None:
    return frozenset(operations) or None


def std(function: str, part: str) -> Promise:
    """A promise of the array API standard on one of its functions, which it alone binds."""
    base = AUTHORITIES["std"].url
    return Promise(
        "std",
        f"{function}, {part}",
        f"{base}API_specification/generated/array_api.{function}.html",
        frozenset({function}),
    )


def std_topic(page: str, part: str, *operations: str) -> Promise:
    """A promise of a page of the array API standard: "design_topics/data_interchange"."""
    return Promise("std", part, f"{AUTHORITIES['std'].url}{page}.html", _on(operations))


def torch(function: str, part: str, *operations: str) -> Promise:
    """A promise of a torch function's page; it binds that function unless others are named."""
    url = f"{AUTHORITIES['torch'].url}generated/torch.{function}.html"
    return Promise("torch", f"torch.{function}, {part}", url, frozenset(operations or (function,)))


def torch_topic(page: str, part: str, *operations: str) -> Promise:
    """A promise of a page of torch's documentation: "tensor_attributes", "notes/autograd"."""
    return Promise("torch", part, f"{AUTHORITIES['torch'].url}{page}.html", _on(operations))


def numpy(function: str, part: str, *operations: str) -> Promise:
    """A promise of a NumPy function's page; np.array stands for the operation `tensor`."""
    url = f"{AUTHORITIES['numpy'].url}generated/numpy.{function}.html"
    named = operations or ("tensor" if function == "array" else function,)
    return Promise("numpy", f"numpy.{function}, {part}", url, frozenset(named))


def dlpack(page: str, part: str, *operations: str) -> Promise:
    """A promise of the DLPack specification: page "python_spec" or "c_api"."""
    return Promise("dlpack", part, f"{AUTHORITIES['dlpack'].url}{page}.html", _on(operations))


def pep3118(part: str, *operations: str) -> Promise:
    """A promise of the buffer protocol."""
    return Promise("pep3118", part, AUTHORITIES["pep3118"].url, _on(operations))


def ieee754(clause: str) -> Promise:
    """A promise of the floating-point standard."""
    return Promise("ieee754", clause, AUTHORITIES["ieee754"].url)


def safety(reason: str, *operations: str) -> Promise:
    """What is owed without being written: the reason, in a few words."""
    return Promise("safety", reason, AUTHORITIES["safety"].url, _on(operations))
