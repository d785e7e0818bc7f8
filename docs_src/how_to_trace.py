"""A traced run: what calls what, what waited for what, and the second attempt of a call that failed once."""

import asyncio

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sdax_contrib.otel import Tracing
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import task, task_func

# A service sets up its provider and exporter once, for all that is traced. This one keeps the spans.
spans = InMemorySpanExporter()
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(spans))
tracer = provider.get_tracer("shop")


class Order:
    attempts = 0


async def connect(order: Order) -> None:
    pass


async def charge(order: Order) -> None:
    order.attempts += 1
    with tracer.start_as_current_span("POST /charge"):  # as an instrumented client does
        if order.attempts == 1:
            raise ConnectionError("broken pipe")


async def ship(order: Order) -> None:
    pass


processor = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(task("bank", pre_execute=task_func(connect)))
    .add_task(
        task("charge", execute=task_func(charge, retries=2, initial_delay=0.001)),
        depends_on=("bank",),
    )
    .add_task(task("ship", execute=task_func(ship)), depends_on=("charge",))
    .build(execute_order="dependencies", observers=[Tracing(provider)])
)


def name_of(context: object) -> str:
    return next(span.name for span in spans.get_finished_spans() if span.context == context)


def show(parent: ReadableSpan | None, depth: int = 0) -> None:
    inside = None if parent is None else parent.context
    for span in sorted(spans.get_finished_spans(), key=lambda span: span.start_time or 0):
        if span.parent == inside:
            status = "" if span.status.is_unset else " (error)"
            links = "".join(f", waited for: {name_of(link.context)}" for link in span.links)
            print(f"{'  ' * depth}{span.name}{status}{links}")
            show(span, depth + 1)


async def main() -> None:
    with tracer.start_as_current_span("PUT /order"):
        await processor.process_tasks(Order())
    show(None)


if __name__ == "__main__":
    asyncio.run(main())
