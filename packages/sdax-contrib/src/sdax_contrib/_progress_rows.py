"""What progress knows of the tasks of its runs: a row for each, and how many are in which state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from itertools import count
from typing import Literal, TypeAlias

State: TypeAlias = Literal["running", "waiting", "failed", "cancelled", "done", "skipped"]
_KEPT = 100  # rows of tasks that are over: more than a terminal has lines


class Row:
    """One task: what it does, or did last."""

    __slots__ = (
        "attempt",
        "ended",
        "name",
        "note",
        "number",
        "phase",
        "started",
        "state",
        "trouble",
    )

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.phase = ""
        self.state: State | None = None
        self.attempt = 1
        self.note = ""
        self.started = 0.0
        self.ended: float | None = None
        self.trouble: tuple[State, str] | None = None
        """How it failed or was cancelled, and what is noted about that."""

    def seconds(self, now: float) -> float:
        """How long the function has been running, or ran."""
        return (now if self.ended is None else self.ended) - self.started


class Rows:
    """The rows of the runs that are shown.

    The event loop changes them, and the thread in which rich refreshes the display reads them: it takes copies of the
    collections, each in one step.
    """

    def __init__(self) -> None:
        self._numbers = count()
        self._rows: dict[Hashable, dict[Hashable, Row]] = {}
        self._active: dict[Row, None] = {}
        self._in_trouble: dict[Row, None] = {}
        self._over: dict[Row, None] = {}
        self.counts: Counter[str] = Counter()
        """How many tasks are in which state."""

    def find(self, run: Hashable, task: Hashable) -> Row | None:
        """Give the row of a task if it has one."""
        return self._rows.get(run, {}).get(task)

    def make(self, run: Hashable, task: Hashable, name: str) -> Row:
        """Give the row of a task, a new one if it has none."""
        rows = self._rows.setdefault(run, {})
        if task not in rows:
            rows[task] = Row(next(self._numbers), name)
        return rows[task]

    def forget(self, run: Hashable) -> None:
        """A run has ended: its rows change no more. Some of them are shown still."""
        self._rows.pop(run, None)

    def change(self, row: Row, state: State) -> None:
        """Have a task be in another state."""
        if state == "failed" or (state == "cancelled" and row.trouble is None):
            row.trouble = state, row.note
        elif state == "done" and row.trouble is not None:
            state, row.note = row.trouble  # it stays so whatever its cleanup does
        if row.state is not None:
            self.counts[row.state] -= 1
        self.counts[state] += 1
        row.state = state
        for rows in (self._active, self._in_trouble, self._over):
            rows.pop(row, None)
        rows = self._rows_in(state)
        rows[row] = None
        if rows is not self._active and len(rows) > _KEPT:
            del rows[next(iter(rows))]

    def _rows_in(self, state: State) -> dict[Row, None]:
        if state in ("running", "waiting"):
            return self._active
        return self._in_trouble if state in ("failed", "cancelled") else self._over

    def visible(self, most: int) -> list[Row]:
        """Give the rows to show, in the order in which the tasks began: what is over gives way first."""
        chosen = [*list(self._active), *list(self._in_trouble)]
        chosen = [*chosen, *reversed(list(self._over))][:most]
        return sorted(chosen, key=lambda row: row.number)

    def in_trouble(self) -> list[Row]:
        """Give the rows of the tasks that failed or were cancelled; the last hundred, if there are more."""
        return list(self._in_trouble)
