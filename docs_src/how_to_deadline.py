"""Offers of three shops within a deadline: the slow shop is cut, and the connection is closed all the same."""

import asyncio
from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, current_run, task, task_func


@dataclass
class Search:
    offers: dict[str, int] = field(default_factory=dict[str, int])


async def connect(search: Search) -> None:
    print("connected")


async def disconnect(search: Search) -> None:
    await asyncio.sleep(0.01)  # The deadline is past; cleanup takes the time that it needs.
    print("disconnected")


async def ask_fast_shop(search: Search) -> None:
    seconds = current_run().remaining()
    assert seconds is not None  # This run has a deadline.
    print(f"the fast shop is given the rest of the half second: {0 < seconds <= 0.5}")
    search.offers["fast"] = 20


async def ask_slow_shop(search: Search) -> None:
    await asyncio.sleep(60)
    search.offers["slow"] = 15


async def ask_closed_shop(search: Search) -> None:
    raise ConnectionError("the shop is closed")


find_offers = (
    AsyncDagTaskProcessor[Search]
    .builder()
    .add_task(
        task("network", pre_execute=task_func(connect), post_execute=task_func(disconnect)),
    )
    .add_task(task("fast", execute=task_func(ask_fast_shop)), depends_on=("network",))
    .add_task(task("slow", execute=task_func(ask_slow_shop)), depends_on=("network",))
    .add_task(
        # The first retry would begin after 30 seconds or more, which is past the deadline.
        task("closed", execute=task_func(ask_closed_shop, retries=5, initial_delay=60.0)),
        depends_on=("network",),
    )
    .build()
)


async def main() -> None:
    search = Search()
    try:
        await find_offers.process_tasks(search, timeout=0.5)
    except TimeoutError as error:
        print(error)
        print(*error.__notes__, sep="\n")
    print(f"offers: {search.offers}")


if __name__ == "__main__":
    asyncio.run(main())
