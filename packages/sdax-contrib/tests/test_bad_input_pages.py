"""What the pages of the integrations say of bad input is what one gets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import limits
import pytest
from bad_input_tables import EXACT, answers
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from prometheus_client import CollectorRegistry
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.anyio import on_process
from sdax_contrib.circuit_breaker import CircuitBreaker
from sdax_contrib.dask import on_dask
from sdax_contrib.fastapi import exception_handlers, lifespan, open_application, run_graph
from sdax_contrib.hedge import hedge
from sdax_contrib.limited import limited
from sdax_contrib.limits import RateLimit
from sdax_contrib.logging import RunLog
from sdax_contrib.otel import Tracing
from sdax_contrib.pictures import Picture, to_svg
from sdax_contrib.prometheus import PrometheusMetrics
from sdax_contrib.retry import Constant, Exponential, Retry
from sdax_contrib.rich import LiveProgress
from sdax_contrib.tenacity import TenacityPolicy
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction
from starlette.requests import HTTPConnection
from tenacity import stop_after_attempt

PATIENCE = 60


def anything(value: object) -> Any:
    """Hide the type: a checker would refuse what the page says is refused."""
    return value


async def busy(_: object) -> None:
    raise ConnectionError


async def nothing(_: object) -> None:
    pass


def no_client(_: object) -> Any:
    return None


def no_arguments(_: object) -> tuple[()]:
    return ()


def yes(_: object) -> str:
    return "yes"


def a_list(_: object) -> list[int]:
    return [1]


def build(function: TaskFunction[Any]) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    return builder.add_task(AsyncTask("call", execute=function)).build()


def run(function: TaskFunction[Any]) -> None:
    """Run it, and raise what its task failed with as it is."""
    try:
        asyncio.run(build(function).process_tasks(None))
    except SdaxExecutionError as error:
        raise error.exceptions[0] from None


@asynccontextmanager
async def permit() -> AsyncGenerator[None, None]:
    yield


def without(library: str, module: str) -> None:
    """Import a module of ours where a library is not installed, in a process of its own."""
    code = f"import sys; sys.modules[{library!r}] = None; import sdax_contrib.{module}"
    command = [sys.executable, "-c", code]
    finished = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )
    kind, _, message = finished.stderr.splitlines()[-1].partition(": ")
    assert kind == "ImportError"
    raise ImportError(message)


CASES: dict[str, list[Callable[[], object]]] = {
    "retry": [
        lambda: Retry(0),
        lambda: Retry(max_elapsed=-1),
        lambda: Retry(on=anything(KeyboardInterrupt)),
        lambda: Retry(backoff=anything(Constant)),
        lambda: Retry(budget=anything(10)),
        lambda: Exponential(5, maximum=1),
        lambda: run(TaskFunction(busy, retry=Retry(on=anything(yes)))),
        lambda: hedge(busy, after=-1),
        lambda: TenacityPolicy(stop=anything(stop_after_attempt)),
        lambda: without("tenacity", "tenacity"),
    ],
    "limits": [
        lambda: limited(anything(5)),
        lambda: limited(permit()),
        lambda: AdaptiveLimit(target_latency=0),
        lambda: AdaptiveLimit(target_latency=1, initial=9, maximum=5),
        lambda: CircuitBreaker("payments", failure_ratio=2),
        lambda: RateLimit(MovingWindowRateLimiter(MemoryStorage()), anything("5/second")),
        lambda: RateLimit(
            anything(limits.strategies.FixedWindowRateLimiter(limits.storage.MemoryStorage())),
            limits.parse("5/second"),
        ),
        lambda: without("limits", "limits"),
    ],
    "trace": [
        lambda: Tracing(task_name=anything("charge")),
        lambda: without("opentelemetry.context", "otel"),
    ],
    "metrics": [
        lambda: (PrometheusMetrics(registry := CollectorRegistry()), PrometheusMetrics(registry)),
        lambda: PrometheusMetrics(CollectorRegistry(), task_name=anything("charge")),
        lambda: without("prometheus_client", "prometheus"),
    ],
    "log": [
        lambda: RunLog(anything("shop")),
        lambda: without("structlog.contextvars", "structlog"),
    ],
    "progress": [
        lambda: LiveProgress(anything(sys.stderr)),
        lambda: LiveProgress(refresh_per_second=0),
        lambda: without("rich.console", "rich"),
    ],
    "draw-a-graph": [
        lambda: to_svg(anything(AsyncDagTaskProcessor[Any].builder())),
        lambda: to_svg(build(TaskFunction(nothing)), direction=anything("left")),
        lambda: Picture(build(TaskFunction(nothing))).save("graph.png"),
    ],
    "web": [
        lambda: asyncio.run(anything(open_application)(HTTPConnection({"type": "http"}))),
        lambda: lifespan(build(TaskFunction(nothing)), anything(object())),
        lambda: run_graph(anything(AsyncDagTaskProcessor[Any].builder()), dict),
        lambda: run_graph(build(TaskFunction(nothing)), dict, scope=anything("app")),
        lambda: exception_handlers(on=()),
        lambda: without("fastapi", "fastapi"),
    ],
    "killable-processes": [
        lambda: on_process(anything("resize"), args=lambda _: (), into=None),
        lambda: on_process(len, args=lambda _: (), into=""),
        lambda: on_process(len, args=lambda _: (), into=anything(3)),
        lambda: run(on_process(len, args=anything(a_list), into=None)),
        lambda: on_process(len, args=lambda _: (), into=None, limiter=anything(3)),
        lambda: without("anyio", "anyio"),
    ],
    "dask": [
        lambda: on_dask(len, client=anything(None), args=lambda _: (), into=None),
        lambda: run(on_dask(len, client=anything(no_client), args=no_arguments, into=None)),
        lambda: on_dask(anything("train"), client=lambda _: None, args=lambda _: (), into=None),  # type: ignore[arg-type, return-value]
        lambda: on_dask(len, client=no_client, args=no_arguments, into=None, workers="gpu 1"),
        lambda: on_dask(
            len, client=no_client, args=no_arguments, into=None, resources=anything("GPU")
        ),
        lambda: without("distributed", "dask"),
    ],
}
"""What does what the rows of the table on each page speak of, in their order."""


@pytest.mark.parametrize("page", CASES)
def test_the_page_says_what_bad_input_gives(page: str) -> None:
    for wrong, answer in zip(CASES[page], answers(page), strict=True):
        told = EXACT.search(answer)
        assert told is not None
        with pytest.raises(Exception) as raised:  # noqa: PT011 - the page says which, see below
            wrong()
        assert type(raised.value).__name__ == told["kind"]
        assert told["message"] in str(raised.value)
