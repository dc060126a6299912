"""The words that stand in a spelled case where libraries differ, each with what most of them say.

An adapter that says it otherwise has the word in its `spelled`.
"""

from __future__ import annotations

from collections.abc import Mapping

from tensorpact.backends.protocol import Claims

WORDS: Mapping[str, str] = {
    "view": "{x}[{index}]",
    "permute": "{x}.permute({axes})",
    "expand": "{x}.expand({shape})",
    "conjugate": "{x}.conj()",
    "negative": "(-{x})",
    "require": "{x}.requires_grad_()",
    "history": "{x}.view_as({x})",
    "set_default_dtype": "{module}.set_default_dtype({dtype})",
    "set_default_device": "{module}.set_default_device({device})",
    "default_device": "{module}.device",
    "resize": "{x}.resize(...)",
    "import": "import {module}",
    "dtype of": "{x}.dtype",
    "shape of": "tuple({x}.shape)",
    "device of": "{x}.device",
    "strides of": "{x}.strides",
    "elements of": "{x}.tolist()",
    "requires_grad of": "{x}.requires_grad",
    "fill": "{x}[...] = {value}",
    "detach": "{x}.detach()",
}
"""By name: `view` takes slices, `permute` axes, `expand` a shape or, with {strides}, the byte
strides; then the transforms of `Backend.lazy`, what `Backend.grad` does to a source, how defaults
are set, how a tensor is resized in place, and how the library is imported, several lines with "; "
between them. Then what a script asserts of a tensor: its strides in bytes, its elements as nested
lists of numbers; and how all elements are set to one number."""


def spelled(claims: Claims, what: str) -> str | None:
    """The adapter's own word."""
    return next((text for name, text in claims.spelled if name == what), None)


def module(claims: Claims) -> str:
    """The library's name in code: that of the adapter's words, else the backend's own."""
    words = next((text for name, text in claims.spelled if name in claims.operations), "")
    return spelled(claims, "module") or words.rpartition(".")[0] or claims.name.replace("-", "_")


def word(claims: Claims, what: str, **parts: object) -> str:
    """The adapter's word, or the usual one, with its parts filled in."""
    return (spelled(claims, what) or WORDS[what]).format(module=module(claims), **parts)
