"""Scripts tried with a library as it is, and with a backend of the zoo in its place."""

from __future__ import annotations

from collections.abc import Iterator

from tensorpact.backends.protocol import Claims, claims_of
from tensorpact.cases.model import GIVE
from tensorpact.cases.words import spelled, word
from tensorpact.reproducers.clean import Clean, Ended, NotStarted
from tensorpact.selftest.member import Member

SECONDS = 5.0


class Stage:
    """Runs scripts in forks of processes that have imported what they need; to be closed."""

    def __init__(self) -> None:
        self._clean: dict[str, Clean] = {}

    def close(self) -> None:
        """End its processes."""
        for clean in self._clean.values():
            clean.close()

    def run(self, script: str, library: str) -> Ended:
        """How a script ends; `library` is the import line that it has."""
        zoo = ("import tensorpact_fixtures.zoo", "tensorpact_fixtures.zoo.members()")
        lines = ["import numpy", *library.split("; "), *zoo]
        clean = self._clean.setdefault(library, Clean(lines, ours=True))
        try:
            return clean.run(script, SECONDS)
        except NotStarted:
            return Ended("lost", "")

    def run_faulty(self, script: str, member: Member) -> Ended:
        """How it ends where the member's operations stand in for those of its library."""
        claims = claims_of(member.sound())
        return self.run(with_faults(script, member.name, claims), word(claims, "import"))


def with_faults(script: str, name: str, claims: Claims) -> str:
    """The script, with lines below its imports that replace the operations of the library."""
    head, _, body = script.partition("\n\n")
    return "\n".join([head, *_replaced(name, claims), body])


def _replaced(name: str, claims: Claims) -> Iterator[str]:
    yield "from tensorpact_fixtures.zoo import backend as _backend"
    yield f"_faulty = _backend({name!r})"
    for operation in sorted(claims.operations):
        called = spelled(claims, operation)
        if called is not None and "." in called and operation not in GIVE:
            yield f"if {operation!r} in _faulty.operations:"
            yield f"    {called} = _faulty.operations[{operation!r}]"
    if word(claims, "import") == "import reftensor":
        yield _REFERENCE


_REFERENCE = """\
for _name, _dtype in _faulty.dtypes.items():
    setattr(reftensor, _name, _dtype)
reftensor.Tensor = _faulty.tensor_type
for _name, _method in {"__dlpack__": "__dlpack__", "__array__": "numpy"}.items():
    def _export(*given, _right=_faulty.exports[_name], **keywords):
        return _right(*given, **keywords)
    setattr(reftensor.Tensor, _method, _export)"""
"""Some members are made out of a changed copy of the reference, with dtypes of its own."""
