"""Text that stands inside a page: data that no parser takes for markup, and hashes for the CSP."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from tensorpact.reports.plain import printable

_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def as_json(data: Any) -> str:
    """The data as JSON for a script element, which it cannot end."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


def csp_hash(text: str) -> str:
    """The source expression that allows this inline script or style, and no other."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def all_printable(data: Any) -> Any:
    """The data with control characters visible in every text, also in names."""
    match data:
        case str():
            return printable(data)
        case Mapping():
            return {printable(name): all_printable(value) for name, value in data.items()}
        case list() | tuple():
            return [all_printable(item) for item in data]
    return data
