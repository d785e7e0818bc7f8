"""The clock and the step counter that the proofs stand on."""

from __future__ import annotations

import asyncio

import pytest
from sdax_proof import (
    FACTORIES,
    Deadlock,
    Factory,
    Runaway,
    VirtualClockLoop,
    cancel_at_step,
    run,
    running_loop,
)

KINDS = [(factory, debug) for factory in FACTORIES for debug in (False, True)]


@pytest.mark.parametrize(("factory", "debug"), KINDS)
def test_a_day_passes_at_once_and_to_the_second(factory: Factory | None, debug: bool) -> None:
    async def main() -> float:
        await asyncio.gather(asyncio.sleep(60), asyncio.sleep(86_400))
        return asyncio.get_running_loop().time()

    assert run(main(), factory=factory, debug=debug) == 86_400


def test_timers_fire_in_the_order_of_their_times() -> None:
    async def main() -> list[tuple[float, float]]:
        fired: list[tuple[float, float]] = []

        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)
            fired.append((seconds, running_loop().time()))

        async with asyncio.TaskGroup() as group:
            for seconds in (3.0, 1.0, 0.1, 2.0, 0.1):
                group.create_task(wait(seconds))
        return fired

    assert run(main()) == [(0.1, 0.1), (0.1, 0.1), (1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(("factory", "debug"), KINDS)
def test_a_wait_that_nothing_ends_is_reported_at_once(factory: Factory | None, debug: bool) -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="nothing is ready and no timer is set"):
        run(main(), factory=factory, debug=debug)


def test_a_loop_without_end_is_reported() -> None:
    async def main() -> None:
        for _ in range(1_000_000):
            await asyncio.sleep(0)

    with pytest.raises(Runaway):
        run(main(), make_loop=lambda: VirtualClockLoop(max_cycles=100))


def test_timers_that_are_still_set_are_listed() -> None:
    async def main() -> list[float]:
        loop = running_loop()
        loop.call_later(1, print)
        loop.call_later(5, print).cancel()
        kept = loop.call_later(7, print)
        await asyncio.sleep(2)
        left = [timer.when() for timer in loop.pending_timers()]
        kept.cancel()
        return left

    assert run(main()) == [7]


async def three_sleeps(reached: list[int]) -> None:
    for number in range(3):
        reached.append(number)
        await asyncio.sleep(0)


def reached_when_cancelled_at(step: int) -> list[int]:
    reached: list[int] = []

    async def main() -> None:
        task = asyncio.create_task(three_sleeps(reached))
        cancel_at_step(task, step)
        await asyncio.wait([task])

    run(main())
    return reached


def test_a_task_is_cancelled_before_exactly_the_given_step() -> None:
    assert [reached_when_cancelled_at(step) for step in (1, 2, 3, 4)] == [
        [],
        [0],
        [0, 1],
        [0, 1, 2],
    ]


@pytest.mark.parametrize("repeatedly", [False, True])
def test_a_cancel_comes_once_or_at_every_later_step(repeatedly: bool) -> None:
    async def stubborn() -> int:
        received = 0
        for _ in range(5):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                received += 1
        return received

    async def main() -> tuple[int, int]:
        task = asyncio.create_task(stubborn())
        cancelling = cancel_at_step(task, 2, repeatedly=repeatedly)
        received = await task
        return received, cancelling.requests

    received, requests = run(main())
    assert received == requests == (5 if repeatedly else 1)
