"""Budget, limits, breaker, timeout, retries and hedges around the same functions, cancelled anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as some
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.circuit_breaker import CircuitBreaker
from sdax_contrib.hedge import hedge
from sdax_contrib.limited import limited
from sdax_contrib.retry import Exponential, Retry, RetryBudget
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction
from sdax_proof.running import FACTORIES, Factory, run
from sdax_proof.virtual_clock import running_loop

Behaviour = tuple[Literal["answer", "fail", "hang", "bug"], int]
BEHAVIOURS = some.tuples(some.sampled_from(["answer", "fail", "hang", "bug"]), some.integers(0, 3))
MOST_AT_ONCE = 4


class Result:
    """What a call has found: it has to be closed."""

    opened = 0

    def __init__(self) -> None:
        Result.opened += 1

    async def aclose(self) -> None:
        Result.opened -= 1
        await asyncio.sleep(0)


def backend(behaviours: list[Behaviour]) -> Callable[[], Awaitable[Result]]:
    """A backend that does one after another, over and over again."""
    following = cycle(behaviours)

    async def call() -> Result:
        what, seconds = next(following)
        await asyncio.sleep(seconds if what != "hang" else 100)
        if what == "fail":
            raise ConnectionError
        if what == "bug":
            raise ValueError
        return Result()

    return call


def processor_of(
    calls: Sequence[Callable[[], Awaitable[Result]]], **options: Any
) -> AsyncDagTaskProcessor[None, int]:
    builder = AsyncDagTaskProcessor[None, int].builder()
    for number, call in enumerate(calls):

        async def function(_: None, call: Callable[[], Awaitable[Result]] = call) -> None:
            await (await call()).aclose()

        builder = builder.add_task(AsyncTask(number, execute=TaskFunction(function, **options)))
    return builder.build()


@given(
    some.lists(some.lists(BEHAVIOURS, min_size=1, max_size=6), min_size=1, max_size=6),
    some.integers(1, 3),
    some.booleans(),
    some.none() | some.integers(1, 80),
    some.none() | some.integers(1, 12),
    some.sampled_from(FACTORIES),
)
@settings(max_examples=200, deadline=None)
def test_however_a_run_ends_nothing_is_held_and_the_circuit_can_close(
    behaviours: list[list[Behaviour]],
    initial: int,
    is_hedged: bool,
    cancelled_at: int | None,
    deadline: int | None,
    factory: Factory | None,
) -> None:
    async def main() -> None:
        Result.opened = 0
        loop = running_loop()
        limit = AdaptiveLimit(
            target_latency=1, initial=initial, maximum=MOST_AT_ONCE, max_waiting=3
        )
        places = asyncio.Semaphore(2)
        breaker = CircuitBreaker("backend", least_calls=2, open_for=3, window=10)
        budget = RetryBudget(0.5, 1, clock=loop.time)
        guards = (limited(limit=limit, places=places), breaker)
        calls = [backend(each) for each in behaviours]
        if is_hedged:
            calls = [hedge(call, after=1) for call in calls]
        policy = Retry(4, Exponential(0.5), budget=budget)
        processor = processor_of(calls, timeout=2.5, retry=policy, interceptors=guards)
        running = loop.create_task(processor.process_tasks(None, timeout=deadline))
        begun = loop.steps

        def check(_: int) -> None:
            assert limit.in_use <= MOST_AT_ONCE
            if cancelled_at is not None and loop.steps - begun == cancelled_at:
                running.cancel()

        loop.before_step = check
        with suppress(SdaxExecutionError, TimeoutError, asyncio.CancelledError):
            await running
        loop.before_step = None
        assert (limit.in_use, limit.waiting, Result.opened) == (0, 0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await asyncio.sleep(20)
        well = [backend([("answer", 0)])]
        async with asyncio.timeout(1):  # all places are free, and a probe may pass
            await processor_of(well, interceptors=guards).process_tasks(None)
            await asyncio.gather(places.acquire(), places.acquire())
        assert breaker.state == "closed"

    run(main(), factory=factory)
