"""Guarantee 21: a cancellation that nobody asked for is a failure."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxError,
    SdaxExecutionError,
    StrayCancellationError,
)


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


async def fail() -> None:
    await asyncio.sleep(0)
    raise OSError("no such host")


async def fail_at_once() -> None:
    raise OSError("no such host")


async def catch_a_failure_that_interrupts_the_body() -> None:
    with suppress_os_errors():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await asyncio.sleep(60)


async def catch_a_failure_at_the_end_of_the_body() -> None:
    """Before Python 3.13 this leaves the cancel count of the Task raised."""
    with suppress_os_errors():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())


@contextmanager
def suppress_os_errors() -> Generator[None]:
    try:
        yield
    except* OSError:
        pass


CATCHES = pytest.mark.parametrize(
    "catch", [catch_a_failure_that_interrupts_the_body, catch_a_failure_at_the_end_of_the_body]
)
Catch = Callable[[], Coroutine[Any, Any, None]]


@pytest.mark.guarantee("21.4")
@CATCHES
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 2}], ids=str)
def test_a_stray_cancelled_error_after_a_caught_task_group_failure_is_still_stray(
    run: Run, journal: Journal, settings: dict[str, Any], catch: Catch
) -> None:
    async def recover_then_cancel_oneself() -> None:
        await catch()
        raise asyncio.CancelledError

    builder = AsyncDagTaskProcessor[None].builder()
    function = journal.does("a", recover_then_cancel_oneself, **settings)
    builder.add_task(AsyncTask("a", execute=function))

    ending = run(ended(builder.build().process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert [type(leaf) for leaf in ending.exceptions] == [StrayCancellationError]


@pytest.mark.guarantee("21.4")
@CATCHES
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_a_caught_task_group_failure_harms_neither_its_function_nor_another(
    run: Run, journal: Journal, phase: str, catch: Catch
) -> None:
    async def recover() -> None:
        await catch()
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
@CATCHES
def test_a_function_that_caught_a_task_group_failure_can_still_be_cancelled(
    run: Run, journal: Journal, catch: Catch
) -> None:
    async def recover() -> None:
        await catch()
        await asyncio.sleep(60)

    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.does("a", recover)))

    ending = run(ended_after_cancels(builder.build().process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.timed == [(0, "a"), (5, "a cancelled")]


@pytest.mark.guarantee("21.4")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 2}], ids=str)
def test_what_a_caught_task_group_failure_leaves_pending_strikes_no_other_function(
    run: Run, journal: Journal, phase: str, settings: dict[str, Any]
) -> None:
    """On Python 3.12 an eagerly started child that fails at once leaves a cancel pending."""

    async def recover() -> None:
        with suppress_os_errors():
            async with asyncio.TaskGroup() as group:
                group.create_task(fail_at_once())

    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("first", "second", "third"):
        recovers: dict[str, Any] = {phase: journal.does(name, recover, **settings)}
        builder.add_task(AsyncTask(f"{name} recovers", **recovers))
        beside: dict[str, Any] = {phase: journal.takes(f"beside {name}", 1)}
        builder.add_task(AsyncTask(f"beside {name}", **beside))

    assert run(ended(builder.build().process_tasks(None))) is None

    assert len(journal.events) == 12
    assert not any("cancelled" in event for event in journal.events)
