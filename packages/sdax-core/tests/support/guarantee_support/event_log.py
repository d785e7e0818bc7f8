"""An observer that writes down all that it is told."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from sdax_core import Attempt, FunctionCall, Observer, PhaseId, RunHandle

Event = tuple[Any, ...]


class EventLog(Observer):
    """Every event as a tuple: its name, then what tells it from others of its kind."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.calls: list[FunctionCall] = []
        """The functions that have ended, in that order."""
        self.attempts: list[Attempt] = []
        """The attempts that have ended, in that order."""
        self.runs: list[RunHandle] = []
        self.errors: list[BaseException | None] = []
        """What the runs were about to raise when they ended."""

    def named(self, *names: str) -> list[Event]:
        """The events of these names."""
        return [event for event in self.events if event[0] in names]

    def call(self, task: Hashable, phase: str = "execute") -> FunctionCall:
        """The only call of this function that has ended."""
        (call,) = (call for call in self.calls if (call.task, call.phase) == (task, phase))
        return call

    def run_started(self, run: RunHandle, /) -> None:
        self.runs.append(run)
        self.events.append(("run_started",))

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        self.errors.append(error)
        self.events.append(("run_ended", run.outcome))

    def phase_started(self, run: RunHandle, phase: PhaseId, time: float, /) -> None:
        assert run.phase is phase
        self.events.append(("phase_started", phase, time))

    def phase_ended(self, run: RunHandle, phase: PhaseId, time: float, /) -> None:
        assert run.phase is phase
        self.events.append(("phase_ended", phase, time))

    def function_started(self, call: FunctionCall, /) -> None:
        assert (call.ended_at, call.outcome, call.error) == (None, None, None)
        self.events.append(("function_started", call.task, call.phase, call.started_at))

    def function_ended(self, call: FunctionCall, /) -> None:
        self.calls.append(call)
        self.events.append(("function_ended", call.task, call.phase, call.outcome, call.ended_at))

    def attempt_started(self, attempt: Attempt, /) -> None:
        assert (attempt.ended_at, attempt.outcome, attempt.error) == (None, None, None)
        self.events.append(
            ("attempt_started", attempt.call.task, attempt.number, attempt.started_at)
        )

    def attempt_ended(self, attempt: Attempt, /) -> None:
        self.attempts.append(attempt)
        self.events.append(
            ("attempt_ended", attempt.call.task, attempt.number, attempt.outcome, attempt.ended_at)
        )

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        self.events.append(("retry_scheduled", attempt.call.task, attempt.number, delay))

    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        assert run is self.runs[-1]
        self.events.append(("task_skipped", task, phase, reason))

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object], /) -> None:
        self.events.append(("reported", attempt.call.task, name, dict(details)))
