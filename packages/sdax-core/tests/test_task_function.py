"""A task function: a callable with its settings, checked when it is made."""

import copy
import dataclasses
import functools
import pickle
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from sdax_core import RetryableException, SdaxTaskGroup, TaskFunction

BEYOND_FLOAT = 10**400


async def fetch(ctx: list[str]) -> str:
    return f"fetched {ctx}"


async def fetch_in_group(ctx: list[str], task_group: SdaxTaskGroup) -> str:
    return f"fetched {ctx} with {type(task_group).__name__}"


over_fetch: Callable[[list[str]], Awaitable[str]] = lambda ctx: fetch(ctx)  # noqa: E731


class Fetcher:
    async def __call__(self, ctx: list[str]) -> str:
        return f"fetched {ctx} by an object"

    async def fetch(self, ctx: list[str]) -> str:
        return f"fetched {ctx} by a method"


class EmptyGroup(SdaxTaskGroup):
    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: Any = None, context: Any = None
    ) -> Any:
        raise NotImplementedError


def result_of(awaitable: Awaitable[Any]) -> Any:
    """Run what never suspends."""
    iterator = awaitable.__await__()
    with pytest.raises(StopIteration) as stop:
        next(iterator)
    return stop.value.value


def test_the_defaults_are_those_of_the_documentation() -> None:
    function = TaskFunction(fetch)

    assert dataclasses.asdict(function) == {
        "function": fetch,
        "timeout": None,
        "retries": 0,
        "initial_delay": 1.0,
        "backoff_factor": 2.0,
        "retryable_exceptions": (TimeoutError, ConnectionError, RetryableException),
        "has_task_group_argument": False,
        "retry": None,
        "interceptors": (),
    }


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (fetch, "fetched ['x']"),
        (over_fetch, "fetched ['x']"),
        (functools.partial(fetch), "fetched ['x']"),
        (Fetcher(), "fetched ['x'] by an object"),
        (Fetcher().fetch, "fetched ['x'] by a method"),
    ],
)
def test_any_callable_that_returns_an_awaitable_can_be_called(function: Any, result: str) -> None:
    task_function = TaskFunction[list[str]](function)

    assert task_function.function is function
    assert result_of(task_function.call(["x"], EmptyGroup())) == result


def test_a_function_that_takes_the_task_group_gets_it() -> None:
    task_function = TaskFunction(fetch_in_group, has_task_group_argument=True)

    assert result_of(task_function.call(["x"], EmptyGroup())) == "fetched ['x'] with EmptyGroup"


@pytest.mark.guarantee("25.1")
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"timeout": -0.1}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"timeout": float("inf")}, ValueError),
        ({"timeout": BEYOND_FLOAT}, ValueError),
        ({"timeout": "5"}, TypeError),
        ({"timeout": True}, TypeError),
        ({"timeout": 1j}, TypeError),
        ({"initial_delay": -1}, ValueError),
        ({"initial_delay": float("nan")}, ValueError),
        ({"initial_delay": float("inf")}, ValueError),
        ({"initial_delay": BEYOND_FLOAT}, ValueError),
        ({"initial_delay": None}, TypeError),
        ({"initial_delay": False}, TypeError),
        ({"backoff_factor": 0}, ValueError),
        ({"backoff_factor": -2}, ValueError),
        ({"backoff_factor": float("nan")}, ValueError),
        ({"backoff_factor": float("inf")}, ValueError),
        ({"backoff_factor": None}, TypeError),
        ({"retries": -1}, ValueError),
        ({"retries": 1.0}, TypeError),
        ({"retries": "1"}, TypeError),
        ({"retries": True}, TypeError),
        ({"retries": None}, TypeError),
        ({"retryable_exceptions": (), "retries": 1}, ValueError),
        ({"retryable_exceptions": [ValueError]}, TypeError),
        ({"retryable_exceptions": ValueError}, TypeError),
        ({"retryable_exceptions": (ValueError("x"),)}, TypeError),
        ({"retryable_exceptions": ((ValueError,),)}, TypeError),
        ({"retryable_exceptions": (int,)}, TypeError),
        ({"retryable_exceptions": None}, TypeError),
        ({"has_task_group_argument": None}, TypeError),
        ({"function": None}, TypeError),
        ({"function": 3}, TypeError),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_with_its_name_and_what_was_given(
    settings: dict[str, Any], error: type[Exception]
) -> None:
    field, value = next(iter(settings.items()))
    arguments: dict[str, Any] = {"function": fetch, **settings}

    with pytest.raises((ValueError, TypeError)) as caught:
        TaskFunction[Any](**arguments)

    assert type(caught.value) is error
    assert str(caught.value).startswith(f"{field} must ")
    assert repr(value).strip("(,)") in str(caught.value)


def test_a_single_exception_class_is_answered_with_what_to_write() -> None:
    classes: Any = ValueError

    with pytest.raises(TypeError, match=r"write \(ValueError,\)"):
        TaskFunction(fetch, retryable_exceptions=classes)


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": 0},
        {"timeout": 30},
        {"initial_delay": 0, "backoff_factor": 1},
        {"backoff_factor": 0.5},
        {"retries": 10**100},
        {"retryable_exceptions": ()},
        {"retryable_exceptions": (OSError, KeyboardInterrupt), "retries": 1},
    ],
    ids=str,
)
def test_a_setting_that_is_right_is_kept_as_it_is(settings: dict[str, Any]) -> None:
    function = TaskFunction(fetch, **settings)

    for field, value in settings.items():
        assert getattr(function, field) is value


def test_replacing_a_setting_checks_it() -> None:
    function = TaskFunction(fetch, retries=2)

    assert dataclasses.replace(function, timeout=5).retries == 2
    with pytest.raises(ValueError, match="timeout must be"):
        dataclasses.replace(function, timeout=-5)


@pytest.mark.parametrize("name", ["timeout", "remark"])
def test_a_task_function_cannot_be_changed(name: str) -> None:
    function = TaskFunction(fetch)

    with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to '{name}'"):
        setattr(function, name, 5)
    with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot delete '{name}'"):
        delattr(function, name)


def test_task_functions_are_values() -> None:
    assert TaskFunction(fetch, timeout=5) == TaskFunction(fetch, timeout=5.0)
    assert TaskFunction(fetch, timeout=5) != TaskFunction(fetch)
    assert len({TaskFunction(fetch), TaskFunction(fetch)}) == 1
    function = TaskFunction(fetch, retries=3)
    assert copy.copy(function) == copy.deepcopy(function) == function
    assert pickle.loads(pickle.dumps(function)) == function


def test_a_parametrised_task_function_can_be_made() -> None:
    assert TaskFunction[list[str]](fetch) == TaskFunction(fetch)


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (TaskFunction(fetch), "TaskFunction(fetch)"),
        (TaskFunction(Fetcher().fetch, timeout=5), "TaskFunction(Fetcher.fetch, timeout=5)"),
        (TaskFunction(fetch, retries=3, backoff_factor=2.0), "TaskFunction(fetch, retries=3)"),
    ],
)
def test_a_task_function_shows_what_it_calls_and_what_is_not_default(
    function: TaskFunction[Any], shown: str
) -> None:
    assert repr(function) == shown


def test_an_object_without_a_name_is_shown_by_its_repr() -> None:
    fetcher = Fetcher()

    assert repr(TaskFunction(fetcher)) == f"TaskFunction({fetcher!r})"
