"""The permits of `AdaptiveLimit`: in order of asking, and none lost, whoever is cancelled when."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_proof.running import FACTORIES, Factory, run
from sdax_proof.virtual_clock import running_loop

SECONDS = some.integers(0, 5).map(float)


@dataclass(frozen=True)
class Caller:
    """When it asks, how long it holds the permit, how it ends, when it is cancelled if it is."""

    asks_at: float
    holds: float
    error: type[BaseException] | None
    cancelled_at: float | None


CALLERS = some.lists(
    some.builds(
        Caller,
        SECONDS,
        SECONDS,
        some.sampled_from([None, TimeoutError, ConnectionError]),
        some.none() | SECONDS,
    ),
    max_size=14,
)


@dataclass
class Scene:
    """What happened around a limit."""

    limit: AdaptiveLimit
    queued: list[int] = field(default_factory=list[int])
    """Who had to wait, in the order of asking."""
    served: list[int] = field(default_factory=list[int])
    """Who obtained a permit, in that order."""
    holders: int = 0

    async def call(self, number: int, caller: Caller) -> None:
        await asyncio.sleep(caller.asks_at)
        must_wait = self.limit.waiting > 0 or self.limit.in_use >= self.limit.limit
        if must_wait:
            self.queued.append(number)
        asked_at = running_loop().steps
        try:
            async with self.limit:
                self.served.append(number)
                assert (running_loop().steps > asked_at) == must_wait
                self.holders += 1
                try:
                    await asyncio.sleep(caller.holds)
                    if caller.error is not None:
                        raise caller.error
                finally:
                    self.holders -= 1
        except (TimeoutError, ConnectionError):
            pass


@given(CALLERS, some.integers(1, 3), some.integers(1, 3), some.sampled_from(FACTORIES))
@settings(max_examples=300, deadline=None)
def test_whoever_is_cancelled_permits_go_in_order_and_all_come_back(
    callers: list[Caller], initial: int, maximum: int, factory: Factory | None
) -> None:
    async def main() -> None:
        limit = AdaptiveLimit(
            target_latency=2, initial=min(initial, maximum), maximum=maximum, decrease=0.5
        )
        scene = Scene(limit)

        def check(_: int) -> None:
            assert scene.holders <= limit.in_use <= maximum

        loop = running_loop()
        loop.before_step = check
        tasks = [
            loop.create_task(scene.call(number, caller)) for number, caller in enumerate(callers)
        ]
        for caller, task in zip(callers, tasks, strict=True):
            if caller.cancelled_at is not None:
                loop.call_at(caller.cancelled_at, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.before_step = None
        assert (limit.in_use, limit.waiting, scene.holders) == (0, 0, 0)
        assert set(scene.served) >= {
            number for number, caller in enumerate(callers) if caller.cancelled_at is None
        }
        turns = [number for number in scene.served if number in scene.queued]
        assert turns == [number for number in scene.queued if number in scene.served]

    run(main(), factory=factory)


async def _holding(limit: AdaptiveLimit, done: list[str], name: str) -> None:
    async with limit:
        await asyncio.sleep(1)
        done.append(name)


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("victims", [("b",), ("a",), ("a", "b"), ("b", "c")])
def test_no_permit_is_lost_when_callers_are_cancelled_at_any_step(
    victims: tuple[str, ...], factory: Factory | None
) -> None:
    last = 1
    step = 0
    while step < last:
        step += 1
        done, last = run(_cancelled_at(step, victims), factory=factory)
        assert {"a", "b", "c", "d"} - set(victims) <= set(done), f"cancelled at step {step}"
        assert done == sorted(done)
    assert last > 10


async def _cancelled_at(step: int, victims: tuple[str, ...]) -> tuple[list[str], int]:
    limit = AdaptiveLimit(target_latency=9, initial=1, maximum=1)
    done: list[str] = []
    loop = running_loop()
    begun = loop.steps
    tasks = {name: loop.create_task(_holding(limit, done, name)) for name in "abcd"}

    def cancel(now: int) -> None:
        if now - begun == step:
            for victim in victims:
                tasks[victim].cancel()

    loop.before_step = cancel
    async with asyncio.timeout(100):
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    loop.before_step = None
    assert (limit.in_use, limit.waiting) == (0, 0)
    return done, loop.steps - begun


def test_who_asks_while_a_permit_is_handed_over_does_not_overtake() -> None:
    async def main() -> list[str]:
        limit = AdaptiveLimit(target_latency=9, initial=1, maximum=1)
        done: list[str] = []
        first = _start(_holding(limit, done, "first"))
        await asyncio.sleep(0)
        second = _start(_holding(limit, done, "second"))
        # Woken in the same round as the first, it asks after the permit was given to the second
        # and before the second has run.
        late: list[asyncio.Task[None]] = []
        first.add_done_callback(lambda _: late.append(_start(_holding(limit, done, "late"))))
        await asyncio.gather(first, second)
        await asyncio.gather(*late)
        return done

    assert run(main()) == ["first", "second", "late"]


def test_a_waiter_that_gave_up_just_before_its_turn_is_passed_over() -> None:
    async def main() -> list[str]:
        limit = AdaptiveLimit(target_latency=9, initial=1, maximum=1)
        done: list[str] = []
        await limit.__aenter__()
        tasks = [_start(_holding(limit, done, name)) for name in "ab"]
        await asyncio.sleep(0)
        tasks[0].cancel()  # it has not run since when the permit comes back
        await limit.__aexit__(None, None, None)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert limit.in_use == 0
        return done

    assert run(main()) == ["b"]


def test_more_of_them_go_on_at_once_when_the_limit_has_risen() -> None:
    async def main() -> list[float]:
        limit = AdaptiveLimit(target_latency=9, initial=1, maximum=9)
        ended: list[float] = []

        async def call() -> None:
            async with limit:
                await asyncio.sleep(1)
            ended.append(running_loop().time())

        async with asyncio.TaskGroup() as group:
            for _ in range(12):
                group.create_task(call())
        return ended

    assert run(main()) == [*(float(second) for second in range(1, 11)), 11.0, 11.0]


def _start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(coroutine)


@pytest.mark.parametrize("good_readings", [0, 1])
def test_a_clock_that_raises_costs_no_permit(good_readings: int) -> None:
    left = good_readings

    def clock() -> float:
        nonlocal left
        left -= 1
        return 0.0 if left >= 0 else 1 / 0

    async def main() -> None:
        limit = AdaptiveLimit(target_latency=1, initial=1, clock=clock)
        with pytest.raises(ZeroDivisionError):
            async with limit:
                pass
        assert limit.in_use == 0

    run(main())
