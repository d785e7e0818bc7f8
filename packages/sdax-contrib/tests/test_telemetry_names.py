"""Keys, errors and names that cannot be shown: what watches a run sees it to its end all the same."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from rich.console import Console
from sdax_contrib.logging import RunLog
from sdax_contrib.otel import Tracing
from sdax_contrib.prometheus import PrometheusMetrics
from sdax_contrib.rich import LiveProgress
from sdax_contrib.structlog import bind_attempt
from sdax_core import AsyncDagTaskProcessor, Observer, SdaxExecutionError, TaskFunction
from sdax_helpers import task


class Unspeakable:
    def __str__(self) -> str:
        raise ValueError("it cannot be shown")

    __repr__ = __str__


class UnspeakableError(ConnectionError):
    def __str__(self) -> str:
        raise ValueError("it cannot be shown")

    __repr__ = __str__


async def fail(_: object) -> None:
    raise UnspeakableError


async def nothing(_: object) -> None:
    pass


def refuse(_: tuple[Hashable, ...]) -> str:
    raise ValueError("no name for that")


def give_no_text(_: tuple[Hashable, ...]) -> Any:
    return 3


@dataclass
class Watch:
    """Everything that watches runs, and what each of them shows."""

    namer: Callable[[tuple[Hashable, ...]], str] | None = None
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    terminal: io.StringIO = field(default_factory=io.StringIO)

    def observers(self) -> list[Observer]:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        console = Console(file=self.terminal, force_terminal=True, width=100)
        return [
            Tracing(provider, task_name=self.namer),
            PrometheusMetrics(self.registry, task_name=self.namer),
            RunLog(task_name=self.namer),
            LiveProgress(console, task_name=self.namer),
        ]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


def run(watch: Watch, key: Any, function: TaskFunction[Any]) -> None:
    builder = AsyncDagTaskProcessor[Any].builder().add_task(task(key, execute=function))
    processor = builder.build(observers=watch.observers(), interceptors=[bind_attempt])
    try:
        asyncio.run(processor.process_tasks(None))
    except SdaxExecutionError as error:
        assert [type(leaf) for leaf in error.leaf_exceptions()] == [UnspeakableError]  # noqa: PT017


@pytest.mark.parametrize(
    ("key", "namer", "name"),
    [
        (Unspeakable(), None, "Unspeakable"),
        ("charge", refuse, "str"),
        ("charge", give_no_text, "str"),
    ],
)
def test_a_name_that_cannot_be_made_is_replaced_by_the_class_of_the_key(
    key: Hashable, namer: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch(namer)
    with caplog.at_level(logging.DEBUG):
        run(watch, key, TaskFunction(nothing))
    assert [span.name for span in watch.spans.get_finished_spans()] == [
        f"execute {name}",
        "sdax.run",
    ]
    assert watch.sample("sdax_run_active") == 0
    labels = {"task": name, "phase": "execute", "outcome": "succeeded", "error_type": ""}
    assert watch.sample("sdax_task_duration_seconds_count", **labels) == 1
    assert "succeeded: 1 done" in watch.terminal.getvalue()
    told = [record for record in caplog.records if record.name == "sdax"]
    assert len(told) == (0 if namer is None else 4)  # once by each who was given it


def test_an_error_that_cannot_be_shown_is_watched_to_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = Watch()
    with caplog.at_level(logging.INFO):
        run(watch, "charge", TaskFunction(fail, retries=1, initial_delay=0))
    spans = {span.name: span for span in watch.spans.get_finished_spans()}
    assert list(spans) == ["attempt 2", "execute charge", "sdax.run"]
    assert [event.name for event in spans["execute charge"].events] == ["sdax.retry", "exception"]
    assert spans["execute charge"].status.description == "<str() failed>"
    assert watch.sample("sdax_run_active") == 0
    assert "failed: 1 failed" in watch.terminal.getvalue()
    levels = [record.levelname for record in caplog.records if record.name == "sdax.run"]
    assert levels == ["WARNING", "ERROR", "ERROR"]
    assert not [record for record in caplog.records if record.name == "sdax"]  # nobody was dropped
