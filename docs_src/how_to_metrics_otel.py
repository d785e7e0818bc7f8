"""The same metrics by OpenTelemetry."""

import asyncio

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from sdax_contrib.otel import Metrics
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import task, task_func

reader = InMemoryMetricReader()  # in a service, one that exports


async def charge(order: object) -> None:
    pass


processor = (
    AsyncDagTaskProcessor[object]
    .builder()
    .add_task(task("charge", execute=task_func(charge)))
    .build(observers=[Metrics(MeterProvider([reader], shutdown_on_exit=False))])
)


async def main() -> None:
    await processor.process_tasks(None)
    data = reader.get_metrics_data()
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    for metric in sorted(metrics, key=lambda metric: metric.name):
        for point in metric.data.data_points:
            print(f"{metric.name} in {metric.unit}: {dict(point.attributes or {})}")


if __name__ == "__main__":
    asyncio.run(main())
