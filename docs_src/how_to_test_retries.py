import asyncio
import random

import pytest
from how_to_test_order import Order, place_order
from sdax import SdaxExecutionError, task, task_func


class PatientClock:
    """Takes down the delays, and does not wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.delays: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float, /) -> None:
        self.delays.append(round(seconds, 1))
        self.now += seconds


class Middle(random.Random):
    """Always in the middle, so that delays are known."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_three_retries_wait_longer_each_time_and_then_give_up() -> None:
    async def unreachable(order: Order) -> None:
        raise ConnectionError("no answer")

    function = task_func(unreachable, retries=3, initial_delay=10.0)
    unlucky = place_order.override({"prices": task("prices", execute=function)})
    clock = PatientClock()
    with pytest.raises(SdaxExecutionError) as caught:
        asyncio.run(unlucky.process_tasks(Order([]), clock=clock, rng=Middle()))
    assert clock.delays == [7.5, 15.0, 30.0]
    assert caught.value.failures[0].attempts == 4
    assert caught.value.skipped == ("total",)
