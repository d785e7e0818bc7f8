"""What is said below a picture: only of what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from sdax_core import PhaseId

from sdax_contrib._picture_layout import JOIN_FONT_SIZE, MARGIN, Box
from sdax_contrib._picture_marks import BARS_WIDTH, asks_svg, bars_svg, box_svg
from sdax_contrib._picture_text import text_width
from sdax_contrib._picture_view import View

_HEIGHT = 34.0
_BETWEEN = 22.0
_BESIDE = 8.0
_SAMPLE_WIDTH, _SAMPLE_HEIGHT = 30.0, 14.0


@dataclass(frozen=True, slots=True)
class _Entry:
    text: str
    sample_width: float
    sample: Callable[[float, float], str]
    """Draws it, from this left end, around this middle line."""

    @property
    def width(self) -> float:
        return self.sample_width + _BESIDE + text_width(self.text, JOIN_FONT_SIZE)


class Legend:
    """One line of samples with their meaning."""

    def __init__(self, view: View) -> None:
        self._entries = list(_entries(view))
        widths = sum(entry.width + _BETWEEN for entry in self._entries) - _BETWEEN
        self.width: float = widths + 2 * MARGIN if self._entries else 0.0
        self.height: float = _HEIGHT if self._entries else 0.0

    def svg(self, top: float) -> str:
        """Draw it below `top`."""
        middle = top + (_HEIGHT - MARGIN) / 2
        parts = ['<g class="legend">']
        x = MARGIN
        for entry in self._entries:
            parts.append(entry.sample(x, middle))
            text_x = x + entry.sample_width + _BESIDE
            parts.append(f'<text x="{text_x:.1f}" y="{middle + 4:.1f}">{escape(entry.text)}</text>')
            x += entry.width + _BETWEEN
        return "".join([*parts, "</g>"])


def _entries(view: View) -> Iterator[_Entry]:
    if any(task.phases for task in view.tasks):
        yield _Entry("pre_execute, execute, post_execute", BARS_WIDTH, _bars)
    if any(task.is_join for task in view.tasks):
        yield _Entry("join", _SAMPLE_WIDTH, _join)
    if any(task.is_optional for task in view.tasks):
        yield _Entry("optional", _SAMPLE_WIDTH, _optional)
    if any(task.is_conditional for task in view.tasks):
        yield _Entry("when", 14, _conditional)
    if any(edge.only_after for edge in view.edges):
        yield _Entry("only after", _SAMPLE_WIDTH, _only_after)


def _bars(x: float, middle: float) -> str:
    return bars_svg(tuple(PhaseId), x, middle - 1.5)


def _sample_box(x: float, middle: float) -> Box:
    return Box(x, middle - _SAMPLE_HEIGHT / 2, _SAMPLE_WIDTH, _SAMPLE_HEIGHT)


def _join(x: float, middle: float) -> str:
    return f'<g class="join">{box_svg(_sample_box(x, middle), _SAMPLE_HEIGHT / 2)}</g>'


def _optional(x: float, middle: float) -> str:
    return f'<g class="optional">{box_svg(_sample_box(x, middle), 4)}</g>'


def _conditional(x: float, middle: float) -> str:
    return f'<g class="sample">{asks_svg(x + 7, middle)}</g>'


def _only_after(x: float, middle: float) -> str:
    return f'<path class="line dashed" d="M{x:.1f} {middle:.1f}h{_SAMPLE_WIDTH:g}"/>'
