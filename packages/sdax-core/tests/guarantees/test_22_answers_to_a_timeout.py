"""Guarantee 22: functions that answer a timeout in their own way, and other timeouts beside it."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, notes
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
    TaskFunction,
)


def one(function: TaskFunction[Any], phase: str = "execute") -> AsyncDagTaskProcessor[None]:
    functions: dict[str, Any] = {phase: function}
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("auth", **functions)).build()


def leaf_of(run: Run, processor: AsyncDagTaskProcessor[None]) -> Exception:
    ending = run(ended(processor.process_tasks(None)))
    assert isinstance(ending, SdaxExecutionError)
    (leaf,) = ending.exceptions
    return leaf


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
