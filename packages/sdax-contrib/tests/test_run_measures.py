"""Metrics of runs: by OpenTelemetry's real SDK, and by a real Prometheus registry that is scraped over HTTP."""

from __future__ import annotations

import asyncio
import random
import urllib.request
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import prometheus_client
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from sdax_contrib.otel import Metrics
from sdax_contrib.prometheus import PrometheusMetrics
from sdax_core import (
    AsyncDagTaskProcessor,
    Observer,
    SdaxExecutionError,
    TaskFunction,
)
from sdax_helpers import subgraph, task

Labels = tuple[tuple[str, str], ...]


async def nothing(_: object) -> None:
    pass


async def fail(_: object) -> None:
    raise ConnectionError


async def hang(_: object) -> None:
    await asyncio.Event().wait()


def processor_of(observer: Observer, *tasks: Any) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for each in tasks:
        builder.add_task(each)
    return builder.build(observers=[observer])


def run(processor: AsyncDagTaskProcessor[Any, Any], **settings: Any) -> BaseException | None:
    async def main() -> BaseException | None:
        try:
            await asyncio.wait_for(processor.process_tasks(None, **settings), 30)
        except (SdaxExecutionError, TimeoutError, asyncio.CancelledError) as error:
            return error
        return None

    return asyncio.run(main())


class Kept:
    """What a kind of metrics has kept, in the names of OpenTelemetry."""

    def __init__(
        self, observer: Observer, read: Callable[[], dict[tuple[str, Labels], float]]
    ) -> None:
        self.observer = observer
        self.read = read

    def numbers(self, name: str) -> dict[Labels, float]:
        return {labels: value for (metric, labels), value in self.read().items() if metric == name}


def kept_by_otel(**settings: Any) -> Kept:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)

    def read() -> dict[tuple[str, Labels], float]:
        data = reader.get_metrics_data()
        found: dict[tuple[str, Labels], float] = {}
        for resource in () if data is None else data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        place = (point.attributes or {}).items()
                        labels = tuple(sorted((key, str(value)) for key, value in place))
                        if isinstance(point, HistogramDataPoint):
                            found[metric.name, labels] = point.count
                            found[f"{metric.name}.sum", labels] = point.sum
                        elif isinstance(point, NumberDataPoint):
                            found[metric.name, labels] = point.value
        return found

    return Kept(Metrics(provider, **settings), read)


OTEL_NAMES = {
    "sdax_run_duration_seconds_count": "sdax.run.duration",
    "sdax_run_duration_seconds_sum": "sdax.run.duration.sum",
    "sdax_task_duration_seconds_count": "sdax.task.duration",
    "sdax_task_duration_seconds_sum": "sdax.task.duration.sum",
    "sdax_task_retries_total": "sdax.task.retries",
    "sdax_run_active": "sdax.run.active",
}
OTEL_LABELS = {
    "task": "sdax.task.name",
    "phase": "sdax.phase",
    "outcome": "sdax.outcome",
    "error_type": "error.type",
}


def untyped(module: object) -> Any:
    return module


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Scraped(Kept):
    """Prometheus' registry behind a real server."""

    def __init__(self, **settings: Any) -> None:
        self.registry = CollectorRegistry()
        # As `start_http_server` does, but one that stops without waiting half a second.
        application = untyped(prometheus_client).make_wsgi_app(self.registry)
        self.server = make_server("127.0.0.1", 0, application, handler_class=Silent)
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        super().__init__(PrometheusMetrics(self.registry, **settings), self._scrape)

    def text(self) -> str:
        address = f"http://127.0.0.1:{self.server.server_port}/metrics"
        with urllib.request.urlopen(address, timeout=30) as answer:
            content: bytes = answer.read()
        return content.decode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(30)

    def _scrape(self) -> dict[tuple[str, Labels], float]:
        return {
            (
                OTEL_NAMES[sample.name],
                tuple(sorted((OTEL_LABELS[k], v) for k, v in sample.labels.items() if v)),
            ): sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
            if sample.name in OTEL_NAMES
        }


