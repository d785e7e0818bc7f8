"""Guarantee 21: a cancellation is not a failure, unless nobody asked for it."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxError,
    SdaxExecutionError,
    StrayCancellationError,
)

RETRY_EVERYTHING: dict[str, Any] = {
    "retries": 5,
    "initial_delay": 0,
    "retryable_exceptions": (BaseException,),
}


@pytest.mark.guarantee("21.1", "21.2")
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, RETRY_EVERYTHING], ids=str)
def test_a_function_that_the_run_cancels_is_not_retried_and_has_not_failed(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    error = OSError("no such host")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.takes("a", 9, **settings)))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1, error)))
        .build()
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
    assert journal.events == ["a", "b", "b raised OSError", "a cancelled"]


@pytest.mark.guarantee("21.1", "21.2")
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, RETRY_EVERYTHING], ids=str)
def test_a_function_that_the_caller_cancels_is_not_retried_and_has_not_failed(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.takes("a", 9, **settings)))

    ending = run(ended_after_cancels(builder.build().process_tasks(None), 2))

    assert isinstance(ending, asyncio.CancelledError)
    assert notes(ending) == ""
    assert journal.timed == [(0, "a"), (2, "a cancelled")]


async def cancel_oneself() -> None:
    raise asyncio.CancelledError("of my own accord")


async def await_a_cancelled_future() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel("of my own accord")
    await future


async def await_a_task_that_was_cancelled() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(1)
    task.cancel("of my own accord")
    await task


@pytest.mark.guarantee("21.3")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
@pytest.mark.parametrize(
    "action", [cancel_oneself, await_a_cancelled_future, await_a_task_that_was_cancelled]
)
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 2}], ids=str)
def test_a_cancelled_error_that_nobody_asked_for_is_a_failure(
    run: Run, journal: Journal, phase: str, action: Any, settings: dict[str, Any]
) -> None:
    functions: dict[str, Any] = {phase: journal.does("a", action, **settings)}
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", **functions))
        .add_task(AsyncTask("clean", post_execute=journal.quick("clean up")))
        .build()
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    (leaf,) = ending.exceptions
    assert isinstance(leaf, StrayCancellationError)
    assert isinstance(leaf, SdaxError)
    assert isinstance(leaf.__cause__, asyncio.CancelledError)
    assert leaf.__cause__.args == ("of my own accord",)
    assert str(leaf) == f"task 'a', {phase}: raised CancelledError, but nobody had asked it to stop"
    assert ending.failures[0].task == "a"
    assert sorted(journal.events) == ["a", "a cancelled", "clean up"]


@pytest.mark.guarantee("21.3")
def test_a_stray_cancelled_error_in_pre_execute_stops_the_phase_like_any_failure(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.takes("a", 2, asyncio.CancelledError())))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 9)))
        .add_task(AsyncTask("c", execute=journal.quick("c")))
        .build()
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert journal.timed == [(0, "a"), (0, "b"), (2, "a cancelled"), (2, "b cancelled")]


async def catch_the_failure_of_a_task_group() -> None:
    async def fail() -> None:
        raise OSError("no such host")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await asyncio.sleep(60)
    except* OSError:
        pass


@pytest.mark.guarantee("21.4")
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 2}], ids=str)
def test_a_stray_cancelled_error_after_a_caught_task_group_failure_is_still_stray(
    run: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    async def recover_then_cancel_oneself() -> None:
        await catch_the_failure_of_a_task_group()
        raise asyncio.CancelledError

    builder = AsyncDagTaskProcessor[None].builder()
    function = journal.does("a", recover_then_cancel_oneself, **settings)
    builder.add_task(AsyncTask("a", execute=function))

    ending = run(ended(builder.build().process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert [type(leaf) for leaf in ending.exceptions] == [StrayCancellationError]


@pytest.mark.guarantee("21.4")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_a_caught_task_group_failure_harms_neither_its_function_nor_another(
    run: Run, journal: Journal, phase: str
) -> None:
    async def recover() -> None:
        await catch_the_failure_of_a_task_group()
        await asyncio.sleep(1)

    recovers: dict[str, Any] = {phase: journal.does("recovers", recover)}
    next_one: dict[str, Any] = {phase: journal.takes("next", 1)}
    first, last = ("r", "n") if phase != "post_execute" else ("n", "r")
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("r", **recovers), depends_on=() if first == "r" else ("n",))
    builder.add_task(AsyncTask("n", **next_one), depends_on=() if last == "r" else ("r",))

    run(builder.build(execute_order="dependencies").process_tasks(None))

    assert journal.timed == [
        (0, "recovers"),
        (1, "recovers ended"),
        (1, "next"),
        (2, "next ended"),
    ]


@pytest.mark.guarantee("21.4", "17.1")
def test_a_function_that_caught_a_task_group_failure_can_still_be_cancelled(
    run: Run, journal: Journal
) -> None:
    async def recover() -> None:
        await catch_the_failure_of_a_task_group()
        await asyncio.sleep(60)

    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.does("a", recover)))

    ending = run(ended_after_cancels(builder.build().process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(0, "a"), (5, "a cancelled")]


@pytest.mark.guarantee("21.5")
def test_a_function_cancelled_by_the_caller_while_it_waits_to_be_retried_has_not_failed(
    run: Run, journal: Journal, longest_delays: None
) -> None:
    bad = journal.fails("a", ConnectionError("down"), retries=3, initial_delay=10)
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", execute=bad)).build()
    failures: list[BaseException] = []

    async def phases() -> None:
        async with processor.open(None) as runner:
            try:
                while await runner.run_next():
                    pass
            finally:
                failures.extend(runner.failures())

    ending = run(ended_after_cancels(phases(), 15))

    assert isinstance(ending, asyncio.CancelledError)
    assert failures == []
    assert notes(ending) == (
        "sdax: task 'a', execute: cancelled while waiting for attempt 3; "
        "attempt 2 had failed with ConnectionError: down"
    )
    assert journal.timed == [(0, "a"), (10, "a")]


@pytest.mark.guarantee("21.5")
def test_a_function_cancelled_by_a_sibling_while_it_waits_to_be_retried_has_not_failed(
    run: Run, journal: Journal
) -> None:
    error = OSError("no such host")
    bad = journal.fails("a", ConnectionError("down"), retries=3, initial_delay=10)
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=bad, post_execute=journal.quick("a.post")))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1, error)))
        .build()
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (error,)
    assert "attempt 1 had failed with ConnectionError: down" in notes(ending)
    assert journal.timed == [(0, "a"), (0, "b"), (1, "b raised OSError"), (1, "a.post")]
