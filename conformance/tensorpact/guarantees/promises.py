"""How a guarantee cites an authority: one function a document."""

from __future__ import annotations

from tensorpact.authorities import AUTHORITIES
from tensorpact.guarantees.model import Promise


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


def dlpack_method(part: str) -> Promise:
    """A promise of the array API standard on the method `__dlpack__`."""
    page = "API_specification/generated/array_api.array.__dlpack__"
    return std_topic(page, f"array.__dlpack__, {part}", "__dlpack__")


def torch_method(part: str) -> Promise:
    """A promise of the docstring of `torch.Tensor.__dlpack__`, which has no page of its own."""
    return torch_topic("_modules/torch/_tensor", f"Tensor.__dlpack__, {part}", "__dlpack__")


def pep3118(part: str, *operations: str) -> Promise:
    """A promise of the buffer protocol."""
    return Promise("pep3118", part, AUTHORITIES["pep3118"].url, _on(operations))


def ieee754(clause: str) -> Promise:
    """A promise of the floating-point standard."""
    return Promise("ieee754", clause, AUTHORITIES["ieee754"].url)


def safety(reason: str, *operations: str) -> Promise:
    """What is owed without being written: the reason, in a few words."""
    return Promise("safety", reason, AUTHORITIES["safety"].url, _on(operations))