@pytest.fixture(params=["otel", "prometheus"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    if request.param == "otel":
        yield kept_by_otel()
        return
    scraped = Scraped()
    try:
        yield scraped
    finally:
        scraped.close()


def labels(**values: str) -> Labels:
    return tuple(sorted((OTEL_LABELS[name], value) for name, value in values.items()))


def test_runs_and_functions_are_counted_by_how_they_ended(kept: Kept) -> None:
    processor = processor_of(
        kept.observer,
        task("good", pre_execute=TaskFunction(nothing), execute=TaskFunction(nothing)),
        task("bad", execute=TaskFunction(fail), optional=True),
    )
    for _ in range(3):
        assert run(processor) is None
    assert kept.numbers("sdax.run.duration") == {labels(outcome="succeeded"): 3}
    assert kept.numbers("sdax.task.duration") == {
        labels(task="good", phase="pre_execute", outcome="succeeded"): 3,
        labels(task="good", phase="execute", outcome="succeeded"): 3,
        labels(task="bad", phase="execute", outcome="failed", error_type="ConnectionError"): 3,
    }
    assert kept.numbers("sdax.run.active") == {(): 0}
    assert kept.numbers("sdax.task.retries") == {}


def stepping_loop() -> Any:
    """A loop whose time stands still, but for its timers."""
    loop: Any = asyncio.SelectorEventLoop()
    now = [0.0]
    call_at = loop.call_at

    def step_to(when: float, *arguments: Any, **more: Any) -> Any:
        now[0] = max(now[0], when)
        return call_at(when, *arguments, **more)

    loop.time = lambda: now[0]
    loop.call_at = step_to
    return loop


def test_durations_are_in_seconds_and_include_retries_and_delays(kept: Kept) -> None:
    failing = iter([ConnectionError("again")])

    async def slow(_: object) -> None:
        await asyncio.sleep(2)
        for error in failing:
            raise error

    function = TaskFunction(slow, retries=1, initial_delay=0.5, backoff_factor=1)
    processor = processor_of(kept.observer, task("slow", execute=function))
    with asyncio.Runner(loop_factory=stepping_loop) as runner:
        runner.run(processor.process_tasks(None, rng=random.Random(1)))
    place = labels(task="slow", phase="execute", outcome="succeeded")
    assert kept.numbers("sdax.task.duration") == {place: 1}
    (seconds,) = kept.numbers("sdax.task.duration.sum").values()
    assert 4 < seconds <= 4.75
    (seconds,) = kept.numbers("sdax.run.duration.sum").values()
    assert 4 < seconds <= 4.75
    assert kept.numbers("sdax.task.retries") == {labels(task="slow", phase="execute"): 1}


def test_a_failed_run_says_so(kept: Kept) -> None:
    run(processor_of(kept.observer, task("bad", execute=TaskFunction(fail))))
    assert kept.numbers("sdax.run.duration") == {
        labels(outcome="failed", error_type="sdax_core.SdaxExecutionError"): 1
    }


def test_timeouts_are_failures_of_functions_and_deadlines_cancel(kept: Kept) -> None:
    run(processor_of(kept.observer, task("slow", execute=TaskFunction(hang, timeout=0.001))))
    run(processor_of(kept.observer, task("late", execute=TaskFunction(hang))), timeout=0.001)
    cancelled = "asyncio.exceptions.CancelledError"
    assert kept.numbers("sdax.task.duration") == {
        labels(task="slow", phase="execute", outcome="failed", error_type="TimeoutError"): 1,
        labels(task="late", phase="execute", outcome="cancelled", error_type=cancelled): 1,
    }
    assert kept.numbers("sdax.run.duration") == {
        labels(outcome="failed", error_type="sdax_core.SdaxExecutionError"): 1,
        labels(outcome="cancelled", error_type="TimeoutError"): 1,
    }


def test_runs_are_active_until_they_have_ended_even_if_cancelled(kept: Kept) -> None:
    processor = processor_of(kept.observer, task("hang", execute=TaskFunction(hang)))

    async def main() -> None:
        runs = [asyncio.ensure_future(processor.process_tasks(None)) for _ in range(3)]
        await asyncio.sleep(0)
        assert kept.numbers("sdax.run.active") == {(): 3}
        for each in runs:
            each.cancel()
        await asyncio.wait(runs, timeout=30)

    asyncio.run(main())
    assert kept.numbers("sdax.run.active") == {(): 0}
    assert kept.numbers("sdax.run.duration") == {
        labels(outcome="cancelled", error_type="asyncio.exceptions.CancelledError"): 3
    }


def test_a_nested_run_is_part_of_the_run_around_it(kept: Kept) -> None:
    inner = (
        AsyncDagTaskProcessor[Any]
        .builder()
        .add_task(task("charge", execute=TaskFunction(nothing)))
        .build()
    )
    run(processor_of(kept.observer, subgraph("payments", inner)))
    assert sum(kept.numbers("sdax.run.duration").values()) == 1
    names = {dict(place)["sdax.task.name"] for place in kept.numbers("sdax.task.duration")}
    assert names == {"payments", "payments/charge"}


def test_tasks_may_be_counted_together() -> None:
    def first_word(path: tuple[Hashable, ...]) -> str:
        return str(path[-1]).split()[0]

    kept = kept_by_otel(task_name=first_word)
    users = [task(f"user {number}", execute=TaskFunction(nothing)) for number in range(5)]
    run(processor_of(kept.observer, *users))
    place = labels(task="user", phase="execute", outcome="succeeded")
    assert kept.numbers("sdax.task.duration") == {place: 5}


def test_what_prometheus_is_shown_has_types_units_and_buckets() -> None:
    scraped = Scraped(buckets=(0.5, 2))
    try:
        run(processor_of(scraped.observer, task("a", execute=TaskFunction(nothing))))
        lines = scraped.text().splitlines()
    finally:
        scraped.close()
    assert "# TYPE sdax_task_duration_seconds histogram" in lines
    assert "# TYPE sdax_task_retries_total counter" in lines
    assert "# TYPE sdax_run_active gauge" in lines
    start = 'sdax_task_duration_seconds_bucket{error_type="",le="0.5"'
    assert f'{start},outcome="succeeded",phase="execute",task="a"}} 1.0' in lines


def test_the_buckets_of_opentelemetry_are_in_seconds() -> None:
    reader = InMemoryMetricReader()
    metrics = Metrics(MeterProvider(metric_readers=[reader], shutdown_on_exit=False))
    run(processor_of(metrics, task("a", execute=TaskFunction(nothing))))
    data: Any = reader.get_metrics_data()
    found = {metric.name: metric for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    assert found["sdax.task.duration"].unit == "s"
    bounds = found["sdax.task.duration"].data.data_points[0].explicit_bounds
    assert (bounds[0], bounds[-1]) == (0.001, 300)


def test_a_second_one_for_the_same_registry_is_refused() -> None:
    registry = CollectorRegistry()
    PrometheusMetrics(registry)
    with pytest.raises(ValueError, match="make one PrometheusMetrics for it, and give it to all"):
        PrometheusMetrics(registry)


def test_a_name_giver_that_cannot_be_called_is_refused() -> None:
    wrong: Any = 3
    for make in (Metrics, partial(PrometheusMetrics, CollectorRegistry())):
        with pytest.raises(
            TypeError, match="task_name must be a function that names a path of keys; got 3"
        ):
            make(task_name=wrong)


def test_bad_buckets_are_prometheus_own_error() -> None:
    with pytest.raises(ValueError, match="Buckets"):
        PrometheusMetrics(CollectorRegistry(), buckets=(3, 1))
