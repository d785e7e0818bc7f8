"""Metrics of runs by OpenTelemetry."""

from __future__ import annotations

from sdax_contrib._otel_api import SCOPE, MeterProvider, get_meter
from sdax_contrib._run_measures import DURATION_BUCKETS, RunMeasures
from sdax_contrib._telemetry_names import TaskNamer


class Metrics(RunMeasures):
    """Measures runs: `build(observers=[Metrics()])`.

    - `sdax.run.duration`: histogram, seconds; attributes `sdax.outcome`, and `error.type` if it raised.
    - `sdax.task.duration`: histogram, seconds that a function took with all its attempts and the delays between them;
      attributes `sdax.task.name`, `sdax.phase`, `sdax.outcome`, and `error.type` if it did not succeed.
    - `sdax.task.retries`: counter; attributes `sdax.task.name`, `sdax.phase`.
    - `sdax.run.active`: up-down counter, runs that have begun and not ended.

    Nested runs are part of the run around them: their tasks are measured, they themselves are not. One object
    serves any number of runs at once.

    Args:
        meter_provider: Makes the meter; by default the global one.
        task_name: Gives a task its name in attributes, from its key after those of the tasks that its run is nested in;
            by default these as text. Each name is a time series: there must not be too many.

    Raises:
        TypeError: `task_name` cannot be called.
    """

    __slots__ = ("_active", "_retry_counter", "_run_duration", "_task_duration")

    def __init__(
        self,
        meter_provider: MeterProvider | None = None,
        *,
        task_name: TaskNamer | None = None,
    ) -> None:
        super().__init__(task_name)
        meter = get_meter(SCOPE, meter_provider=meter_provider)
        self._run_duration = meter.create_histogram(
            "sdax.run.duration",
            unit="s",
            description="How long runs took, cleanup included.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self._task_duration = meter.create_histogram(
            "sdax.task.duration",
            unit="s",
            description="How long functions of tasks took, with all attempts.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self._retry_counter = meter.create_counter(
            "sdax.task.retries", unit="{retry}", description="Attempts after the first."
        )
        self._active = meter.create_up_down_counter(
            "sdax.run.active", unit="{run}", description="Runs that have begun and not ended."
        )

    def _run_took(self, seconds: float, outcome: str, error: str) -> None:
        attributes = {"sdax.outcome": outcome}
        if error:
            attributes["error.type"] = error
        self._run_duration.record(seconds, attributes)

    def _task_took(self, seconds: float, task: str, phase: str, outcome: str, error: str) -> None:
        attributes = {"sdax.task.name": task, "sdax.phase": phase, "sdax.outcome": outcome}
        if error:
            attributes["error.type"] = error
        self._task_duration.record(seconds, attributes)

    def _retries(self, task: str, phase: str) -> None:
        self._retry_counter.add(1, {"sdax.task.name": task, "sdax.phase": phase})

    def _active_runs_change(self, by: int) -> None:
        self._active.add(by)
