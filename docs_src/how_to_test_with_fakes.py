import asyncio

import pytest
from how_to_test_order import Order, place_order
from sdax import AsyncTask, PhaseId, SdaxExecutionError, join, task, task_func


def prices(**known: int) -> AsyncTask[Order]:
    """A task that stands in for the one that asks the network."""

    async def fill_in(order: Order) -> None:
        order.prices = known

    return task("prices", execute=task_func(fill_in))


def test_the_total_is_the_sum_of_the_prices() -> None:
    order = Order(["lamp", "vase"])
    asyncio.run(place_order.override({"prices": prices(lamp=20, vase=5)}).process_tasks(order))
    assert order.total == 25


def test_an_unknown_price_fails_the_total_and_the_stock_is_released() -> None:
    order = Order(["unicorn"])
    with pytest.raises(SdaxExecutionError) as caught:
        asyncio.run(place_order.override({"prices": prices()}).process_tasks(order))
    [failure] = caught.value.failures
    assert (failure.task, failure.phase, failure.attempts) == ("total", PhaseId.EXECUTE, 1)
    assert isinstance(failure.exception, KeyError)
    assert not order.reserved


def test_the_total_does_not_depend_on_what_is_in_stock() -> None:
    order = Order(["lamp"])
    fakes = {"prices": prices(lamp=20), "stock": join("stock")}  # a join does nothing
    asyncio.run(place_order.override(fakes).process_tasks(order))
    assert order.total == 20


def test_stock_alone_needs_no_prices() -> None:
    asyncio.run(place_order.subset("stock").process_tasks(Order([])))


def test_the_graph_is_what_we_think_it_is() -> None:
    assert dict(place_order.analysis.dependencies) == {
        "stock": (),
        "prices": ("stock",),
        "total": ("prices",),
    }
