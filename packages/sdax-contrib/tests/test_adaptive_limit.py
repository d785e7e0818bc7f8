"""`AdaptiveLimit` finds its height: what feeds it, what does not, and how far it moves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sdax_contrib.adaptive_limit import AdaptiveLimit, TooManyWaiting
from sdax_proof.running import run
from sdax_proof.virtual_clock import running_loop

FAST, SLOW = 0.1, 1.0
TARGET = 0.5


async def _use(limit: AdaptiveLimit, seconds: float, error: Exception | None = None) -> None:
    try:
        async with limit:
            await asyncio.sleep(seconds)
            if error is not None:
                raise error
    except Exception as raised:
        if raised is not error:
            raise


async def _round(
    limit: AdaptiveLimit, seconds: float, error: Exception | None = None, *, at_once: int = 10
) -> None:
    """As many calls as a round takes, so many of them at once."""
    for _ in range(max(10, limit.limit) // at_once):
        await _burst(limit, seconds, at_once, error)


async def _burst(
    limit: AdaptiveLimit, seconds: float, at_once: int, error: Exception | None = None
) -> None:
    async with asyncio.timeout(1000), asyncio.TaskGroup() as group:
        for number in range(at_once):  # they end one after another, as they began
            group.create_task(_use(limit, seconds + number / 1e6, error))


def _limit(**settings: Any) -> AdaptiveLimit:
    usual: dict[str, Any] = {"target_latency": TARGET, "initial": 10}
    return AdaptiveLimit(**(usual | settings))


def test_it_rises_by_one_a_round_while_calls_are_fast() -> None:
    async def main() -> None:
        limit = _limit()
        heights: list[int] = []
        for _ in range(3):
            await _round(limit, FAST, at_once=limit.limit)
            heights.append(limit.limit)
        assert heights == [11, 12, 13]
        assert limit.latency == pytest.approx(FAST, abs=1e-3)

    run(main())


def test_it_is_multiplied_a_round_while_calls_are_slow() -> None:
    async def main() -> None:
        limit = _limit(decrease=0.5)
        heights: list[int] = []
        for _ in range(5):
            await _round(limit, SLOW, at_once=limit.limit)
            heights.append(limit.limit)
        assert heights == [5, 2, 1, 1, 1]

    run(main())


def test_it_stays_between_its_minimum_and_its_maximum() -> None:
    async def main() -> None:
        limit = _limit(minimum=8, maximum=11, decrease=0.5)
        for _ in range(3):
            await _round(limit, FAST)
        assert limit.limit == 11
        for _ in range(3):
            await _round(limit, SLOW)
        assert limit.limit == 8

    run(main())


def test_after_the_backend_has_got_well_it_rises_from_its_minimum_again() -> None:
    async def main() -> None:
        limit = _limit(initial=1, minimum=1)
        await _round(limit, SLOW)
        assert limit.limit == 1
        await _round(limit, FAST)
        assert limit.limit == 2

    run(main())


NEUTRAL: dict[str, Callable[[AdaptiveLimit, float], Awaitable[None]]] = {
    "half of the permits in use": lambda limit, seconds: _round(limit, seconds, at_once=5),
    "calls that were turned away": lambda limit, _: _round(limit, 0.001, ConnectionError()),
    "calls that failed slowly": lambda limit, _: _round(limit, SLOW, LookupError()),
    "cancelled calls": lambda limit, seconds: _cancelled_round(limit, seconds),
}


@pytest.mark.parametrize("seconds", [FAST, SLOW])
@pytest.mark.parametrize("calls", NEUTRAL.values(), ids=NEUTRAL)
def test_it_learns_nothing_from(
    calls: Callable[[AdaptiveLimit, float], Awaitable[None]], seconds: float
) -> None:
    async def main() -> None:
        limit = _limit()
        for _ in range(5):
            await calls(limit, seconds)
        assert (limit.limit, limit.latency, limit.in_use) == (10, None, 0)

    run(main())


async def _cancelled_round(limit: AdaptiveLimit, seconds: float) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(_use(limit, 2 * seconds)) for _ in range(10)]
        await asyncio.sleep(seconds)
        for call in calls:
            call.cancel()


def test_more_than_half_of_the_permits_in_use_is_enough_to_learn_from() -> None:
    async def main() -> None:
        limit = _limit()
        for _ in range(5):  # of six at once, one begins and one ends with all six in use
            await _burst(limit, FAST, 6)
        assert limit.limit == 11

    run(main())


def test_calls_that_timed_out_feed_the_time_they_took() -> None:
    async def main() -> None:
        limit = _limit(decrease=0.5)
        await _round(limit, SLOW, TimeoutError())
        assert limit.limit == 5
        assert limit.latency == pytest.approx(SLOW, abs=1e-3)

    run(main())


def test_the_exceptions_that_mean_a_timeout_can_be_named() -> None:
    class ReadTimeout(OSError):
        pass

    async def main() -> None:
        limit = _limit(decrease=0.5, timeouts=(ReadTimeout,))
        await _round(limit, SLOW, TimeoutError())
        assert limit.limit == 10
        await _round(limit, SLOW, ReadTimeout())
        assert limit.limit == 5

    run(main())


def test_calls_that_began_before_the_limit_moved_do_not_move_it_again() -> None:
    async def main() -> None:
        limit = _limit(initial=40, decrease=0.5)
        async with asyncio.TaskGroup() as group:
            for number in range(79):  # the forty that began last wait for the first, and are slow
                group.create_task(_use(limit, SLOW + number / 1e6))
        # The first forty halve it. Those that had begun by then, 39 slow ones, change nothing.
        assert limit.limit == 20

    run(main())


def test_the_clock_can_be_given() -> None:
    readings = iter(range(0, 1000, 7))

    async def main() -> None:
        limit = _limit(initial=1, clock=lambda: next(readings))
        for _ in range(10):
            async with limit:
                pass
        assert limit.latency is not None
        assert limit.latency >= 7

    run(main())


def test_one_more_than_may_wait_is_turned_away_at_once() -> None:
    async def main() -> None:
        limit = _limit(initial=1, max_waiting=2)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(_use(limit, 1))
            await asyncio.sleep(0.5)
            expected = re.escape(
                "no call more may wait for AdaptiveLimit(limit=1, in_use=1, waiting=2)"
            )
            with pytest.raises(TooManyWaiting, match=expected):
                await limit.__aenter__()
            assert running_loop().time() == 0.5
        assert (limit.in_use, limit.waiting) == (0, 0)

    run(main())


def test_a_task_that_would_wait_for_itself_is_told_so() -> None:
    async def main() -> None:
        limit = _limit()
        async with limit:
            with pytest.raises(RuntimeError, match=r"holds a permit of AdaptiveLimit.* already"):
                await limit.__aenter__()
        assert limit.in_use == 0

    run(main())


def test_shared_with_a_loop_that_is_still_open_it_is_refused() -> None:
    limit = _limit(initial=1)
    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(_use(limit, 0))
        with pytest.raises(RuntimeError, match="this AdaptiveLimit belongs to another event loop"):
            run(_use(limit, 0))
    finally:
        first.close()


def test_in_the_loop_after_a_closed_one_it_starts_afresh() -> None:
    limit = _limit(decrease=0.5)

    async def left_in_the_middle() -> None:
        await _round(limit, SLOW)
        await limit.__aenter__()

    run(left_in_the_middle())
    assert (limit.limit, limit.in_use) == (5, 1)
    run(_use(limit, FAST))
    assert (limit.limit, limit.in_use, limit.latency) == (10, 0, None)


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no latency": ({"target_latency": 0}, ValueError, "target_latency must be a finite number"),
    "NaN": ({"target_latency": float("nan")}, ValueError, "target_latency must be a finite"),
    "a text": ({"target_latency": "1"}, TypeError, "target_latency must be a finite number above"),
    "a bool": ({"target_latency": True}, TypeError, "target_latency must be"),
    "minimum 0": ({"minimum": 0}, ValueError, "minimum must be a whole number, 1 or more; got 0"),
    "half a call": ({"minimum": 1.5}, TypeError, "minimum must be a whole number, 1 or more"),
    "maximum": ({"minimum": 5, "maximum": 4}, ValueError, "maximum must be a whole number, 5 or"),
    "initial": ({"minimum": 5, "initial": 4}, ValueError, "initial must be a whole number, 5 or"),
    "too high": ({"maximum": 5, "initial": 6}, ValueError, "initial must be at most maximum, 5"),
    "decrease 1": ({"decrease": 1}, ValueError, "decrease must be a number above 0 and below 1"),
    "decrease 0": ({"decrease": 0}, ValueError, "decrease must be"),
    "max_waiting": ({"max_waiting": -1}, ValueError, "max_waiting must be a whole number, 0 or"),
    "timeouts": ({"timeouts": TimeoutError}, TypeError, "timeouts must be a tuple of exception"),
    "no exception": ({"timeouts": (int,)}, TypeError, "timeouts must be a tuple of exception"),
    "clock": ({"clock": 3}, TypeError, "clock must be a function that returns seconds, or None"),
}


@pytest.mark.parametrize(("settings", "kind", "message"), BAD.values(), ids=BAD)
def test_a_setting_out_of_range_names_itself(
    settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        _limit(**settings)
