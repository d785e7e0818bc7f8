"""Guarantee 22: timeout."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, notes
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


@pytest.mark.guarantee("22.6")
def test_a_function_that_swallows_the_timeout_succeeds(run: Run, journal: Journal) -> None:
    async def settle_for_less() -> None:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            journal.write("settles for less")
            await asyncio.sleep(1)

    run(one(journal.does("f", settle_for_less, timeout=3)).process_tasks(None))

    assert journal.timed == [(0, "f"), (3, "settles for less"), (4, "f ended")]


@pytest.mark.guarantee("22.6")
def test_a_function_that_swallowed_the_timeout_does_not_disturb_what_follows(
    run: Run, journal: Journal
) -> None:
    async def settle_for_less() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(9)

    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.does("a", settle_for_less, timeout=3)))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1)), depends_on=("a",))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [(0, "a"), (3, "a ended"), (3, "b"), (4, "b ended")]


@pytest.mark.guarantee("22.7")
@pytest.mark.parametrize("has_task_group", [False, True])
def test_a_function_that_turns_the_timeout_into_another_error_fails_with_that(
    run: Run, has_task_group: bool
) -> None:
    error = OSError("gave up")

    async def give_up(*_: object) -> None:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            raise error from None

    function = TaskFunction[Any](give_up, timeout=3, has_task_group_argument=has_task_group)

    assert leaf_of(run, one(function)) is error
    assert notes(error).splitlines() == [
        "sdax: raised on a timeout: task 'auth', execute: not done within its timeout of 3 seconds",
        "sdax: task 'auth', execute, attempt 1",
    ]


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


@pytest.mark.guarantee("22.5")
def test_a_timeout_of_the_functions_own_is_told_apart(run: Run) -> None:
    async def limit_myself(_: object) -> None:
        async with asyncio.timeout(1):
            await asyncio.sleep(9)

    error = leaf_of(run, one(TaskFunction(limit_myself, timeout=3)))

    assert type(error) is TimeoutError
    assert notes(error) == "sdax: task 'auth', execute, attempt 1"


@pytest.mark.guarantee("22.5", "21.4")
@pytest.mark.parametrize("seconds_in_the_body", [0, 9])
def test_it_works_after_the_function_caught_a_task_group_failure(
    run: Run, journal: Journal, seconds_in_the_body: float
) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("no such host")

    async def recover_then_sleep() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                if seconds_in_the_body:
                    await asyncio.sleep(seconds_in_the_body)
        except* OSError:
            pass
        await asyncio.sleep(9)

    error = leaf_of(run, one(journal.does("f", recover_then_sleep, timeout=3)))

    assert type(error) is TimeoutError
    assert journal.timed == [(0, "f"), (3, "f cancelled")]
