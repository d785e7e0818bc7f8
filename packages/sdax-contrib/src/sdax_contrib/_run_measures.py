"""What is measured of runs, whatever keeps the numbers."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from sdax_core import Attempt, FunctionCall, Observer, RunHandle

from sdax_contrib._telemetry_names import TaskNamer, checked_namer, error_type

DURATION_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
"""Upper bounds in seconds."""


class RunMeasures(Observer, ABC):
    """Measures runs and tasks; subclasses keep the numbers. A nested run is part of the run around it."""

    __slots__ = ("_name", "_started")

    def __init__(self, task_name: TaskNamer | None) -> None:
        self._name = checked_namer(task_name)
        self._started: dict[RunHandle, float] = {}

    @abstractmethod
    def _run_took(self, seconds: float, outcome: str, error: str) -> None:
        """A run has ended; `error` is the type of what it raises, or empty."""

    @abstractmethod
    def _task_took(self, seconds: float, task: str, phase: str, outcome: str, error: str) -> None:
        """A function has ended."""

    @abstractmethod
    def _retries(self, task: str, phase: str) -> None:
        """A function will be attempted again."""

    @abstractmethod
    def _active_runs_change(self, by: int) -> None:
        """A run has begun, or ended."""

    def run_started(self, run: RunHandle, /) -> None:
        """Count it as active."""
        if run.parent is None:
            self._started[run] = asyncio.get_running_loop().time()
            self._active_runs_change(1)

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        """Measure how long it took."""
        started = self._started.pop(run, None)
        if started is not None:
            self._active_runs_change(-1)
            seconds = asyncio.get_running_loop().time() - started
            self._run_took(seconds, run.outcome, "" if error is None else error_type(error))

    def function_ended(self, call: FunctionCall, /) -> None:
        """Measure how long it took, with all its attempts and the delays between them."""
        if call.ended_at is not None and call.outcome is not None:
            error = "" if call.error is None else error_type(call.error)
            seconds = call.ended_at - call.started_at
            self._task_took(seconds, self._name(call.path), call.phase.value, call.outcome, error)

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        """Count it."""
        call = attempt.call
        self._retries(self._name(call.path), call.phase.value)
