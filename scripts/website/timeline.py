"""A run as a picture: an observer that takes down every attempt, and draws it.

Give a `Timeline` to a run, then ask for its `svg()`.
"""

import asyncio
from collections.abc import Hashable

from sdax import Attempt, Observer

from website.timeline_svg import Bar, timeline_svg


class Timeline(Observer):
    """Takes down every attempt of a run."""

    def __init__(self, tasks: tuple[Hashable, ...]) -> None:
        self.tasks = tasks
        self.bars: list[Bar] = []
        self.zero: float | None = None

    def attempt_started(self, attempt: Attempt, /) -> None:
        """Take the first one for the beginning."""
        if self.zero is None:
            self.zero = attempt.started_at

    def attempt_ended(self, attempt: Attempt, /) -> None:
        """Make a bar of it."""
        assert self.zero is not None
        assert attempt.ended_at is not None
        start, end = attempt.started_at - self.zero, attempt.ended_at - self.zero
        row, label = self.row_and_label(attempt)
        self.bars.append(Bar(row, attempt.call.phase, start, end, str(attempt.outcome), label))

    def row_and_label(self, attempt: Attempt) -> tuple[Hashable, str]:
        """The row that an attempt is drawn in, and what is written on it."""
        return attempt.call.task, ""

    def svg(self, title: str) -> str:
        """Draw it, for light and dark."""
        return timeline_svg(title, self.tasks, self.bars)


class LaneTimeline(Timeline):
    """The same with a row for each asyncio Task that runs functions: a lane."""

    def __init__(self) -> None:
        super().__init__(())
        self.lanes: list[asyncio.Task[object] | None] = []

    def row_and_label(self, attempt: Attempt) -> tuple[Hashable, str]:
        """The lane that it ran in, and the task that it belongs to."""
        lane = asyncio.current_task()
        if lane not in self.lanes:
            self.lanes.append(lane)
            self.tasks = (*self.tasks, f"lane {len(self.lanes)}")
        return f"lane {self.lanes.index(lane) + 1}", str(attempt.call.task)
