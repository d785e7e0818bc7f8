"""The caller of the graph: places one order, or many at once, and keeps what came of them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sdax import SdaxExecutionError
from sdax._demo.order_endpoint import Order, Shop, place_order
from sdax._demo.timeline import Timeline

SLOTS = 32
"""How many orders may be under way at once."""


@dataclass(slots=True)
class Placed:
    """What came of one order."""

    timeline: Timeline = field(default_factory=Timeline)
    error: SdaxExecutionError | TimeoutError | None = None

    @property
    def skipped(self) -> list[str]:
        """The tasks whose `execute` was not begun, because of a failure before it."""
        return [str(task) for task in getattr(self.error, "skipped", ())]


def open_shop(service: str, database: Path) -> Shop:
    """What the orders of one event loop share."""
    return Shop(
        service=service,
        database=database,
        slots=asyncio.Semaphore(SLOTS),
        writer=asyncio.Lock(),
    )


async def place(shop: Shop, number: int, *, deadline: float | None = None) -> Placed:
    """Place an order for one lamp, within `deadline` seconds if that is given."""
    placed = Placed()
    order = Order(shop=shop, number=number, customer="ada", item="lamp", quantity=1)
    try:
        await place_order.process_tasks(order, timeout=deadline, observers=[placed.timeline])
    except (SdaxExecutionError, TimeoutError) as error:
        placed.error = error
    return placed


async def place_all(
    shop: Shop, numbers: Iterable[int], report: Callable[[int], None]
) -> list[Placed]:
    """Place all orders at once; `report` is told how many are done, after each."""
    done = 0

    async def place_and_count(number: int) -> Placed:
        nonlocal done
        placed = await place(shop, number)
        done += 1
        report(done)
        return placed

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(place_and_count(number)) for number in numbers]
    return [task.result() for task in tasks]
