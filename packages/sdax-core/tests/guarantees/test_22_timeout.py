"""Guarantee 22: timeout."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
    SdaxTaskGroup,
    TaskFunction,
)
from sdax_proof import running_loop

PHASES = ("pre_execute", "execute", "post_execute")


def one(function: TaskFunction[Any], phase: str = "execute") -> AsyncDagTaskProcessor[None]:
    functions: dict[str, Any] = {phase: function}
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("auth", **functions)).build()


def leaf_of(run: Run, processor: AsyncDagTaskProcessor[None]) -> Exception:
    ending = run(ended(processor.process_tasks(None)))
    assert isinstance(ending, SdaxExecutionError)
    (leaf,) = ending.exceptions
    return leaf


@pytest.mark.guarantee("22.1", "22.5")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("limit", [3, 2.5])
def test_a_function_that_takes_longer_is_cancelled_and_fails_with_a_timeout_error(
    run: Run, journal: Journal, phase: str, limit: float
) -> None:
    error = leaf_of(run, one(journal.takes("f", 9, timeout=limit), phase))

    assert type(error) is TimeoutError
    assert str(error) == f"task 'auth', {phase}: not done within its timeout of {limit} seconds"
    assert journal.timed == [(0, "f"), (limit, "f cancelled")]


@pytest.mark.guarantee("22.1")
def test_a_function_that_is_faster_is_left_alone(run: Run, journal: Journal) -> None:
    run(one(journal.takes("f", 3, timeout=3.5)).process_tasks(None))

    assert journal.timed == [(0, "f"), (3, "f ended")]


@pytest.mark.guarantee("22.1")
def test_each_attempt_has_its_own_timeout(run: Run, journal: Journal, longest_delays: None) -> None:
    slow = journal.takes("f", 9, timeout=3, retries=2, initial_delay=10, backoff_factor=1)

    leaf_of(run, one(slow))

    assert journal.timed == [
        *((0, "f"), (3, "f cancelled")),
        *((13, "f"), (16, "f cancelled")),
        *((26, "f"), (29, "f cancelled")),
    ]


@pytest.mark.guarantee("22.1")
def test_a_timeout_leaves_no_trace_on_the_next_attempt(run: Run) -> None:
    counts: list[int] = []

    async def sleep(_: object) -> None:
        task = asyncio.current_task()
        assert task is not None
        counts.append(task.cancelling())
        await asyncio.sleep(9)

    leaf_of(run, one(TaskFunction(sleep, timeout=3, retries=2, initial_delay=0)))

    assert counts == [0, 0, 0]


@pytest.mark.guarantee("22.2")
def test_there_is_no_timeout_by_default(run: Run, journal: Journal) -> None:
    a_month = 30 * 24 * 3600
    run(one(journal.takes("f", a_month)).process_tasks(None))
    run(one(journal.takes("f", a_month, timeout=None)).process_tasks(None))

    assert journal.timed == [(0, "f"), (a_month, "f ended")] * 2


@pytest.mark.guarantee("22.3")
@pytest.mark.parametrize("seconds_of_its_own", [0, 1, 9])
def test_it_bounds_the_subtasks_too(run: Run, journal: Journal, seconds_of_its_own: float) -> None:
    async def part(name: str) -> None:
        try:
            await asyncio.sleep(9)
        finally:
            journal.write(name)

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(part("part 1"))
        group.create_task(part("part 2"))
        await asyncio.sleep(seconds_of_its_own)

    error = leaf_of(run, one(TaskFunction(whole, timeout=3, has_task_group_argument=True)))

    assert type(error) is TimeoutError
    assert str(error) == "task 'auth', execute: not done within its timeout of 3 seconds"
    assert sorted(journal.timed) == [(3, "part 1"), (3, "part 2")]


@pytest.mark.guarantee("22.4")
def test_it_counts_from_the_start_of_the_attempt(run: Run, journal: Journal) -> None:
    async def sleep_in_parts() -> None:
        for _ in range(5):
            await asyncio.sleep(1)

    leaf_of(run, one(journal.does("f", sleep_in_parts, timeout=3.5)))

    assert journal.timed == [(0, "f"), (3.5, "f cancelled")]


@pytest.mark.guarantee("22.4")
@pytest.mark.parametrize(("seconds_blocked", "ends_at"), [(2, 3), (5, 5)])
def test_time_before_the_first_suspension_counts(
    run: Run, journal: Journal, seconds_blocked: float, ends_at: float
) -> None:
    async def block_then_sleep() -> None:
        running_loop().spend(seconds_blocked)
        await asyncio.sleep(9)

    leaf_of(run, one(journal.does("f", block_then_sleep, timeout=3)))

    assert journal.timed == [(0, "f"), (ends_at, "f cancelled")]


@pytest.mark.guarantee("22.8")
@pytest.mark.parametrize("pause", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(1)])
def test_a_timeout_of_0_strikes_at_the_first_suspension(
    run: Run, journal: Journal, pause: Callable[[], Awaitable[None]]
) -> None:
    async def pause_twice() -> None:
        journal.write("before")
        await pause()
        journal.write("after")
        await pause()

    error = leaf_of(run, one(journal.does("f", pause_twice, timeout=0)))

    assert type(error) is TimeoutError
    assert journal.timed == [(0, "f"), (0, "before"), (0, "f cancelled")]


@pytest.mark.guarantee("22.8")
def test_a_timeout_of_0_lets_a_function_that_never_suspends_succeed(
    run_anywhere: Run, journal: Journal
) -> None:
    run_anywhere(one(journal.quick("f", timeout=0)).process_tasks(None))

    assert journal.events == ["f"]
