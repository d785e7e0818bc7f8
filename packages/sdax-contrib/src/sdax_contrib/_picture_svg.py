"""A graph as SVG that any program opens: no script, no font, no variable, no reference to anything."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from sdax_contrib._picture_layout import FONT_SIZE, JOIN_FONT_SIZE, Box, Layout, Line, layout_of
from sdax_contrib._picture_legend import Legend
from sdax_contrib._picture_marks import BARS_WIDTH, asks_svg, bars_svg, box_svg

if TYPE_CHECKING:
    from sdax_contrib._picture_view import Direction, ShownTask, View

# Every colour is written twice, and none is a CSS variable, which Inkscape and librsvg do not know.
_LIGHT = {
    "page": "#ffffff",
    "box": "#f6f8fa",
    "border": "#8c959f",
    "text": "#1f2328",
    "soft": "#59636e",
    "edge": "#768390",
    "mark": "#0969da",
    "faint": "#d1d9e0",
}
_DARK = {
    "page": "#0d1117",
    "box": "#161b22",
    "border": "#6e7681",
    "text": "#e6edf3",
    "soft": "#9198a1",
    "edge": "#7d8590",
    "mark": "#58a6ff",
    "faint": "#343b44",
}
_STYLE = f"""
.sdax text {{ font: {FONT_SIZE:g}px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; text-anchor: middle }}
.sdax .join text {{ font-size: {JOIN_FONT_SIZE:g}px }}
.sdax .legend text {{ font-size: {JOIN_FONT_SIZE:g}px; text-anchor: start }}
.sdax g .asks + text {{ font-size: 10px; font-weight: 700; text-anchor: middle }}
.sdax .line {{ fill: none; stroke-width: 1.3 }}
.sdax .dashed, .sdax .optional .box {{ stroke-dasharray: 5 4 }}
.sdax .box {{ stroke-width: 1.2 }}
"""
_ARROW_LENGTH, _ARROW_HALF = 7.0, 3.5


def svg_of(view: View, direction: Direction) -> str:
    """Draw it."""
    layout = layout_of(view, direction)
    legend = Legend(view)
    width = max(layout.width, legend.width)
    height = layout.height + legend.height
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    title = f"{len(view.tasks)} tasks, {len(view.edges)} dependencies"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="sdax" role="img" {size}>',
            f"<title>{title}</title>",
            f"<style>{_STYLE}{_colours(_LIGHT)}",
            f"@media (prefers-color-scheme: dark) {{\n{_colours(_DARK)}\n}}\n</style>",
            '<rect class="page" width="100%" height="100%" rx="8"/>',
            *_lines(layout, direction),
            *(_task(task, box) for task, box in zip(view.tasks, layout.boxes, strict=True)),
            legend.svg(layout.height),
            "</svg>\n",
        )
    )


def _colours(colours: dict[str, str]) -> str:
    rules = """\
.sdax .page { fill: %(page)s }
.sdax .box { fill: %(box)s; stroke: %(border)s }
.sdax text { fill: %(text)s }
.sdax .join .box { fill: %(page)s }
.sdax .join text, .sdax .legend text { fill: %(soft)s }
.sdax .line { stroke: %(edge)s }
.sdax .head { fill: %(edge)s }
.sdax .has, .sdax .asks { fill: %(mark)s }
.sdax .lacks { fill: %(faint)s }
.sdax g .asks + text { fill: %(page)s }"""
    return rules % colours


def _lines(layout: Layout, direction: Direction) -> Iterator[str]:
    for is_dashed in (False, True):
        lines = [line for line in layout.lines if line.is_dashed is is_dashed]
        if lines:
            ways = " ".join(_way(line, direction) for line in lines)
            yield f'<path class="line{" dashed" if is_dashed else ""}" d="{ways}"/>'
    heads = [_head(line, direction) for line in layout.lines if line.has_arrowhead]
    if heads:
        yield f'<path class="head" d="{" ".join(dict.fromkeys(heads))}"/>'


def _way(line: Line, direction: Direction) -> str:
    start, leave, arrive, end = line.points
    if direction == "right":
        middle = (leave[0] + arrive[0]) / 2
        bends = f"{middle:.1f} {leave[1]:.1f} {middle:.1f} {arrive[1]:.1f}"
    else:
        middle = (leave[1] + arrive[1]) / 2
        bends = f"{leave[0]:.1f} {middle:.1f} {arrive[0]:.1f} {middle:.1f}"
    curve = f"{_point(leave)}C{bends} {_point(arrive)}"
    before = "" if _point(start) == _point(leave) else f"{_point(start)}L"
    behind = "" if _point(end) == _point(arrive) else f"L{_point(end)}"
    return f"M{before}{curve}{behind}"


def _head(line: Line, direction: Direction) -> str:
    x, y = line.points[-1]
    if direction == "right":
        return f"M{x:.1f} {y:.1f}l-{_ARROW_LENGTH:g} -{_ARROW_HALF:g}v{2 * _ARROW_HALF:g}z"
    return f"M{x:.1f} {y:.1f}l-{_ARROW_HALF:g} -{_ARROW_LENGTH:g}h{2 * _ARROW_HALF:g}z"


def _point(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _task(task: ShownTask, box: Box) -> str:
    kind = ("join" if task.is_join else "task") + (" optional" if task.is_optional else "")
    return (
        f'<g class="{kind}"><title>{escape(_description(task))}</title>'
        f"{box_svg(box, box.height / 2 if task.is_join else 6)}"
        f"{_label(task, box)}{_bars(task, box)}{_asks(task, box)}</g>"
    )


def _description(task: ShownTask) -> str:
    facts = [", ".join(task.phases) or "join"]
    facts += ["optional"] if task.is_optional else []
    facts += ["when"] if task.is_conditional else []
    return f"{task.name}: {'; '.join(facts)}"


def _label(task: ShownTask, box: Box) -> str:
    # Not by `dominant-baseline`, which some programs do not know.
    baseline = box.y + box.height / 2 + (4.0 if task.is_join else 1.5)
    return f'<text x="{box.x + box.width / 2:.1f}" y="{baseline:.1f}">{escape(task.label)}</text>'


def _bars(task: ShownTask, box: Box) -> str:
    if task.is_join:
        return ""
    x = box.x + (box.width - BARS_WIDTH) / 2
    return bars_svg(task.phases, x, box.y + box.height - 9.5)


def _asks(task: ShownTask, box: Box) -> str:
    return asks_svg(box.x + box.width - 1, box.y + 1) if task.is_conditional else ""
