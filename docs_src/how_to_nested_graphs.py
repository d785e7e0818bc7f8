"""A payment is a graph of its own, and one task of the order."""

import asyncio
from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, subgraph, task, task_func


@dataclass
class Payment:
    amount: int


@dataclass
class Order:
    payment: Payment
    lines: list[str] = field(default_factory=list[str])


async def reserve(payment: Payment) -> None:
    print(f"reserve {payment.amount}")


async def charge(payment: Payment) -> None:
    if payment.amount > 100:
        raise ValueError("over the limit")
    print(f"charge {payment.amount}")


async def release(payment: Payment) -> None:
    print("release what is reserved")


async def ship(order: Order) -> None:
    print("ship")


def payment_of(order: Order) -> Payment:
    return order.payment


payments = (
    AsyncDagTaskProcessor[Payment]
    .builder()
    .add_task(
        task("account", pre_execute=task_func(reserve), post_execute=task_func(release)),
    )
    .add_task(task("charge", execute=task_func(charge)), depends_on=("account",))
    .build()
)

orders = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(subgraph("payment", payments, ctx=payment_of))
    .add_task(task("ship", execute=task_func(ship)), depends_on=("payment",))
    .build(execute_order="dependencies")
)


async def main() -> None:
    await orders.process_tasks(Order(Payment(30)))
    try:
        await orders.process_tasks(Order(Payment(300)))
    except SdaxExecutionError as error:
        for failure in error.failures:
            print(failure.path, repr(failure.exception))
            print(failure.note)


if __name__ == "__main__":
    asyncio.run(main())
