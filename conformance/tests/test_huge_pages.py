"""Memory that was gathered into huge pages holds what it held."""

from __future__ import annotations

import random

from tensorpact.runner.huge_pages import collapse


def test_memory_holds_what_it_held() -> None:
    data = random.Random(0).randbytes(1 << 24)
    small = [bytes([n % 251]) * 100 for n in range(100_000)]
    copies = data[:1] + data[1:], list(small)
    collapse()
    assert copies == (data, small)
