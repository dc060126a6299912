"""How a finding breaks its guarantee, without what differs between cases of one cause."""

from __future__ import annotations

import re
from typing import Any

from tensorpact.reports.model import Finding


def manner(finding: Finding) -> tuple[Any, ...]:
    """Equal for findings that break a guarantee alike, with whatever operation, input and dtype."""
    if finding.known:
        return finding.guarantee, finding.known
    texts = plain(finding.required), plain(finding.seen)
    required, seen = (_DTYPE.sub("dtype", _OTHERS.sub("", text)) for text in texts)
    if damaged(finding):
        return finding.guarantee, finding.verdict, any_damage(seen)
    return finding.guarantee, finding.verdict, required, seen, without_numbers(finding.detail)


def any_damage(seen: str) -> str:
    """Whether damaged memory is met by the allocator or by a load is chance: the same for both."""
    return seen.replace("SIGABRT", "SIGSEGV")


_DAMAGE = re.compile(
    r"^(corrupted |double free|free\(\): |malloc\(\): |realloc\(\): |munmap_chunk|malloc_consol"
    r"|Fatal Python error: )"
)
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_MESSAGE = re.compile(r"\b(\w*(?:Error|Exception|Warning|Interrupt)): .*")
_NUMBERS = re.compile(r"[\[(][-#,\s\[\]()]*[\])]")


_DTYPE = re.compile(r"\b(bool|u?int#|b?float#|complex#)(?!\w)")
_OTHERS = re.compile(r"\b[\w.]+\(.*?\)|\[[^\]]*\]| on [\w:#]+| holding .*")
"""Calls, lists, devices and elements, which differ between cases of one cause."""


def damaged(finding: Finding) -> bool:
    """Whether the process said before it died that its memory was damaged."""
    return _DAMAGE.search(finding.detail) is not None


def without_numbers(text: str) -> str:
    """The text with a mark for every number and list of numbers."""
    return _NUMBERS.sub("#", _NUMBER.sub("#", text))


def plain(text: str) -> str:
    """The same, and exceptions by class alone."""
    return without_numbers(_MESSAGE.sub(r"\1", text))
