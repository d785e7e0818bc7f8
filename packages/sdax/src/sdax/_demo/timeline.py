"""What ran when: each attempt of a task's function, from its call to its end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

PHASES = ("pre_execute", "execute", "post_execute")


@dataclass(slots=True)
class Attempt:
    """One call of a function. Times are in seconds, on the clock of `perf_counter`."""

    start: float
    end: float = 0.0
    outcome: str = "running"
    """Afterwards `ok`, `failed` or `cancelled`."""


@dataclass(slots=True)
class Row:
    """All attempts at one function of one task."""

    task: str
    phase: str
    function: str
    attempts: list[Attempt] = field(default_factory=list[Attempt])

    @property
    def start(self) -> float:
        """When the first attempt began."""
        return self.attempts[0].start

    @property
    def end(self) -> float:
        """When the last attempt ended."""
        return self.attempts[-1].end

    @property
    def outcome(self) -> str:
        """How the last attempt ended."""
        return self.attempts[-1].outcome


class Timeline:
    """The rows of one run, in the order in which their functions were first called."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}

    def begin(self, task: str, phase: str, function: str) -> Attempt:
        """Note that a function is called now."""
        attempt = Attempt(perf_counter())
        row = self._rows.setdefault((task, phase), Row(task, phase, function))
        row.attempts.append(attempt)
        return attempt

    def row(self, task: str, phase: str) -> Row:
        """Give the row of a function that was called.

        Raises:
            KeyError: It was never called.
        """
        return self._rows[task, phase]

    def outcomes(self, task: str, phase: str) -> list[str]:
        """How the attempts at a function ended; none if it was never called."""
        row = self._rows.get((task, phase))
        return [attempt.outcome for attempt in row.attempts] if row else []

    @property
    def start(self) -> float:
        """When the first function was called."""
        return min(row.start for row in self)

    @property
    def end(self) -> float:
        """When the last function ended."""
        return max(row.end for row in self)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)
