"""Where everything is in a picture: boxes, and the ways of the edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdax_contrib._picture_layers import Layers, layers_of
from sdax_contrib._picture_order import reduce_crossings
from sdax_contrib._picture_places import places_of
from sdax_contrib._picture_text import text_width

if TYPE_CHECKING:
    from sdax_contrib._picture_view import Direction, View

FONT_SIZE = 13.0
JOIN_FONT_SIZE = 11.5
MARGIN = 20.0
TASK_HEIGHT = 38.0
JOIN_HEIGHT = 24.0
_PADDING = 14.0
_LEAST_WIDTH = 64.0
_GAP = 16.0
_BEND_GAP = 11.0
_LAYER_GAP = 46.0
_STEEPEST = 7.0  # the further a segment leads aside, the more room it gets to do so
_WIDEST_LAYER_GAP = 150.0


@dataclass(frozen=True, slots=True)
class Box:
    """The place of one task."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """One segment of an edge: straight, curved, straight; four points."""

    points: tuple[tuple[float, float], ...]
    is_dashed: bool
    has_arrowhead: bool
    """Whether it ends at a task."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture in numbers."""

    width: float
    height: float
    boxes: list[Box]
    lines: list[Line]


def layout_of(view: View, direction: Direction) -> Layout:
    """Lay out a graph."""
    drawing = layers_of(view)
    reduce_crossings(drawing)
    return _Measured(view, drawing, to_the_right=direction == "right").layout()


class _Measured:
    """An ordered drawing with the sizes of its nodes.

    "Along" is the direction that the graph leads in, "across" the other one.
    """

    def __init__(self, view: View, drawing: Layers, *, to_the_right: bool) -> None:
        self._drawing = drawing
        self._to_the_right = to_the_right
        widths = [_width_of(task.label, is_join=task.is_join) for task in view.tasks]
        heights = [JOIN_HEIGHT if task.is_join else TASK_HEIGHT for task in view.tasks]
        if to_the_right:  # boxes below each other look best if they are of one width
            for layer in drawing.layers:
                tasks = [n for n in layer if not drawing.is_bend(n) and not view.tasks[n].is_join]
                widest = max((widths[task] for task in tasks), default=0.0)
                for task in tasks:
                    widths[task] = widest
        self._along, self._across = (widths, heights) if to_the_right else (heights, widths)

    def layout(self) -> Layout:
        drawing = self._drawing
        places = places_of(drawing, self._distance)
        edge = min((places[n] - self._size(n) / 2 for n in range(len(places))), default=0.0)
        places = [place - edge + MARGIN for place in places]
        far = max((places[n] + self._size(n) / 2 for n in range(len(places))), default=MARGIN)
        starts, ends = self._spans(places)
        layer_of = {node: number for number, nodes in enumerate(drawing.layers) for node in nodes}
        boxes = [
            self._box((starts[layer_of[task]] + ends[layer_of[task]]) / 2, places[task], task)
            for task in range(drawing.task_count)
        ]
        lines = [
            Line(
                tuple(
                    self._turned(along, places[node])
                    for along, node in (
                        (
                            self._leaves(start, starts[layer_of[start]], ends[layer_of[start]]),
                            start,
                        ),
                        (ends[layer_of[start]], start),
                        (starts[layer_of[end]], end),
                        (self._arrives(end, starts[layer_of[end]], ends[layer_of[end]]), end),
                    )
                ),
                is_dashed=(start, end) in drawing.dashed,
                has_arrowhead=not drawing.is_bend(end),
            )
            for start, end in drawing.segments()
        ]
        length = ends[-1] + MARGIN if ends else 2 * MARGIN
        width, height = self._turned(length, far + MARGIN)
        return Layout(width, height, boxes, lines)

    def _size(self, node: int) -> float:
        return 0.0 if self._drawing.is_bend(node) else self._across[node]

    def _distance(self, one: int, other: int) -> float:
        bends = self._drawing.is_bend(one) or self._drawing.is_bend(other)
        return (self._size(one) + self._size(other)) / 2 + (_BEND_GAP if bends else _GAP)

    def _spans(self, places: list[float]) -> tuple[list[float], list[float]]:
        """Where each layer starts and ends."""
        starts: list[float] = []
        ends: list[float] = []
        for layer in self._drawing.layers:
            aside = max(
                (
                    abs(places[n] - places[other])
                    for n in layer
                    for other in self._drawing.before[n]
                ),
                default=0.0,
            )
            gap = min(_WIDEST_LAYER_GAP, _LAYER_GAP + aside / _STEEPEST)
            starts.append(ends[-1] + gap if ends else MARGIN)
            longest = max(
                (self._along[n] for n in layer if not self._drawing.is_bend(n)), default=0
            )
            ends.append(starts[-1] + longest)
        return starts, ends

    def _box(self, middle: float, place: float, task: int) -> Box:
        x, y = self._turned(middle, place)
        width, height = self._turned(self._along[task], self._across[task])
        return Box(x - width / 2, y - height / 2, width, height)

    def _leaves(self, node: int, start: float, end: float) -> float:
        """Where along its layer a line comes out of a node; at a bend it passes the whole layer."""
        if self._drawing.is_bend(node):
            return start
        return (start + end + self._along[node]) / 2

    def _arrives(self, node: int, start: float, end: float) -> float:
        return start if self._drawing.is_bend(node) else (start + end - self._along[node]) / 2

    def _turned(self, along: float, across: float) -> tuple[float, float]:
        return (along, across) if self._to_the_right else (across, along)


def _width_of(label: str, *, is_join: bool) -> float:
    if is_join:
        return text_width(label, JOIN_FONT_SIZE) + 2 * _PADDING
    return max(_LEAST_WIDTH, text_width(label, FONT_SIZE) + 2 * _PADDING)
