"""What it costs to watch runs: `python -m benchmarks.watching`.

A run of a thousand functions that return at once, alone and watched by each integration in turn. Rounds
alternate, the shortest counts, and what a watched run takes longer is divided by the number of functions.
"""

import asyncio
import io
import logging
import time
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
from sdax_core import AsyncDagTaskProcessor, AsyncTask, Observer, TaskFunction

FUNCTIONS = 1000
ROUNDS = 25


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
        "nobody": {},
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


async def nothing(_: object) -> None:
    pass


def processor() -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for number in range(FUNCTIONS):
        builder.add_task(AsyncTask(f"task {number}", execute=TaskFunction(nothing)))
    return builder.build()


def seconds(
    runner: asyncio.Runner, graph: AsyncDagTaskProcessor[Any, Any], watched: dict[str, Any]
) -> float:
    started = time.process_time()
    runner.run(graph.process_tasks(None, **watched))
    return time.process_time() - started


def main() -> None:
    graph = processor()
    settings = watchers()
    best = dict.fromkeys(settings, float("inf"))
    with asyncio.Runner() as runner:
        for _ in range(ROUNDS):
            for name, watched in settings.items():
                best[name] = min(best[name], seconds(runner, graph, watched))
    print(
        f"{best['nobody'] / FUNCTIONS * 1e6:8.2f} µs for each function of a run that nobody watches"
    )
    for name, least in best.items():
        if name != "nobody":
            print(f"{(least - best['nobody']) / FUNCTIONS * 1e6:+8.2f} µs  {name}")


if __name__ == "__main__":
    main()
