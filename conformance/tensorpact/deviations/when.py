"""When a deviation holds: versions of libraries, the platform, the device.

Requirements are written as for pip, such as "torch>=2.1,<2.14; sys_platform == 'linux'".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from itertools import product

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tensorpact.backends.protocol import Claims

_SIMILAR = 0.75
"""So much alike are "troch" and "torch", and not "cupy" and "numpy"."""


@dataclass(frozen=True, slots=True)
class When:
    """Requirements that must all be met, and the kind of a device that the backend must have.

    A requirement is about the library that is judged if it has its name, else about what is
    installed under that name; what is not installed does not meet any.
    """

    requirements: tuple[str, ...] = ()
    device: str = ""

    def holds(self, claims: Claims) -> bool:
        """Whether it holds for this backend, here and now. Raises ValueError for a name that
        is not installed and nearly that of the backend, and where the backend's is no version.
        """
        kinds = {device.partition(":")[0] for device in claims.devices}
        met = [_met(Requirement(text), claims) for text in self.requirements]
        return all(met) and (not self.device or self.device in kinds | set(claims.devices))

    def __and__(self, other: When) -> When:
        """Raises ValueError where the two cannot hold together."""
        both = tuple(dict.fromkeys((*self.requirements, *other.requirements)))
        return when(both, other.device or self.device)

    def __str__(self) -> str:
        device = [f"device {self.device}"] if self.device else []
        return ", ".join([*self.requirements, *device])


ALWAYS = When()


def when(requirements: Iterable[str] = (), device: str = "") -> When:
    """The condition. Raises ValueError for what is no requirement, or can never be met."""
    found = tuple(requirements)
    parsed = [_requirement(text) for text in found]
    for name in {canonicalize_name(one.name) for one in parsed}:
        ours = [one.specifier for one in parsed if canonicalize_name(one.name) == name]
        together = SpecifierSet(",".join(str(specifier) for specifier in ours))
        if together.is_unsatisfiable():
            raise ValueError(f"no version of {name} is {together}, so that it can never hold")
    markers = [one.marker for one in parsed if one.marker is not None]
    if markers and not _satisfiable(markers):
        said = " and ".join(map(str, markers))
        raise ValueError(f"no platform has {said}, so that it can never hold")
    return When(found, device)


def _requirement(text: str) -> Requirement:
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        first = str(error).partition("\n")[0]
        raise ValueError(
            f"{text!r} is no requirement ({first}): write it as for pip, such as 'torch>=2.1,<2.14'"
        ) from error
    if found.url or found.extras:
        raise ValueError(f"{text!r} has more than a name, versions and a platform: leave it out")
    return found


def _met(wanted: Requirement, claims: Claims) -> bool:
    if wanted.marker is not None and not wanted.marker.evaluate():
        return False
    found = _version(wanted.name, claims)
    return found is not None and wanted.specifier.contains(found, prereleases=True)


def _version(name: str, claims: Claims) -> Version | None:
    """The version of the backend, or of what is installed under this name, if anything is."""
    own = canonicalize_name(claims.name)
    if canonicalize_name(name) == own:
        try:
            return Version(claims.version)
        except InvalidVersion as error:
            raise ValueError(
                f"{claims.name} calls its version {claims.version!r}, which PEP 440 does not know, "
                f"so that what is said of {name} cannot be decided"
            ) from error
    try:
        return Version(version(name))
    except PackageNotFoundError as error:
        if get_close_matches(canonicalize_name(name), [own], cutoff=_SIMILAR):
            raise ValueError(f"{name!r} is not installed: did you mean {own!r}?") from error
        return None


# --------------------------------------------------------------------------- markers

_COMPARED = re.compile(r'(\w+) (?:[<>=!~]+|in|not in) "([^"]*)"')
_CONTAINED = re.compile(r'"([^"]*)" (?:[<>=!~]+|in|not in) (\w+)')


def _satisfiable(markers: list[Marker]) -> bool:
    """Whether some platform has them all.

    Each variable is tried with every text that it is compared with, with what comes right after
    that as a version, and with what is before and after all of them.
    """
    return any(all(marker.evaluate(there) for marker in markers) for there in _platforms(markers))


def _platforms(markers: list[Marker]) -> Iterator[dict[str, str]]:
    texts = [str(marker) for marker in markers]
    pairs = [pair for text in texts for pair in _COMPARED.findall(text)]
    pairs += [(name, value) for text in texts for value, name in _CONTAINED.findall(text)]
    tried: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        tried.setdefault(name, {"0": None, "99999": None}).update({value: None, f"{value}.1": None})
    for values in product(*tried.values()):
        yield dict(zip(tried, values, strict=True))
