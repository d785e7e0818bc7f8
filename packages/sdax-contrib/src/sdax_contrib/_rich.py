"""Live progress of runs, by rich."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, cast

from sdax_core import Observer

from sdax_contrib._progress_rows import Row, Rows
from sdax_contrib._setting_checks import check_number, given
from sdax_contrib._telemetry_names import TaskNamer, checked_namer, shown

try:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.table import Table
    from rich.text import Text
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.rich needs rich: pip install 'sdax-contrib[rich]'", name="rich"
    ) from missing

if TYPE_CHECKING:
    from rich.console import RenderableType
    from sdax_core import Attempt, FunctionCall, PhaseId, RunHandle

_LONGEST_NAME = 40
_SPARE_LINES = 3  # the summary, and room for the prompt
_SIGNS = {
    "waiting": ("…", "yellow"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "done": ("✓", "green"),
    "skipped": ("-", "dim"),
}
_OUTCOMES = {"succeeded": ("✓", "green"), "failed": ("✗", "red"), "cancelled": ("■", "yellow")}


class LiveProgress(Observer):
    """Shows in a terminal what runs do: `process_tasks(ctx, observers=[LiveProgress()])`.

    There is a row for each task with its phase, its attempt, how long that has taken, and what went wrong; when there
    are more than lines, those that are over give way first. When the last run has ended, what failed and a summary
    stay. What the program prints meanwhile appears above. Where there is no terminal nothing is shown.

    Events only take notes; a thread of rich's draws them, some times a second. One object may watch runs that
    overlap, in one event loop.

    Args:
        console: Where to show it; by default the standard error.
        refresh_per_second: How often to draw.
        task_name: Gives a task its name, from its key after those of the tasks that its run is nested in.

    Raises:
        TypeError: `console` is no `rich.console.Console`, `refresh_per_second` is no number, or `task_name` cannot
            be called.
        ValueError: `refresh_per_second` is not above 0.
    """

    __slots__ = (
        "_console",
        "_live",
        "_name",
        "_outcome",
        "_rate",
        "_rows",
        "_runs",
        "_spinner",
        "_started",
    )

    def __init__(
        self,
        console: Console | None = None,
        *,
        refresh_per_second: float = 8,
        task_name: TaskNamer | None = None,
    ) -> None:
        if console is not None and not isinstance(cast("object", console), Console):
            raise TypeError(f"console must be a rich.console.Console; {given(console)}")
        check_number("refresh_per_second", refresh_per_second, above=0)
        self._console = Console(stderr=True) if console is None else console
        self._rate = refresh_per_second
        self._name = checked_namer(task_name)
        self._live: Live | None = None
        self._runs = 0
        self._begin()

    def _begin(self) -> None:
        self._rows = Rows()
        self._outcome = ""
        self._started = time.monotonic()
        self._spinner = Spinner("dots" if _knows_signs(self._console) else "line", style="blue")

    # What the event loop tells

    def run_started(self, run: RunHandle, /) -> None:
        """Begin to show it, if there is a terminal."""
        if run.parent is not None:
            return
        if self._runs == 0 and self._console.is_terminal:
            self._begin()
            live = Live(
                console=self._console,
                get_renderable=self.__rich__,
                refresh_per_second=self._rate,
            )
            live.start()
            self._live = live
        self._runs += 1  # not if that has failed: of the end of this run nothing will be told

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        """With the last run that is watched, stop; a summary stays."""
        self._rows.forget(run)
        if run.parent is not None:
            return
        self._runs -= 1
        if self._outcome != "failed":  # the worst of those that were shown together
            self._outcome = run.outcome
        if self._runs == 0 and self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def function_started(self, call: FunctionCall, /) -> None:
        """Take note of it."""
        if self._live is not None:
            row = self._rows.make(call.run, call.task, self._name(call.path))
            row.phase, row.attempt, row.note = call.phase.value, 1, ""
            row.started, row.ended = time.monotonic(), None
            self._rows.change(row, "running")

    def function_ended(self, call: FunctionCall, /) -> None:
        """Take note of it."""
        row = self._rows.find(call.run, call.task)
        if row is not None and call.outcome is not None:
            row.ended = time.monotonic()
            row.note = shown(call.error) if call.outcome == "failed" else ""
            self._rows.change(row, "done" if call.outcome == "succeeded" else call.outcome)

    def attempt_started(self, attempt: Attempt, /) -> None:
        """Take note of it."""
        if attempt.number > 1:
            row = self._rows.find(attempt.call.run, attempt.call.task)
            if row is not None:
                row.attempt, row.note = attempt.number, ""
                self._rows.change(row, "running")

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        """Take note of it."""
        row = self._rows.find(attempt.call.run, attempt.call.task)
        if row is not None:
            row.note = f"{shown(attempt.error)}; again in {delay:.1f} s"
            self._rows.change(row, "waiting")

    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        """Take note of it."""
        if self._live is not None:
            row = self._rows.make(run, task, self._name((*run.path, task)))
            row.phase, row.note = phase.value, f"skipped ({reason})"
            row.started = row.ended = time.monotonic()
            self._rows.change(row, "skipped")

    # What rich's thread draws

    def __rich__(self) -> RenderableType:
        """Draw the runs that are shown, or what stays of them."""
        now = time.monotonic()
        has_ended = bool(self._outcome) and self._runs == 0
        most = max(1, self._console.height - _SPARE_LINES)
        rows = self._rows.in_trouble() if has_ended else self._rows.visible(most)
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=_LONGEST_NAME)
        table.add_column(no_wrap=True, style="dim")
        table.add_column(no_wrap=True, style="dim")
        table.add_column(no_wrap=True, justify="right")
        table.add_column()  # the only one that gives way where there is too little room
        for row in rows:
            table.add_row(*self._cells(row, now))
        return Group(table, self._summary(now, has_ended=has_ended))

    def _cells(self, row: Row, now: float) -> tuple[RenderableType, ...]:
        sign, style = _SIGNS.get(row.state or "", ("", ""))
        name_style = style if row.state in ("failed", "skipped") else ""
        return (
            self._sign(sign, style) if sign else self._spinner,
            Text(row.name, style=name_style),
            Text(row.phase),
            Text(f"attempt {row.attempt}" if row.attempt > 1 else ""),
            Text(f"{row.seconds(now):.1f} s"),
            Text(" ".join(row.note.split()), style=style, no_wrap=True, overflow="ellipsis"),
        )

    def _summary(self, now: float, *, has_ended: bool) -> Text:
        counts = self._rows.counts
        states = ("running", "waiting", "done", "failed", "cancelled", "skipped")
        told = ", ".join(f"{counts[state]} {state}" for state in states if counts[state])
        text = f"{told or 'no tasks'}; {now - self._started:.1f} s"
        if not has_ended:
            return Text(text, style="bold")
        sign, style = _OUTCOMES.get(self._outcome, ("", ""))
        return Text.assemble(self._sign(sign, style), f" {self._outcome}: {text}", style="bold")

    def _sign(self, sign: str, style: str) -> Text:
        plain = {"…": ".", "✗": "x", "■": "#", "✓": "+"}
        return Text(sign if _knows_signs(self._console) else plain.get(sign, sign), style=style)


def _knows_signs(console: Console) -> bool:
    return not console.options.ascii_only and not console.legacy_windows
