"""Line charts as SVG, with nothing but the standard library. They follow the reader's dark mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 72, 44

STYLE = """
.page { fill: #fff }
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600; font-size: 14px }
.grid { stroke: #ddd } .axis { stroke: #888; fill: none } .span { fill: #f3d9d0; opacity: .6 }
.line { fill: none; stroke-width: 2 }
.c0 { stroke: #c0392b } .c1 { stroke: #2471a3 } .c2 { stroke: #1e8449 } .c3 { stroke: #7d3c98 }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117 }
  text { fill: #ddd } .grid { stroke: #444 } .span { fill: #6b3a2c }
  .c0 { stroke: #ff7f6e } .c1 { stroke: #6cb6ff } .c2 { stroke: #6fdc8c } .c3 { stroke: #d2a8ff }
}
"""


@dataclass(frozen=True)
class Line:
    """One line: its name, and its points in order."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class LineChart:
    """Lines over one pair of axes, which begin at 0."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    span: tuple[float, float, str] | None = None
    """A stretch of the x axis to mark, with its name."""

    def svg(self) -> str:
        """The picture as one document."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'role="img" aria-label="{escape(self.title)}">',
                f"<style>{STYLE}</style>",
                # On its own ground it can be read on a light page in a dark browser, too.
                '<rect class="page" width="100%" height="100%" rx="8"/>',
                f'<text class="title" x="{LEFT}" y="18">{escape(self.title)}</text>',
                *self._marked_span(),
                *self._grid(),
                *self._drawn_lines(),
                "</svg>\n",
            ]
        )

    @property
    def _right(self) -> float:
        return max(x for line in self.lines for x, _ in line.points)

    @property
    def _top(self) -> float:
        return 1.05 * max(y for line in self.lines for _, y in line.points)

    def _x(self, value: float) -> float:
        return LEFT + value / self._right * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self._top * (HEIGHT - TOP - BOTTOM)

    def _marked_span(self) -> Iterable[str]:
        if self.span is not None:
            begin, end, name = self.span
            yield (
                f'<rect class="span" x="{self._x(begin):.1f}" y="{TOP}" '
                f'width="{self._x(end) - self._x(begin):.1f}" height="{HEIGHT - TOP - BOTTOM}"/>'
            )
            yield f'<text x="{self._x(begin) + 4:.1f}" y="{TOP - 8}">{escape(name)}</text>'

    def _grid(self) -> Iterable[str]:
        bottom = HEIGHT - BOTTOM
        for value in round_steps(self._top):
            y = f"{self._y(value):.1f}"
            yield f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
            yield f'<text x="{LEFT - 8}" y="{y}" dy="4" text-anchor="end">{value:g}</text>'
        for value in round_steps(self._right):
            x = f"{self._x(value):.1f}"
            yield f'<path class="axis" d="M{x} {bottom}v4"/>'
            yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{value:g}</text>'
        yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>'
        label = escape(self.x_label)
        yield f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{label}</text>'
        yield f'<text x="8" y="{TOP - 8}">{escape(self.y_label)}</text>'

    def _drawn_lines(self) -> Iterable[str]:
        place = WIDTH - RIGHT - 170 * len(self.lines)
        for number, line in enumerate(self.lines):
            points = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in line.points)
            yield f'<polyline class="line c{number}" points="{points}"/>'
            x = place + 170 * number
            yield f'<path class="line c{number}" d="M{x} 36h20"/>'
            yield f'<text x="{x + 26}" y="40">{escape(line.name)}</text>'


def round_steps(top: float) -> list[float]:
    """Round numbers from 0 to `top`: steps of 1, 2 or 5 times a power of ten, at most six."""
    step = 10.0 ** len(str(int(top)))
    for factor in (0.5, 0.4, 0.5) * 6:  # 10, 5, 2, 1, 0.5, ...
        if top / (step * factor) > 6:
            break
        step *= factor
    return [number * step for number in range(int(top / step) + 1)]
