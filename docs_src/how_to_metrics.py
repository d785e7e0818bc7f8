"""Metrics for Prometheus: a registry, an observer that fills it, and what a scrape gives."""

import asyncio

from prometheus_client import CollectorRegistry, generate_latest
from sdax_contrib.prometheus import PrometheusMetrics
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import task, task_func

registry = CollectorRegistry()  # most services use the client's own: leave it out
metrics = PrometheusMetrics(registry, buckets=(0.1, 1, 10))


class Order:
    attempts = 0


async def charge(order: Order) -> None:
    order.attempts += 1
    if order.attempts == 1:
        raise ConnectionError("broken pipe")


processor = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(task("charge", execute=task_func(charge, retries=2, initial_delay=0.001)))
    .build(observers=[metrics])
)


async def main() -> None:
    for _ in range(3):
        await processor.process_tasks(Order())
    # `prometheus_client.start_http_server(9000)` serves this.
    for line in generate_latest(registry).decode().splitlines():
        if not line.startswith("#") and "_created" not in line and "_sum" not in line:
            print(line)


if __name__ == "__main__":
    asyncio.run(main())
