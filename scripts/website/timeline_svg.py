"""Rows of bars over a scale of time, as SVG that any browser opens."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from sdax import PhaseId

LIGHT = {
    "page": "#ffffff",
    "text": "#1f2328",
    "soft": "#59636e",
    "grid": "#d1d9e0",
    "pre_execute": "#0969da",
    "execute": "#1a7f37",
    "post_execute": "#9a6700",
    "failed": "#cf222e",
}
DARK = {
    "page": "#0d1117",
    "text": "#e6edf3",
    "soft": "#9198a1",
    "grid": "#343b44",
    "pre_execute": "#58a6ff",
    "execute": "#3fb950",
    "post_execute": "#d29922",
    "failed": "#f85149",
}
WIDTH, MARGIN, ROW, BAR, TOP = 460.0, 10.0, 24.0, 12.0, 12.0
CHARACTER = 7.2  # how wide a letter of a task's name may be
STYLE = """
.run text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif }
.run .soft { font-size: 12px }
.run .middle { text-anchor: middle }
.run .on-bar { font-size: 10.5px; font-weight: 600; text-anchor: middle }
.run .grid { stroke-width: 1 }
.run .cancelled { fill-opacity: 0.2; stroke-width: 1.2; stroke-dasharray: 3 2 }
.run .cross { stroke-width: 2.4; fill: none }
"""


@dataclass
class Bar:
    """One attempt, in seconds since the run began."""

    task: Hashable
    phase: PhaseId
    start: float
    end: float
    outcome: str
    label: str = ""


def timeline_svg(title: str, tasks: Sequence[Hashable], bars: Sequence[Bar]) -> str:
    """Draw a row for each task."""
    drawing = Drawing(tasks, bars)
    size = (
        f'width="{WIDTH:g}" height="{drawing.height:g}" viewBox="0 0 {WIDTH:g} {drawing.height:g}"'
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="run" role="img" {size}>',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}{colours(LIGHT)}@media (prefers-color-scheme: dark) {{\n{colours(DARK)}}}\n</style>",
            '<rect class="page" width="100%" height="100%" rx="8"/>',
            *drawing.scale(),
            *drawing.rows(),
            *drawing.legend(),
            "</svg>\n",
        )
    )


class Drawing:
    """Where everything is."""

    def __init__(self, tasks: Sequence[Hashable], bars: Sequence[Bar]) -> None:
        self.tasks = tasks
        self.bars = bars
        self.left = 2 * MARGIN + CHARACTER * max(len(str(task)) for task in tasks)
        self.last = max(bar.end for bar in bars)
        self.bottom = TOP + ROW * len(tasks)
        self.height = self.bottom + 46

    def x(self, seconds: float) -> float:
        """Where a moment is."""
        return self.left + seconds / self.last * (WIDTH - self.left - 3 * MARGIN)

    def scale(self) -> Iterator[str]:
        """Lines for the time, in steps that leave at most seven of them."""
        step = next(
            step for step in (5, 10, 20, 50, 100, 200, 500, 1000) if self.last * 1000 / step <= 7
        )
        for milliseconds in range(0, round(self.last * 1000) + 1, step):
            x = self.x(milliseconds / 1000)
            yield f'<path class="grid" d="M{x:.1f} {TOP:g}V{self.bottom:g}"/>'
            unit = " ms" if milliseconds == 0 else ""
            text = f"{milliseconds}{unit}"
            yield f'<text class="soft middle" x="{x:.1f}" y="{self.bottom + 14:g}">{text}</text>'

    def rows(self) -> Iterator[str]:
        """The name of each task, and its bars."""
        for number, task in enumerate(self.tasks):
            y = TOP + ROW * number
            yield f'<text x="{MARGIN:g}" y="{y + 16:g}">{escape(str(task))}</text>'
            for bar in self.bars:
                if bar.task == task:
                    yield self.bar(bar, y + (ROW - BAR) / 2)

    def bar(self, bar: Bar, y: float) -> str:
        """A bar, with a cross at its end if the attempt failed."""
        x = self.x(bar.start)
        width = max(self.x(bar.end) - x - 1, 3.0)  # a gap to the next one
        kind = f"{bar.phase}{' cancelled' if bar.outcome == 'cancelled' else ''}"
        tip = f"{bar.task}, {bar.phase}: {bar.outcome}"
        shape = box(kind, x, y, width, tip)
        if bar.label:
            shape += f'<text class="on-bar" x="{x + width / 2:.1f}" y="{y + 9.5:.1f}">{escape(bar.label)}</text>'
        return shape + cross(x + width, y + BAR / 2) if bar.outcome == "failed" else shape

    def legend(self) -> Iterator[str]:
        """What the colours mean, as far as they are there."""
        x, y = MARGIN, self.height - 18
        for phase in PhaseId:
            if any(bar.phase is phase for bar in self.bars):
                yield box(str(phase), x, y, 14, "")
                yield f'<text class="soft" x="{x + 19:.1f}" y="{y + 10:.1f}">{phase}</text>'
                x += 34 + 6.4 * len(str(phase))
        for outcome in ("failed", "cancelled"):
            if any(bar.outcome == outcome for bar in self.bars):
                mark = (
                    cross(x + 7, y + BAR / 2)
                    if outcome == "failed"
                    else box("soft cancelled", x, y, 14, "")
                )
                yield mark
                yield f'<text class="soft" x="{x + 19:.1f}" y="{y + 10:.1f}">{outcome}</text>'
                x += 34 + 6.4 * len(outcome)


def box(kind: str, x: float, y: float, width: float, tip: str) -> str:
    """A bar of some kind, with what is shown when the mouse is over it."""
    title = f"<title>{escape(tip)}</title>" if tip else ""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR:g}" rx="2">{title}</rect>'


def cross(x: float, y: float) -> str:
    """What marks a failure."""
    return f'<path class="cross" d="M{x - 4.5:.1f} {y - 4.5:.1f}l9 9m0 -9l-9 9"/>'


def colours(colour: dict[str, str]) -> str:
    """The rules of the style sheet that differ between light and dark."""
    rules = [
        f".page, .run .on-bar {{ fill: {colour['page']} }}",
        f"text {{ fill: {colour['text']} }}",
        f".soft {{ fill: {colour['soft']} }}",
        f"rect.soft {{ stroke: {colour['soft']} }}",
        f".grid {{ stroke: {colour['grid']} }}",
        f".cross {{ stroke: {colour['failed']} }}",
        *(f".{phase} {{ fill: {colour[phase]}; stroke: {colour[phase]} }}" for phase in PhaseId),
    ]
    return "".join(f".run {rule}\n" for rule in rules)
