"""`task_sync_func`: a plain function as the function of a phase."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sdax_core import TaskFunction
from sdax_helpers import task_sync_func


def double(context: int) -> int:
    return 2 * context


async def asynchronous(context: Any) -> None: ...


class AsynchronousObject:
    async def __call__(self, context: Any) -> None: ...

    async def method(self, context: Any) -> None: ...

    def __repr__(self) -> str:
        return "AsynchronousObject()"


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, context: int) -> int:
        self.count += context
        return self.count


async def result_of(made: TaskFunction[Any], context: Any) -> Any:
    group: Any = None
    return await made.call(context, group)


CALLABLES: list[Callable[[int], int]] = [double, lambda context: 2 * context, partial(double)]


@pytest.mark.parametrize("function", CALLABLES, ids=["function", "lambda", "partial"])
def test_awaiting_the_call_gives_the_result(function: Any) -> None:
    assert asyncio.run(result_of(task_sync_func(function), 21)) == 42


def test_a_callable_object_is_called_and_keeps_its_state() -> None:
    counter = Counter()
    made = task_sync_func(counter)

    assert [asyncio.run(result_of(made, n)) for n in (1, 2)] == [1, 3]
    assert counter.count == 3


def test_an_exception_of_the_function_comes_through() -> None:
    error = LookupError("no such user")

    def fail(context: Any) -> None:
        raise error

    with pytest.raises(LookupError) as raised:
        asyncio.run(result_of(task_sync_func(fail), None))

    assert raised.value is error


def test_the_options_are_passed_on() -> None:
    made = task_sync_func(
        double,
        retries=3,
        initial_delay=0.5,
        backoff_factor=1.5,
        retryable_exceptions=(KeyError, OSError),
    )

    assert made == TaskFunction(made.function, None, 3, 0.5, 1.5, (KeyError, OSError), False)


def test_there_is_no_timeout() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'timeout'"):
        task_sync_func(double, timeout=1.0)  # type: ignore[call-arg]


def test_the_function_keeps_its_name() -> None:
    assert repr(task_sync_func(double)) == "TaskFunction(double)"


def test_attributes_of_the_function_stay_with_it() -> None:
    counter = Counter()

    assert not hasattr(task_sync_func(counter).function, "count")


@pytest.mark.parametrize(
    "function",
    [
        asynchronous,
        partial(asynchronous),
        AsynchronousObject(),
        AsynchronousObject().method,
        AsyncMock(),
    ],
    ids=["function", "partial", "object", "method", "mock"],
)
def test_an_async_function_is_refused_when_the_task_is_made(function: Any) -> None:
    with pytest.raises(TypeError) as raised:
        task_sync_func(function)

    assert str(raised.value) == (
        f"task_sync_func takes a plain function; got {function!r}, "
        "which nobody would await: use task_func instead"
    )


def test_a_function_that_returns_a_coroutine_fails_without_a_warning_about_it() -> None:
    def disguised(context: Any) -> Any:
        return asynchronous(context)

    with pytest.raises(TypeError) as raised:
        asyncio.run(result_of(task_sync_func(disguised), None))

    assert str(raised.value) == (
        f"task_sync_func takes a plain function; {disguised!r} returned a coroutine, "
        "which nobody would await: use task_func instead"
    )


def test_what_cannot_be_called_is_refused() -> None:
    not_callable: Any = "double"

    with pytest.raises(TypeError) as raised:
        task_sync_func(not_callable)

    assert str(raised.value) == "task_sync_func takes a plain function; got 'double' (str)"
