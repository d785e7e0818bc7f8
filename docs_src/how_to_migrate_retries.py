"""From a loop of attempts with a time limit to settings of a function."""

import asyncio
import random
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, task, task_func


@dataclass
class Payment:
    attempts: int = 0


async def charge(payment: Payment) -> None:
    payment.attempts += 1
    if payment.attempts < 3:
        raise ConnectionError("no answer")


# --8<-- [start:by-hand]
async def by_hand(payment: Payment) -> None:
    for attempt in range(3):
        try:
            async with asyncio.timeout(2.0):
                await charge(payment)
            return
        except (TimeoutError, ConnectionError):
            if attempt == 2:
                raise
            await asyncio.sleep(0.01 * 2**attempt * random.uniform(0.5, 1.0))


# --8<-- [end:by-hand]


# --8<-- [start:with-sdax]
pay = (
    AsyncDagTaskProcessor[Payment]
    .builder()
    .add_task(task("charge", execute=task_func(charge, timeout=2.0, retries=2, initial_delay=0.01)))
    .build()
)


async def with_sdax(payment: Payment) -> None:
    await pay.process_tasks(payment)


# --8<-- [end:with-sdax]


async def main() -> None:
    for way in (by_hand, with_sdax):
        payment = Payment()
        await way(payment)
        print(f"{way.__name__}: {payment.attempts} attempts")


if __name__ == "__main__":
    asyncio.run(main())
