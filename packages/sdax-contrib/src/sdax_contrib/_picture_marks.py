"""What the tasks of a picture bear: a box, bars for their phases, a question mark for `when`."""

from __future__ import annotations

from collections.abc import Collection

from sdax_core import PhaseId

from sdax_contrib._picture_layout import Box

_BAR_WIDTH, _BAR_HEIGHT, _BAR_GAP = 12.0, 3.0, 4.0
BARS_WIDTH = 3 * _BAR_WIDTH + 2 * _BAR_GAP


def box_svg(box: Box, radius: float) -> str:
    """A rectangle with round corners."""
    return (
        f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{radius:g}"/>'
    )


def bars_svg(phases: Collection[PhaseId], x: float, y: float) -> str:
    """Three bars, one for each phase, of which those that there is a function for stand out."""
    return "".join(
        f'<rect class="{"has" if phase in phases else "lacks"}" '
        f'x="{x + number * (_BAR_WIDTH + _BAR_GAP):.1f}" y="{y:.1f}" '
        f'width="{_BAR_WIDTH:g}" height="{_BAR_HEIGHT:g}" rx="1.5"/>'
        for number, phase in enumerate(PhaseId)
    )


def asks_svg(x: float, y: float) -> str:
    """The question mark of a task that has a `when`."""
    return f'<circle class="asks" cx="{x:.1f}" cy="{y:.1f}" r="7"/><text x="{x:.1f}" y="{y + 3.5:.1f}">?</text>'
