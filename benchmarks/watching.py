"""What it costs to watch runs: `python -m benchmarks.watching`.

How it is measured: `benchmarks/per_function.py`.
"""

import io
import logging
from functools import partial
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from prometheus_client import CollectorRegistry
from rich.console import Console
from sdax_contrib.logging import RunLog
from sdax_contrib.otel import Metrics, Tracing
from sdax_contrib.prometheus import PrometheusMetrics
from sdax_contrib.rich import LiveProgress
from sdax_contrib.structlog import bind_attempt
from sdax_core import Observer, TaskFunction

from benchmarks.per_function import graph_of, nothing, print_costs


class Nowhere(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


class Listens(Observer):
    """Is told of each function, and does nothing."""

    def function_ended(self, call: Any, /) -> None:
        pass


def tracing(*, sampled: bool) -> Tracing:
    provider = TracerProvider(shutdown_on_exit=False)
    if not sampled:
        provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    return Tracing(provider)


def watchers() -> dict[str, dict[str, Any]]:
    meters = MeterProvider(metric_readers=[InMemoryMetricReader()], shutdown_on_exit=False)
    terminal = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    quiet = logging.getLogger("watching")
    quiet.setLevel(logging.WARNING)
    return {
        "a run that nobody watches": {},
        "an observer that does nothing": {"observers": [Listens()]},
        "otel.Tracing, no SDK": {"observers": [Tracing()]},
        "otel.Tracing, not sampled": {"observers": [tracing(sampled=False)]},
        "otel.Tracing, exported to nowhere": {"observers": [tracing(sampled=True)]},
        "otel.Metrics": {"observers": [Metrics(meters)]},
        "prometheus.PrometheusMetrics": {"observers": [PrometheusMetrics(CollectorRegistry())]},
        "structlog.bind_attempt": {"interceptors": [bind_attempt]},
        "logging.RunLog, at WARNING": {"observers": [RunLog(quiet)]},
        "rich.LiveProgress, in a terminal": {"observers": [LiveProgress(terminal)]},
        "rich.LiveProgress, no terminal": {
            "observers": [LiveProgress(Console(file=io.StringIO()))]
        },
    }


def main() -> None:
    graph = graph_of(TaskFunction(nothing))
    print_costs(
        {
            name: partial(graph.process_tasks, None, **watched)
            for name, watched in watchers().items()
        }
    )


if __name__ == "__main__":
    main()
