"""Clients that order, a quarter of whom hang up, while the payment service fails; then everything is counted.

From the folder `examples`: `python -m fastapi_service.load_test --seconds 20`.
"""

import argparse
import asyncio
import logging
import os
import random
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import uvicorn
from fastapi import HTTPException
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry
from sdax_contrib.otel import Tracing
from sdax_contrib.prometheus import PrometheusMetrics
from sdax_core import Observer, RunHandle, SdaxExecutionError

from fastapi_service.payment_service import PaymentService
from fastapi_service.service import create

STOCK = {"lamp": 1_000_000, "vase": 25}
SHARE_OF_VASES = 0.05
SHARE_THAT_HANGS_UP = 0.25
LONGEST_PATIENCE = 0.1  # seconds, of those who hang up


class RunCount(Observer):
    """How the runs ended."""

    def __init__(self) -> None:
        self.started = 0
        self.ended: Counter[str] = Counter()

    def run_started(self, run: RunHandle) -> None:
        self.started += 1

    def run_ended(self, run: RunHandle, error: BaseException | None) -> None:
        self.ended[_kind(error)] += 1


def _kind(error: BaseException | None) -> str:
    if error is None:
        return "succeeded"
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    leaves = error.leaf_exceptions() if isinstance(error, SdaxExecutionError) else []
    return "refused" if len(leaves) == 1 and isinstance(leaves[0], HTTPException) else "failed"


class SpanCount(SpanExporter):
    """How many spans were exported, by name."""

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.update(span.name for span in spans)
        return SpanExportResult.SUCCESS


class LogCount(logging.Handler):
    """How many failed runs were logged, with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: Counter[int] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None and "is answered with" in record.msg:
            status: Any = record.args[2] if isinstance(record.args, tuple) else 0
            self.answers[status] += 1


@dataclass
class Answers:
    """What clients were told."""

    by_order: dict[str, int] = field(default_factory=dict[str, int])
    hung_up: set[str] = field(default_factory=set[str])
    seconds: list[float] = field(default_factory=list[float])


@asynccontextmanager
async def serving(app: Any) -> AsyncGenerator[str, None]:
    """Serve on a free port of this machine, and give the address."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None))
    # With its protocol: asyncio turns off Nagle's delay only where it sees TCP.
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with socket.socket(*kind) as listening:
        listening.bind(("127.0.0.1", 0))
        served = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not (server.started or served.done()):  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0.005)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await served


async def order_and_wait(http: httpx2.AsyncClient, order: str, item: str, told: Answers) -> None:
    since = time.perf_counter()
    response = await http.put(f"/orders/{order}", params={"item": item})
    told.seconds.append(time.perf_counter() - since)
    told.by_order[order] = response.status_code


async def order_and_hang_up(address: str, order: str, item: str, seconds: float) -> None:
    at = urlsplit(address)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    head = f"PUT /orders/{order}?item={item} HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n"
    writer.write(head.encode())
    await asyncio.sleep(seconds)
    writer.transport.abort()


async def client(
    number: int, address: str, http: httpx2.AsyncClient, until: float, told: Answers
) -> None:
    rng = random.Random(number)
    count = 0
    while time.monotonic() < until:
        count += 1
        order = f"{number}-{count}"
        item = "vase" if rng.random() < SHARE_OF_VASES else "lamp"
        if rng.random() < SHARE_THAT_HANGS_UP:
            told.hung_up.add(order)
            await order_and_hang_up(address, order, item, rng.uniform(0, LONGEST_PATIENCE))
        else:
            await order_and_wait(http, order, item, told)


async def trouble(payments: PaymentService, seconds: float) -> None:
    """Take the payment service down for the middle fifth of the time."""
    await asyncio.sleep(seconds * 0.4)
    payments.is_down = True
    await asyncio.sleep(seconds * 0.2)
    payments.is_down = False


async def load(address: str, payments: PaymentService, seconds: float, clients: int) -> Answers:
    told = Answers()
    until = time.monotonic() + seconds
    limits = httpx2.Limits(max_connections=clients)
    async with httpx2.AsyncClient(
        base_url=address, timeout=60, trust_env=False, limits=limits
    ) as http:
        async with asyncio.TaskGroup() as group:
            group.create_task(trouble(payments, seconds))
            for number in range(clients):
                group.create_task(client(number, address, http, until, told))
        async with asyncio.timeout(60):
            # Runs that were cancelled clean up. Only the service knows when the last has ended.
            while (await http.get("/health")).json() != {"in_flight": 0, "connections_in_use": 0}:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    return told


