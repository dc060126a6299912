"""Pictures of memory as SVG: cells, arrows and words on a panel, in light and in dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

CELL, HIGH = 56, 40
"""The width and the height of an element of four bytes."""

_STYLE = """\
text { font: 15px ui-sans-serif, system-ui, sans-serif; fill: #22303c; text-anchor: middle; }
text.code { font-family: ui-monospace, monospace; }
text.left { text-anchor: start; }
text.soft { fill: #5a6b7b; font-size: 13px; }
.panel { fill: #f6f8fa; stroke: #d5dde5; }
.cell { fill: #ffffff; stroke: #93a3b1; }
.one { fill: #b5e3dc; stroke: #0f8276; }
.two { fill: #ffdfae; stroke: #b36b00; }
.gone { fill: none; stroke: #93a3b1; stroke-dasharray: 4 4; }
.name { fill: #e4eaf0; stroke: #93a3b1; }
.fence { stroke: #93a3b1; stroke-width: 2; stroke-dasharray: 2 6; }
.line { stroke: #5a6b7b; stroke-width: 1.8; fill: none; marker-end: url(#tip); }
.no { stroke: #c03434; }
.tip { fill: #5a6b7b; }
@media (prefers-color-scheme: dark) {
  text { fill: #e3e9ef; }
  text.soft { fill: #a5b4c2; }
  .panel { fill: #20272e; stroke: #3a4650; }
  .cell { fill: #2a333c; stroke: #6d7d8b; }
  .one { fill: #0f5e56; stroke: #4fc7b8; }
  .two { fill: #74500f; stroke: #f0b455; }
  .name { fill: #36424d; stroke: #6d7d8b; }
  .line { stroke: #a5b4c2; }
  .no { stroke: #ff7b72; }
  .tip { fill: #a5b4c2; }
}"""

_TIP = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path class="tip" d="M0 0 10 5 0 10z"/></marker>'
)


def picture(title: str, width: int, height: int, *parts: str) -> str:
    """The parts on a panel of this size; the title is what a screen reader says."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{_STYLE}\n</style>",
            f"<defs>{_TIP}</defs>",
            f'<rect class="panel" x="1" y="1" width="{width - 2}" height="{height - 2}" rx="12"/>',
            *parts,
            "</svg>",
        ]
    )


def cells(x: int, y: int, values: Sequence[str], kinds: Sequence[str], wide: int = CELL) -> str:
    """Elements side by side; a kind for each: cell, one, two or gone."""
    return "\n".join(
        f'<rect class="{kind}" x="{x + n * wide}" y="{y}" width="{wide}" height="{HIGH}"/>'
        + text(x + n * wide + wide // 2, y + 26, value, "code")
        for n, (value, kind) in enumerate(zip(values, kinds, strict=True))
    )


def name(x: int, y: int, said: str, kind: str = "name") -> str:
    """A name of Python in a pill whose centre is here."""
    wide = 22 + 9 * len(said)
    box = f'x="{x - wide // 2}" y="{y - 17}" width="{wide}" height="34" rx="17"'
    return f'<rect class="{kind}" {box}/>' + text(x, y + 5, said, "code")


def text(x: int, y: int, said: str, kind: str = "") -> str:
    """Words at a point: in the middle of it, or starting there if `left`."""
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(said)}</text>'


def arrow(x1: int, y1: int, x2: int, y2: int, kind: str = "") -> str:
    """From one point to the other."""
    return f'<path class="line {kind}" d="M{x1} {y1} L{x2} {y2}"/>'


def arc(x1: int, x2: int, y: int, up: int = 26) -> str:
    """A step from one element to another, above them."""
    return f'<path class="line" d="M{x1} {y} Q{(x1 + x2) // 2} {y - up} {x2} {y}"/>'
