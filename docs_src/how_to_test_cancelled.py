import asyncio

import pytest
from how_to_test_order import Order, place_order
from how_to_test_virtual_clock import run_at_once
from sdax import task, task_func


def test_a_cancelled_order_gives_back_what_it_reserved() -> None:
    async def cancel_in_the_middle() -> None:
        begun = asyncio.Event()

        async def never_answers(order: Order) -> None:
            begun.set()
            await asyncio.Event().wait()

        stuck = place_order.override({"prices": task("prices", execute=task_func(never_answers))})
        order = Order(["lamp"])
        run = asyncio.create_task(stuck.process_tasks(order))
        await begun.wait()  # no guess how long it takes
        assert order.reserved
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert not order.reserved

    asyncio.run(cancel_in_the_middle())


def test_an_order_gives_up_after_a_minute() -> None:
    async def slow(order: Order) -> None:
        await asyncio.sleep(3600)

    async def place() -> None:
        too_slow = place_order.override({"prices": task("prices", execute=task_func(slow))})
        with pytest.raises(TimeoutError):
            await too_slow.process_tasks(Order([]), timeout=60)

    assert run_at_once(place()) == 60
