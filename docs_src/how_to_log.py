"""Log entries that say which task, phase and attempt they come from."""

import asyncio
import sys

import structlog
from sdax_contrib.structlog import bind_attempt
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import task, task_func

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.KeyValueRenderer(key_order=["event"], sort_keys=True),
    ],
    logger_factory=structlog.PrintLoggerFactory(sys.stdout),
)
log = structlog.get_logger()


class Order:
    attempts = 0


async def charge(order: Order) -> None:
    order.attempts += 1
    log.info("charging", amount=12)
    if order.attempts == 1:
        raise ConnectionError("broken pipe")


async def refund(order: Order) -> None:
    log.info("nothing to refund")


processor = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(
        task(
            "charge",
            execute=task_func(charge, retries=2, initial_delay=0.001),
            post_execute=task_func(refund),
        )
    )
    .build(interceptors=[bind_attempt])
)


async def main() -> None:
    with structlog.contextvars.bound_contextvars(request="r17"):
        await processor.process_tasks(Order())
        log.info("answered")


if __name__ == "__main__":
    asyncio.run(main())
