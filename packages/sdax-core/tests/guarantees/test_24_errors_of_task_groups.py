"""Guarantee 24: what comes out of a function with subtasks that fails."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    SdaxExecutionError,
    SdaxTaskGroup,
    TaskFunction,
)

GroupFunction = Callable[[object, SdaxTaskGroup], Coroutine[Any, Any, object]]


def grouped(function: GroupFunction, **settings: Any) -> TaskFunction[Any]:
    return TaskFunction(function, has_task_group_argument=True, initial_delay=0, **settings)


def with_one(function: GroupFunction, **settings: Any) -> AsyncDagTaskProcessorBuilder[None]:
    task = AsyncTask("a", execute=grouped(function, **settings))
    return AsyncDagTaskProcessor[None].builder().add_task(task)


def error_of(run: Run, processor: AsyncDagTaskProcessor[None]) -> SdaxExecutionError:
    ending = run(ended(processor.process_tasks(None)))
    assert isinstance(ending, SdaxExecutionError)
    return ending


async def fail_after(seconds: float, error: Exception) -> None:
    await asyncio.sleep(seconds)
    raise error


@pytest.mark.guarantee("24.6")
def test_an_error_of_the_function_comes_out_as_itself(run: Run) -> None:
    error = OSError("no such host")

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(asyncio.sleep(9))
        raise error

    assert error_of(run, with_one(whole).build()).exceptions == (error,)


@pytest.mark.guarantee("24.6")
def test_a_group_of_one_that_the_function_raises_is_its_own_error_and_stays_a_group(
    run: Run,
) -> None:
    error = ExceptionGroup("mine", [OSError("no such host")])

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        raise error

    assert error_of(run, with_one(whole).build()).exceptions == (error,)


@pytest.mark.guarantee("24.7")
def test_several_errors_stay_one_group_that_is_one_leaf(run: Run) -> None:
    first, second, third = OSError("1"), ValueError("2"), KeyError("3")

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            raise second

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(fail_after(1, first))
        group.create_task(fail_when_cancelled())
        try:
            await asyncio.sleep(9)
        finally:
            raise third

    error = error_of(run, with_one(whole).build())

    (leaf,) = error.exceptions
    assert type(leaf) is ExceptionGroup
    assert set(error.leaf_exceptions()) == {first, second, third}
    assert len(error.failures) == 1
    assert error.failures[0].exception is leaf


@pytest.mark.guarantee("24.4", "23.6")
@pytest.mark.parametrize(
    ("second_error", "attempts"), [(ConnectionError("down"), 3), (ValueError("bad"), 1)]
)
def test_several_errors_are_retried_only_if_each_of_them_is_retryable(
    run: Run, second_error: Exception, attempts: int
) -> None:
    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            raise second_error

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(fail_after(1, TimeoutError("slow")))
        group.create_task(fail_when_cancelled())

    error = error_of(run, with_one(whole, retries=2).build())

    assert error.failures[0].attempts == attempts


@pytest.mark.guarantee("24.4")
def test_a_failed_subtask_can_be_retried_until_it_succeeds(run: Run) -> None:
    errors = [ConnectionError("down"), ConnectionError("still down")]

    async def part() -> None:
        if errors:
            raise errors.pop()

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(part())

    assert run(ended(with_one(whole, retries=2).build().process_tasks(None))) is None


@pytest.mark.guarantee("24.5")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_many_functions_with_failing_subtasks_do_not_disturb_each_other(
    run: Run, journal: Journal, phase: str
) -> None:
    """Every function catches nothing, spawns a part that fails at once, and is retried once."""
    attempts: list[int] = []

    async def part() -> None:
        raise ConnectionError("down")

    def recovering(number: int) -> GroupFunction:
        async def whole(_: object, group: SdaxTaskGroup) -> None:
            attempts.append(number)
            if attempts.count(number) == 1:
                group.create_task(part())
            await asyncio.sleep(number % 3)

        return whole

    builder = AsyncDagTaskProcessor[None, int].builder()
    for number in range(20):
        functions: dict[str, Any] = {phase: grouped(recovering(number), retries=1)}
        builder.add_task(AsyncTask(number, **functions))

    assert run(ended(builder.build().process_tasks(None))) is None
    assert sorted(attempts) == sorted([*range(20)] * 2)
