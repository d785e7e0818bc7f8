"""What ran when: each attempt of a task's function, from its start to its end."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sdax import Attempt, Observer, TaskFunction

PHASES = ("pre_execute", "execute", "post_execute")


@dataclass(frozen=True, slots=True)
class Row:
    """All attempts at one function of one task. Times are in seconds, by the event loop's clock."""

    task: str
    phase: str
    function: str
    attempts: list[Attempt] = field(default_factory=list[Attempt])

    @property
    def start(self) -> float:
        """When the first attempt began."""
        return self.attempts[0].started_at

    @property
    def end(self) -> float:
        """When the last attempt ended."""
        return ended_at(self.attempts[-1])

    @property
    def outcomes(self) -> list[str]:
        """How the attempts ended: each `succeeded`, `failed` or was `cancelled`."""
        return [str(attempt.outcome) for attempt in self.attempts]


class Timeline(Observer):
    """The rows of the run that it observes, in the order in which their functions were started."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}

    def attempt_started(self, attempt: Attempt, /) -> None:
        """Keep the attempt, which gets to know itself how it ends."""
        call = attempt.call
        row = Row(str(call.task), str(call.phase), function_name(call.function))
        self._rows.setdefault((row.task, row.phase), row).attempts.append(attempt)

    def row(self, task: str, phase: str) -> Row:
        """Give the row of a function that was started.

        Raises:
            KeyError: It never was.
        """
        return self._rows[task, phase]

    def outcomes(self, task: str, phase: str) -> list[str]:
        """How the attempts at a function ended; none if it was never started."""
        row = self._rows.get((task, phase))
        return row.outcomes if row else []

    @property
    def start(self) -> float:
        """When the first function was started."""
        return min(row.start for row in self)

    @property
    def end(self) -> float:
        """When the last function ended."""
        return max(row.end for row in self)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


def ended_at(attempt: Attempt) -> float:
    """When the attempt ended, as it has once its run is over."""
    assert attempt.ended_at is not None
    return attempt.ended_at


def function_name(task_function: TaskFunction[Any]) -> str:
    """The name under which the function was defined."""
    return getattr(inspect.unwrap(task_function.function), "__name__", "?")