@dataclass
class Report:
    """What was found: the numbers, and what is wrong with them."""

    numbers: dict[str, object]
    problems: list[str]


def open_files() -> int:
    """How many file descriptors are open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else 0


async def run(seconds: float, clients: int) -> Report:
    """Start both services, have the clients order, stop the services, and count."""
    before = (open_files(), threading.active_count(), len(asyncio.all_tasks()))
    runs, spans, logs, registry = RunCount(), SpanCount(), LogCount(), CollectorRegistry()
    traces = TracerProvider()
    traces.add_span_processor(SimpleSpanProcessor(spans))
    observers = [runs, Tracing(traces), PrometheusMetrics(registry)]
    log = logging.getLogger("sdax")
    log.addHandler(logs)
    log.propagate = False
    payments = PaymentService(random.Random(1))
    try:
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "shop.db"
            fill_stock(database)
            async with serving(payments.app()) as payment_service:
                api = create(database, payment_service, observers)
                async with serving(api) as address:
                    told = await load(address, payments, seconds, clients)
            rows, stock = read(database)
    finally:
        log.removeHandler(logs)
        log.propagate = True
        traces.shutdown()
    await asyncio.sleep(0.1)  # threads and sockets that are closed end a moment later
    after = (open_files(), threading.active_count(), len(asyncio.all_tasks()))
    checks = {
        "orders answered with 201 are in the database": _ids(told, 201) <= rows,
        "orders answered with anything else are not": not (
            (told.by_order.keys() - _ids(told, 201)) & rows
        ),
        "no row is of an order that nobody made": rows <= told.by_order.keys() | told.hung_up,
        "each row is paid, and nothing else is": payments.paid.keys() == rows,
        "stock and rows agree": sum(STOCK.values()) - sum(stock.values()) == len(rows),
        "rows are the runs that succeeded": runs.ended["succeeded"] == len(rows),
        "each run has ended": runs.ended.total() == runs.started,
        "each failed run was logged with its traceback": logs.answers.total()
        == runs.ended["failed"],
        "each run has a span": spans.spans["sdax.run"] == runs.started,
        "the metrics know each run": _measured(registry) == (runs.started, 0),
        "files, threads and asyncio Tasks are as before": after == before,
    }
    seconds_taken = sorted(told.seconds)
    numbers: dict[str, object] = {
        "orders": len(told.by_order) + len(told.hung_up),
        "orders per second": round((len(told.by_order) + len(told.hung_up)) / seconds),
        "hung up": len(told.hung_up),
        "answers": dict(sorted(Counter(told.by_order.values()).items())),
        "answered in ms, median and 99 %": tuple(
            round(seconds_taken[int(len(seconds_taken) * share)] * 1000) for share in (0.5, 0.99)
        ),
        "runs": dict(runs.ended),
        "failed runs logged, by answer": dict(sorted(logs.answers.items())),
        "rows": len(rows),
        "rows of clients who had hung up": len(rows & told.hung_up),
        "payments": len(payments.paid),
        "payments taken back": len(payments.taken_back),
        "calls of the payment service": payments.calls,
        "spans": spans.spans.total(),
        "files, threads, asyncio Tasks before and after": (before, after),
    }
    return Report(numbers, [name for name, held in checks.items() if not held])


def _ids(told: Answers, status: int) -> set[str]:
    return {order for order, answer in told.by_order.items() if answer == status}


def _measured(registry: CollectorRegistry) -> tuple[int, int]:
    """How many runs the metrics have seen, and how many of them they take for running."""
    seen = active = 0.0
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name == "sdax_run_duration_seconds_count":
                seen += sample.value
            elif sample.name == "sdax_run_active":
                active += sample.value
    return int(seen), int(active)


def fill_stock(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE stock (item PRIMARY KEY, available INTEGER NOT NULL)")
        connection.executemany("INSERT INTO stock VALUES (?, ?)", STOCK.items())
        connection.commit()


def read(database: Path) -> tuple[set[str], dict[str, int]]:
    with closing(sqlite3.connect(database)) as connection:
        rows = {order for (order,) in connection.execute("SELECT id FROM orders")}
        return rows, dict(connection.execute("SELECT item, available FROM stock"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=40)
    arguments = parser.parse_args()
    report = asyncio.run(run(arguments.seconds, arguments.clients))
    for name, value in report.numbers.items():
        print(f"{name}: {value}")
    for problem in report.problems:
        print(f"NOT SO: {problem}")
    print("all of it adds up" if not report.problems else f"{len(report.problems)} problems")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
