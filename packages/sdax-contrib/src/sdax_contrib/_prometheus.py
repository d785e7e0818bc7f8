"""Metrics of runs by Prometheus' client."""

from __future__ import annotations

from collections.abc import Sequence

from sdax_contrib._run_measures import DURATION_BUCKETS, RunMeasures
from sdax_contrib._telemetry_names import TaskNamer

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.prometheus needs prometheus_client: pip install 'sdax-contrib[prometheus]'",
        name="prometheus_client",
    ) from missing


class PrometheusMetrics(RunMeasures):
    """Measures runs: make one for a registry, and give it to all processors, `build(observers=[metrics])`.

    - `sdax_run_duration_seconds`: histogram; labels `outcome`, and `error_type`, what it raised (else empty).
    - `sdax_task_duration_seconds`: histogram of how long functions took with all their attempts and the delays between
      them; labels `task`, `phase`, `outcome`, `error_type`.
    - `sdax_task_retries_total`: counter; labels `task`, `phase`.
    - `sdax_run_active`: gauge, runs that have begun and not ended.

    Nested runs are part of the run around them: their tasks are measured, they themselves are not.

    Args:
        registry: Where the metrics are registered; by default the client's own.
        buckets: Upper bounds of the histograms, in seconds.
        task_name: Gives a task its name in labels, from its key after those of the tasks that its run is nested in;
            by default these as text. Each name is a time series: there must not be too many.

    Raises:
        TypeError: `task_name` cannot be called.
        ValueError: The registry has these metrics already.
    """

    __slots__ = (
        "_active",
        "_retry_children",
        "_retry_counter",
        "_run_duration",
        "_task_children",
        "_task_duration",
    )

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        buckets: Sequence[float] = DURATION_BUCKETS,
        task_name: TaskNamer | None = None,
    ) -> None:
        super().__init__(task_name)
        registry = REGISTRY if registry is None else registry
        try:
            self._run_duration = Histogram(
                "sdax_run_duration_seconds",
                "How long runs took, cleanup included.",
                ("outcome", "error_type"),
                registry=registry,
                buckets=buckets,
            )
        except ValueError as error:
            if "Duplicated" not in str(error):
                raise
            raise ValueError(
                "registry has these metrics already: make one PrometheusMetrics for it, "
                "and give it to all processors"
            ) from error
        self._task_duration = Histogram(
            "sdax_task_duration_seconds",
            "How long functions of tasks took, with all attempts.",
            ("task", "phase", "outcome", "error_type"),
            registry=registry,
            buckets=buckets,
        )
        self._retry_counter = Counter(
            "sdax_task_retries", "Attempts after the first.", ("task", "phase"), registry=registry
        )
        self._active = Gauge(
            "sdax_run_active",
            "Runs that have begun and not ended.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        # To look a child up takes longer than to observe a value.
        self._task_children: dict[tuple[str, str, str, str], Histogram] = {}
        self._retry_children: dict[tuple[str, str], Counter] = {}

    def _run_took(self, seconds: float, outcome: str, error: str) -> None:
        self._run_duration.labels(outcome, error).observe(seconds)

    def _task_took(self, seconds: float, task: str, phase: str, outcome: str, error: str) -> None:
        labels = task, phase, outcome, error
        child = self._task_children.get(labels)
        if child is None:
            child = self._task_children[labels] = self._task_duration.labels(*labels)
        child.observe(seconds)

    def _retries(self, task: str, phase: str) -> None:
        labels = task, phase
        child = self._retry_children.get(labels)
        if child is None:
            child = self._retry_children[labels] = self._retry_counter.labels(*labels)
        child.inc()

    def _active_runs_change(self, by: int) -> None:
        self._active.inc(by)
