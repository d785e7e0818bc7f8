"""`task_func`, `task_group_func` and their options."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial
from typing import Any

import pytest
from sdax_core import TaskFunction
from sdax_helpers import task_func, task_group_func, task_group_task, task_sync_func

Helper = Callable[..., TaskFunction[Any]]
HELPERS: list[Helper] = [task_func, task_group_func, task_sync_func]


async def with_context(context: Any) -> str:
    return f"context {context}"


async def with_task_group(context: Any, task_group: Any) -> str:
    return f"context {context}, group {task_group}"


def plain(context: Any) -> str:
    return f"plain {context}"


class CallableObject:
    async def __call__(self, context: Any) -> str:
        return f"object {context}"


CALLABLES: list[Callable[[Any], Awaitable[str]]] = [
    with_context,
    lambda context: with_context(context),
    partial(with_context),
    CallableObject(),
]


@pytest.mark.parametrize("function", CALLABLES, ids=["function", "lambda", "partial", "object"])
def test_task_func_takes_any_callable_that_returns_an_awaitable(function: Any) -> None:
    made = task_func(function)

    assert made == TaskFunction(function)
    assert made.function is function


def test_task_group_func_says_that_the_function_takes_a_task_group() -> None:
    made = task_group_func(with_task_group)

    assert made == TaskFunction(with_task_group, has_task_group_argument=True)
    assert made.function is with_task_group


def test_the_old_name_of_task_group_func_is_the_same_function() -> None:
    assert task_group_task is task_group_func


@pytest.mark.parametrize(
    ("helper", "function"), [(task_func, with_context), (task_group_func, with_task_group)]
)
def test_every_option_is_passed_on(helper: Helper, function: Any) -> None:
    made = helper(
        function,
        timeout=2.5,
        retries=3,
        initial_delay=0.5,
        backoff_factor=1.5,
        retryable_exceptions=(KeyError, OSError),
    )

    assert (made.timeout, made.retries, made.initial_delay) == (2.5, 3, 0.5)
    assert (made.backoff_factor, made.retryable_exceptions) == (1.5, (KeyError, OSError))


@pytest.mark.parametrize("helper", HELPERS)
def test_the_defaults_are_those_of_task_function(helper: Helper) -> None:
    defaults = {field.name: field.default for field in fields(TaskFunction)}

    for name, parameter in list(inspect.signature(helper).parameters.items())[1:]:
        assert parameter.default == defaults[name], name
        assert parameter.kind is parameter.KEYWORD_ONLY, name


@pytest.mark.parametrize("helper", HELPERS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"retries": -1}, ValueError, "retries must be a whole number, 0 or more; got -1 (int)"),
        (
            {"initial_delay": float("nan")},
            ValueError,
            "initial_delay must be a finite number of seconds, 0 or more; got nan (float)",
        ),
        (
            {"backoff_factor": 0},
            ValueError,
            "backoff_factor must be a finite number above 0; got 0 (int)",
        ),
        (
            {"retryable_exceptions": OSError},
            TypeError,
            "retryable_exceptions must be a tuple of exception classes: write (OSError,); "
            "got <class 'OSError'> (type)",
        ),
    ],
)
def test_a_bad_option_is_refused_when_the_function_is_made(
    helper: Helper, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        helper(plain, **options)

    assert str(raised.value) == message


@pytest.mark.parametrize("helper", [task_func, task_group_func])
def test_what_cannot_be_called_is_refused(helper: Helper) -> None:
    with pytest.raises(TypeError) as raised:
        helper("with_context")

    assert str(raised.value) == (
        "function must be a function or another callable; got 'with_context' (str)"
    )


def test_call_passes_the_task_group_only_to_a_function_that_takes_it() -> None:
    group: Any = "G"

    assert asyncio.run(_await(task_func(with_context).call(1, group))) == "context 1"
    assert asyncio.run(_await(task_group_func(with_task_group).call(1, group))) == (
        "context 1, group G"
    )


async def _await(awaitable: Any) -> Any:
    return await awaitable
