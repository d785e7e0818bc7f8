"""What type checkers refuse. Each `type: ignore` is checked: one that is not needed is an error."""

from how_to_typing import Order
from sdax import AsyncDagTaskProcessor, join, task, task_func


class Invoice:
    number: int = 0


async def send(invoice: Invoice) -> None:
    invoice.number += 1


def forget_to_await(order: Order) -> None:
    order.price = 0


async def mistakes() -> None:
    builder = AsyncDagTaskProcessor[Order].builder()
    builder.add_task(task("send", execute=task_func(send)))  # type: ignore[arg-type]
    builder.add_task(join(7))  # type: ignore[arg-type]
    builder.add_task(join("end"), depends_on=(7,))  # type: ignore[arg-type]
    builder.add_task(join("end"), depends_on="send")  # type: ignore[arg-type]
    builder.build(execute_order="depends")  # type: ignore[arg-type]
    await builder.build().process_tasks(Invoice())  # type: ignore[arg-type]
    task_func(forget_to_await)  # type: ignore[arg-type]
