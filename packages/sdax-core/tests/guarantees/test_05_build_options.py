"""The options of build(): their defaults, and what happens to a bad value."""

import inspect
from typing import Any

import pytest
from sdax_core import AsyncDagTaskProcessor, AsyncTask

NAN = float("nan")
INFINITE = float("inf")

ORDERS = "execute_order must be 'together' or 'dependencies'"
POLICIES = "on_execute_error must be 'continue' or 'cancel'"
BOUNDS = "max_concurrency must be a whole number of at least 1, or None"
SECONDS = "cleanup_timeout must be a finite number of seconds of at least 0, or None"


@pytest.mark.guarantee("options.1")
def test_the_options_are_keywords_with_these_defaults() -> None:
    builder = AsyncDagTaskProcessor[Any].builder()
    options = inspect.signature(builder.build).parameters.values()

    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}
    assert {option.name: option.default for option in options} == {
        "execute_order": "together",
        "on_execute_error": "continue",
        "max_concurrency": None,
        "cleanup_timeout": None,
        "observers": (),
        "interceptors": (),
    }


@pytest.mark.guarantee("options.1")
@pytest.mark.parametrize(
    "options",
    [
        {"execute_order": "together", "on_execute_error": "continue"},
        {"execute_order": "dependencies", "on_execute_error": "cancel"},
        {"max_concurrency": 1, "cleanup_timeout": 0},
        {"max_concurrency": 10**9, "cleanup_timeout": 0.5},
        {"max_concurrency": None, "cleanup_timeout": None},
    ],
)
def test_good_values_are_accepted(options: dict[str, Any]) -> None:
    AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask("task")).build(**options)


@pytest.mark.guarantee("options.2")
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("execute_order", "sequential", f"{ORDERS}, got 'sequential'"),
        ("execute_order", None, f"{ORDERS}, got None"),
        ("execute_order", ["together"], f"{ORDERS}, got ['together']"),
        ("on_execute_error", "stop", f"{POLICIES}, got 'stop'"),
        ("on_execute_error", True, f"{POLICIES}, got True"),
        ("max_concurrency", 0, f"{BOUNDS}, got 0"),
        ("max_concurrency", -1, f"{BOUNDS}, got -1"),
        ("max_concurrency", 2.5, f"{BOUNDS}, got 2.5"),
        ("max_concurrency", True, f"{BOUNDS}, got True"),
        ("max_concurrency", "2", f"{BOUNDS}, got '2'"),
        ("cleanup_timeout", -0.1, f"{SECONDS}, got -0.1"),
        ("cleanup_timeout", NAN, f"{SECONDS}, got nan"),
        ("cleanup_timeout", INFINITE, f"{SECONDS}, got inf"),
        ("cleanup_timeout", "5", f"{SECONDS}, got '5'"),
        ("cleanup_timeout", False, f"{SECONDS}, got False"),
        ("cleanup_timeout", 10**400, f"{SECONDS}, got {10**400}"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_value_names_the_option_and_what_it_may_be(
    option: str, value: object, message: str
) -> None:
    builder = AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask("task"))
    options: dict[str, Any] = {option: value}

    with pytest.raises(ValueError, match=option) as caught:
        builder.build(**options)

    assert str(caught.value) == message
