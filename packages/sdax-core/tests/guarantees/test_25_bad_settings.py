"""Guarantee 25: bad settings are refused when the object is made, and what cannot be awaited is explained."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from guarantee_support import Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction

NAN = float("nan")
INFINITE = float("inf")

LIMIT = "timeout must be a finite number of seconds, 0 or more, or None for no limit"
DELAY = "initial_delay must be a finite number of seconds, 0 or more"
COUNT = "retries must be a whole number, 0 or more"
FACTOR = "backoff_factor must be a finite number above 0"
CLASSES = "retryable_exceptions must be a tuple of exception classes"
FUNCTION = "function must be a function or another callable"


async def nothing(_: object) -> None: ...


def error_for(**settings: Any) -> Exception:
    function = settings.pop("function", nothing)
    with pytest.raises((ValueError, TypeError)) as caught:
        TaskFunction[Any](function, **settings)
    return caught.value


@pytest.mark.guarantee("25.1", "25.3")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timeout": -1}, f"{LIMIT}; got -1 (int)"),
        ({"timeout": NAN}, f"{LIMIT}; got nan (float)"),
        ({"timeout": INFINITE}, f"{LIMIT}; got inf (float)"),
        ({"initial_delay": -0.5}, f"{DELAY}; got -0.5 (float)"),
        ({"initial_delay": NAN}, f"{DELAY}; got nan (float)"),
        ({"initial_delay": INFINITE}, f"{DELAY}; got inf (float)"),
        ({"retries": -1}, f"{COUNT}; got -1 (int)"),
        ({"backoff_factor": 0}, f"{FACTOR}; got 0 (int)"),
        ({"backoff_factor": -2.0}, f"{FACTOR}; got -2.0 (float)"),
        ({"backoff_factor": NAN}, f"{FACTOR}; got nan (float)"),
        ({"backoff_factor": INFINITE}, f"{FACTOR}; got inf (float)"),
        (
            {"retryable_exceptions": (), "retries": 3},
            "retryable_exceptions must name at least one exception class if there are retries; "
            "got () with retries=3",
        ),
    ],
    ids=str,
)
def test_a_bad_value_names_the_field(settings: dict[str, Any], message: str) -> None:
    error = error_for(**settings)

    assert type(error) is ValueError
    assert str(error) == message


@pytest.mark.guarantee("25.2", "25.3")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timeout": "5"}, f"{LIMIT}; got '5' (str)"),
        ({"timeout": True}, f"{LIMIT}; got True (bool)"),
        ({"initial_delay": None}, f"{DELAY}; got None (NoneType)"),
        ({"retries": 1.5}, f"{COUNT}; got 1.5 (float)"),
        ({"retries": "3"}, f"{COUNT}; got '3' (str)"),
        ({"backoff_factor": "2"}, f"{FACTOR}; got '2' (str)"),
        (
            {"retryable_exceptions": [OSError]},
            f"{CLASSES}; got [<class 'OSError'>] (list)",
        ),
        (
            {"retryable_exceptions": OSError},
            f"{CLASSES}: write (OSError,); got <class 'OSError'> (type)",
        ),
        ({"retryable_exceptions": (OSError, "x")}, f"{CLASSES}; one of them is 'x'"),
        ({"function": "no function"}, f"{FUNCTION}; got 'no function' (str)"),
        ({"function": None}, f"{FUNCTION}; got None (NoneType)"),
        (
            {"has_task_group_argument": 1},
            "has_task_group_argument must be True or False; got 1 (int)",
        ),
    ],
    ids=str,
)
def test_a_wrong_type_names_the_field(settings: dict[str, Any], message: str) -> None:
    error = error_for(**settings)

    assert type(error) is TypeError
    assert str(error) == message


@pytest.mark.guarantee("25.2", "25.3")
def test_a_coroutine_in_the_place_of_its_function_is_explained() -> None:
    coroutine = nothing(None)
    error = error_for(function=coroutine)
    coroutine.close()

    expected = f"{FUNCTION}; got a coroutine: pass the function itself, without calling it"
    assert str(error) == expected


@pytest.mark.guarantee("25.2", "25.3")
def test_a_plain_function_in_the_place_of_a_task_function_is_explained() -> None:
    function: Any = nothing
    with pytest.raises(TypeError) as caught:
        AsyncTask("auth", pre_execute=function)

    assert str(caught.value) == (
        "task 'auth': pre_execute must be a TaskFunction or None; "
        f"got {nothing!r}: wrap it with task_func(...)"
    )


@pytest.mark.guarantee("25.1")
@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": 0, "initial_delay": 0, "retries": 0},
        {"timeout": 0.5, "retries": 3, "backoff_factor": 0.1},
        {"retryable_exceptions": ()},
    ],
    ids=str,
)
def test_the_edges_of_what_is_right_are_accepted(settings: dict[str, Any]) -> None:
    TaskFunction[Any](nothing, **settings)


def returns_none(_: object) -> Any:
    return None


def returns_text(_: object) -> Any:
    return "text"


def returns_none_beside_a_group(_: object, __: object) -> Any:
    return None


@pytest.mark.guarantee("25.4")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
@pytest.mark.parametrize(
    ("function", "settings", "returned"),
    [
        (returns_none, {}, "NoneType"),
        (returns_text, {}, "str"),
        (returns_text, {"timeout": 5}, "str"),
        (returns_text, {"retries": 2}, "str"),
        (returns_none_beside_a_group, {"has_task_group_argument": True}, "NoneType"),
    ],
)
def test_a_function_that_returns_what_cannot_be_awaited_is_explained(
    run: Run, phase: str, function: Any, settings: dict[str, Any], returned: str
) -> None:
    functions: dict[str, Any] = {phase: TaskFunction(function, **settings)}
    processor = (
        AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask("auth", **functions)).build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    (error,) = caught.value.exceptions
    assert type(error) is TypeError
    assert str(error) == (
        f"task 'auth', {phase}: {function.__name__} returned {returned}, which cannot be awaited; "
        "make it an `async def`, or wrap a plain function with task_sync_func"
    )


async def yields(_: object) -> AsyncIterator[int]:
    yield 1


@pytest.mark.guarantee("25.4")
@pytest.mark.parametrize("settings", [{}, {"timeout": 5}])
def test_an_async_generator_is_told_what_to_do_about_its_yield(
    run: Run, settings: dict[str, Any]
) -> None:
    function: Any = yields
    work = TaskFunction[None](function, **settings)
    processor = (
        AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("auth", execute=work)).build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    (error,) = caught.value.exceptions
    assert str(error) == (
        "task 'auth', execute: yields returned async_generator, which cannot be awaited; "
        "it has a `yield`: make a resource of it, or take the yield away"
    )


@pytest.mark.guarantee("25.4")
def test_a_type_error_raised_by_the_function_itself_stays_as_it_is(run: Run) -> None:
    error = TypeError("object NoneType can't be used in 'await' expression")

    async def fail(_: object) -> None:
        raise error

    processor = (
        AsyncDagTaskProcessor[Any]
        .builder()
        .add_task(AsyncTask("auth", execute=TaskFunction(fail)))
        .build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert caught.value.exceptions == (error,)
