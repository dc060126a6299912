"""The authorities: the documents that promise something.

A backend claims authorities operation by operation. `safety` is what every library owes its
user, written or not: no crash, no damage to the input, no leak, no wrong answer in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
            "docs/design.md#safety",
        ),
    )
}
