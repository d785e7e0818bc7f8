"""Guarantee 33: the policy that the plain settings stand for."""

import math
from random import Random
from typing import Any

import pytest
from guarantee_support import Run, ended
from guarantee_support.graphs import processor_of, task
from sdax_core import ExponentialBackoff, RetryableException, TaskFunction
from sdax_proof import running_loop


class Failing:
    """Fails with the same error whenever it is called, and writes down when that was."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.begun: list[float] = []

    async def __call__(self, _: object) -> None:
        self.begun.append(running_loop().time())
        raise self.error


ERRORS = [
    TimeoutError(),
    ConnectionResetError(),
    RetryableException(),
    OSError("not by default"),
    ExceptionGroup("all", [TimeoutError(), ConnectionError()]),
    ExceptionGroup("not all", [TimeoutError(), ValueError()]),
]
SETTINGS: list[dict[str, Any]] = [
    {"retries": 0},
    {"retries": 3},
    {"retries": 4, "initial_delay": 0.25, "backoff_factor": 3.0},
    {"retries": 2, "initial_delay": 0.0},
    {"retries": 3, "initial_delay": 5, "backoff_factor": 0.5},
    {"retries": 2, "retryable_exceptions": (OSError,)},
]


@pytest.mark.guarantee("33.10")
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_it_does_what_the_plain_settings_do(
    run: Run, settings: dict[str, Any], error: Exception
) -> None:
    plain, policy = Failing(error), Failing(error)
    with_settings = TaskFunction(plain, **settings)
    with_policy = TaskFunction(policy, retry=ExponentialBackoff(**settings))

    run(ended(processor_of(task("a", execute=with_settings)).process_tasks(None, rng=Random(5))))
    run(ended(processor_of(task("a", execute=with_policy)).process_tasks(None, rng=Random(5))))

    assert policy.begun == plain.begun


@pytest.mark.guarantee("33.10")
def test_it_can_be_asked_without_a_run() -> None:
    backoff = ExponentialBackoff(2, 4, 3)
    low, high = Bound(0.5), Bound(1.0)

    assert backoff.decide(1, TimeoutError(), 0, None, low) == 2
    assert backoff.decide(1, TimeoutError(), 0, None, high) == 4
    assert backoff.decide(2, TimeoutError(), 99, 1, high) == 12
    assert backoff.decide(3, TimeoutError(), 0, 1, high) is None
    assert backoff.decide(1, ValueError(), 0, None, high) is None
    assert repr(backoff) == (
        "ExponentialBackoff(2, 4, 3, (TimeoutError, ConnectionError, RetryableException))"
    )


class Bound(Random):
    """A source whose numbers are all one end of the range."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self.end = end

    def uniform(self, a: float, b: float) -> float:
        assert (a, b) == (0.5, 1.0)
        return self.end


@pytest.mark.guarantee("33.11")
@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"retries": -1}, ValueError, "retries must be a whole number, 0 or more"),
        ({"retries": 1.5}, TypeError, "retries must be a whole number, 0 or more"),
        ({"initial_delay": -1}, ValueError, "initial_delay must be a finite number of seconds"),
        ({"initial_delay": math.nan}, ValueError, "initial_delay must be a finite number"),
        ({"initial_delay": "1"}, TypeError, "initial_delay must be a finite number of seconds"),
        ({"backoff_factor": 0}, ValueError, "backoff_factor must be a finite number above 0"),
        ({"retryable_exceptions": ()}, ValueError, "retryable_exceptions must name at least one"),
        ({"retryable_exceptions": [OSError]}, TypeError, "retryable_exceptions must be a tuple"),
        ({"retryable_exceptions": OSError}, TypeError, "retryable_exceptions must be a tuple"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_when_it_is_made(
    settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    all_settings: dict[str, Any] = {"retries": 1, **settings}
    with pytest.raises(kind) as caught:
        ExponentialBackoff(**all_settings)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(message)
