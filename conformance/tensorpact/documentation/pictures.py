"""The pictures of the page on how sharing works."""

from __future__ import annotations

from collections.abc import Mapping

from tensorpact.documentation.svg import CELL, arc, arrow, cells, name, picture, text

ONE = ("one",) * 6
NUMBERS = ("1.0", "2.0", "3.0", "4.0", "5.0", "6.0")
WIDTH = 680
START = (WIDTH - 6 * CELL) // 2


def pictures() -> Mapping[str, str]:
    """Each by its path below the documentation's folder."""
    drawn = {
        "shared": _shared(),
        "strides": _strides(),
        "copied": _copied(),
        "devices": _devices(),
        "readonly": _readonly(),
        "lifetime": _lifetime(),
    }
    return {f"images/{title}.svg": svg for title, svg in drawn.items()}


def _shared() -> str:
    return picture(
        "The array x and the tensor t point at the same six elements.",
        WIDTH,
        190,
        name(START + CELL // 2, 40, "x"),
        name(START + 4 * CELL, 40, "t"),
        text(START - 30, 45, "array", "soft"),
        text(START + 5 * CELL, 45, "tensor", "soft"),
        arrow(START + CELL // 2, 58, START + CELL // 2, 107),
        arrow(START + 4 * CELL - 16, 48, START + CELL // 2 + 10, 106),
        cells(START, 110, NUMBERS, ONE),
        text(
            WIDTH // 2, 174, "one memory: a write through either name is seen through both", "soft"
        ),
    )


def _strides() -> str:
    taken = ("cell", "two", "cell", "two", "cell", "two")
    first = START + CELL + CELL // 2
    return picture(
        "The view x[1::2] starts at the second element and takes every second one.",
        WIDTH,
        226,
        name(START + 5 * CELL, 38, "t"),
        text(START + 5 * CELL + 92, 43, "over x[1::2]", "soft"),
        arrow(START + 5 * CELL, 56, first + 4, 128),
        cells(START, 130, NUMBERS, taken),
        *(text(START + n * CELL, 190, str(4 * n), "soft") for n in range(7)),
        text(START - 34, 190, "bytes", "soft"),
        arc(first, first + 2 * CELL, 128),
        arc(first + 2 * CELL, first + 4 * CELL, 128),
        text(first + 2 * CELL + 128, 92, "stride: 8 bytes", "soft"),
        text(START + 6, 92, "offset: 4 bytes", "soft"),
        text(WIDTH // 2, 214, "shape (3,), strides (8,): no element was moved", "soft"),
    )


def _copied() -> str:
    wide = CELL * 2 - 16
    left = (WIDTH - 4 * wide) // 2
    four = NUMBERS[:4]
    return picture(
        "Four float32 elements, and below them four float64 elements twice as wide.",
        WIDTH,
        256,
        name(left - 44, 60, "x"),
        arrow(left - 24, 60, left - 4, 60),
        cells(left, 40, four, ONE[:4]),
        text(left + 4 * CELL + 74, 66, "float32, 4 bytes each", "soft"),
        *(
            arrow(left + n * CELL + CELL // 2, 84, left + n * wide + wide // 2, 146)
            for n in range(4)
        ),
        text(left + 4 * wide + 20, 112, "converted, one by one", "soft"),
        name(left - 44, 170, "t"),
        arrow(left - 24, 170, left - 4, 170),
        cells(left, 150, four, ("two",) * 4, wide),
        text(WIDTH // 2, 232, "two memories: a write through x is not seen through t", "soft"),
    )


def _devices() -> str:
    wide = 50
    return picture(
        "Host memory on the left, the memory of a device on the right, a fence between them.",
        WIDTH,
        220,
        text(170, 34, "memory of the host"),
        text(510, 34, "memory of sim:0"),
        '<path class="fence" d="M340 20 V172"/>',
        name(170, 72, "x"),
        name(510, 72, "t"),
        arrow(170, 90, 170, 112),
        arrow(510, 90, 510, 112),
        cells(70, 116, NUMBERS[:4], ONE[:4], wide),
        cells(410, 116, NUMBERS[:4], ("two",) * 4, wide),
        arrow(276, 136, 402, 136),
        text(340, 196, "what crosses the fence is copied; nothing can be shared across it", "soft"),
    )


def _readonly() -> str:
    return picture(
        "A write through the tensor t bounces off the read-only memory of x.",
        WIDTH,
        206,
        name(START + CELL, 40, "x"),
        text(START - 30, 45, "read-only", "soft"),
        name(START + 5 * CELL, 40, "t"),
        text(START + 6 * CELL + 42, 45, "read-only, too", "soft"),
        arrow(START + CELL, 58, START + CELL, 114),
        arrow(START + 5 * CELL, 58, START + 5 * CELL, 114),
        cells(START, 118, NUMBERS, ("cell",) * 6),
        '<path class="line no" style="marker-end:none" d="M386 76 l20 20 m0 -20 l-20 20"/>',
        text(340, 91, "t[0] = 9", "code"),
        text(WIDTH // 2, 188, "sharing must not make writable what its owner protects", "soft"),
    )


def _lifetime() -> str:
    return picture(
        "The name x is gone; the tensor t keeps the memory and its owner alive.",
        WIDTH,
        206,
        name(START + CELL, 44, "x", "gone"),
        text(START - 26, 49, "del x", "code"),
        name(START + 5 * CELL, 44, "t"),
        arrow(START + 5 * CELL - 20, 44, START + 3 * CELL + 58, 44),
        name(START + 3 * CELL, 44, "the owner"),
        text(START + 4 * CELL + 14, 26, "holds", "soft"),
        arrow(START + 3 * CELL, 62, START + 3 * CELL, 114),
        cells(START, 118, NUMBERS, ONE),
        text(
            WIDTH // 2,
            188,
            "the memory is given back when the last of those who use it is gone",
            "soft",
        ),
    )
