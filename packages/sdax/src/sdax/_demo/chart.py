"""A timeline as text: a line per function, with a bar that shows when it ran."""

from collections.abc import Iterator, Sequence

from sdax._demo.terminal import Colour, Terminal
from sdax._demo.timeline import PHASES, Row, Timeline, ended_at

_COLOURS: dict[str, Colour | None] = {"ok": None, "failed": "red", "cancelled": "yellow"}
_NAMES = 4 + 13 + 16
_TIMES = 7 + 7 + 2
_OUTCOME = 2 + 9


class Chart:
    """Draws one run; `skipped` are the tasks whose `execute` was never called."""

    def __init__(self, timeline: Timeline, skipped: Sequence[str], terminal: Terminal) -> None:
        self._timeline = timeline
        self._skipped = skipped
        self._terminal = terminal
        self._cells = terminal.width - _NAMES - _TIMES - _OUTCOME
        self._cells_per_second = self._cells / (timeline.end - timeline.start)

    def lines(self) -> Iterator[str]:
        """The lines of the chart, the head first."""
        last = f"{self._milliseconds(self._timeline.end):.0f} ms"
        yield self._terminal.paint(
            f"{'':{_NAMES}}{'start':>7}{'took':>7}  0{last:>{self._cells - 1}}", "dim"
        )
        for phase in PHASES:
            yield f"  {phase}"
            yield from (self._row(row) for row in self._timeline if row.phase == phase)
            if phase == "execute":
                yield from map(self._skipped_row, self._skipped)

    def _row(self, row: Row) -> str:
        start = self._milliseconds(row.start)
        took = self._milliseconds(row.end) - start
        times = f"{start:>7.1f}{took:>7.1f}"
        outcome = "ok" if row.outcomes[-1] == "succeeded" else row.outcomes[-1]
        colour = _COLOURS[outcome]
        if len(row.attempts) > 1:
            outcome += f" x{len(row.attempts)}"
        return (
            f"    {row.task:<13}{row.function:<16}{times}  "
            f"{self._terminal.paint(self._bar(row), colour)}  "
            f"{self._terminal.paint(outcome, colour)}"
        )

    def _skipped_row(self, task: str) -> str:
        outcome = self._terminal.paint("skipped", "yellow")
        return f"    {task:<{_NAMES - 4 + _TIMES + self._cells}}  {outcome}"

    def _bar(self, row: Row) -> str:
        cells = [" "] * self._cells
        self._fill(cells, row.start, row.end, self._terminal.waiting)
        for attempt in row.attempts:
            self._fill(cells, attempt.started_at, ended_at(attempt), self._terminal.running)
        return "".join(cells)

    def _fill(self, cells: list[str], start: float, end: float, character: str) -> None:
        """Mark the time from `start` to `end`, with one cell at least."""
        first = min(self._cell(start), self._cells - 1)
        last = max(self._cell(end), first + 1)
        cells[first:last] = character * (last - first)

    def _cell(self, time: float) -> int:
        return int((time - self._timeline.start) * self._cells_per_second)

    def _milliseconds(self, time: float) -> float:
        return (time - self._timeline.start) * 1000
