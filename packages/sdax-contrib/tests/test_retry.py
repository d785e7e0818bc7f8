"""`Retry` decides by its settings and its arguments alone."""

import math
import pickle
import random
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdax_contrib.circuit_breaker import CircuitOpen
from sdax_contrib.retry import Backoff, Constant, Decorrelated, Exponential, Retry, RetryBudget
from sdax_core import RetryableException

BACKOFFS = st.one_of(
    st.builds(Constant, st.floats(0, 100)),
    st.builds(Exponential, st.floats(0, 1), st.floats(1, 10), st.floats(1, 100)),
    st.builds(Decorrelated, st.floats(0, 1), st.floats(1, 100)),
)


class Busy(Exception):
    """The server says when to come back."""

    def __init__(self, seconds: str) -> None:
        self.response = SimpleNamespace(headers={"Retry-After": seconds})


def decide(policy: Retry, error: Exception, attempt: int = 1, elapsed: float = 0.0) -> float | None:
    return policy.decide(attempt, error, elapsed, None, random.Random(0))


def answering(answer: Any) -> Callable[[Exception], Any]:
    return lambda error: answer


@given(
    attempts=st.one_of(st.none(), st.integers(1, 20)),
    backoff=BACKOFFS,
    max_elapsed=st.one_of(st.none(), st.floats(0, 500)),
    seed=st.integers(),
    calls=st.lists(st.floats(0, 10), min_size=1, max_size=30),
)
def test_a_policy_never_allows_more_attempts_or_time_than_it_was_given(
    attempts: int | None,
    backoff: Backoff,
    max_elapsed: float | None,
    seed: int,
    calls: list[float],
) -> None:
    policy, rng = Retry(attempts, backoff, max_elapsed), random.Random(seed)
    elapsed, previous = 0.0, None
    for attempt, seconds in enumerate(calls, start=1):
        elapsed += seconds
        delay = policy.decide(attempt, TimeoutError(), elapsed, previous, rng)
        if delay is None:
            assert attempt == attempts or max_elapsed is not None
            return
        assert 0 <= delay <= 100
        elapsed, previous = elapsed + delay, delay
        assert attempts is None or attempt < attempts
        assert max_elapsed is None or elapsed <= max_elapsed


@pytest.mark.parametrize(
    ("elapsed", "delay"), [(0.0, 5.0), (5.0, 5.0), (5.001, None), (100.0, None)]
)
def test_nothing_is_waited_for_that_comes_too_late(elapsed: float, delay: float | None) -> None:
    policy = Retry(backoff=Constant(5.0), max_elapsed=10.0)
    assert decide(policy, TimeoutError(), elapsed=elapsed) == delay


ALL_OF_IT = ExceptionGroup("both", [TimeoutError(), ExceptionGroup("in it", [ConnectionError()])])
PART_OF_IT = ExceptionGroup("both", [TimeoutError(), ValueError()])


def is_value_error(error: Exception) -> bool:
    return isinstance(error, ValueError)


CASES: list[tuple[Any, Exception, bool]] = [
    (None, TimeoutError(), True),
    (None, ConnectionResetError(), True),
    (None, RetryableException(), True),
    (None, ValueError(), False),
    (None, ALL_OF_IT, True),
    (None, PART_OF_IT, False),
    (ValueError, ValueError(), True),
    (ValueError, TimeoutError(), False),
    ((ValueError, KeyError), KeyError(), True),
    ((ValueError, TimeoutError), PART_OF_IT, True),
    (answering(True), ValueError(), True),
    (answering(False), TimeoutError(), False),
    (answering(None), TimeoutError(), False),
    (is_value_error, PART_OF_IT, False),
]


@pytest.mark.parametrize(("on", "error", "is_retried"), CASES)
def test_on_says_what_is_tried_again(on: Any, error: Exception, is_retried: bool) -> None:
    settings = {} if on is None else {"on": on}
    delay = decide(Retry(backoff=Constant(1.5), **settings), error)
    assert delay == (1.5 if is_retried else None)


@pytest.mark.parametrize(
    ("answer", "delay"),
    [(3, 3.0), (0.25, 0.25), (0, 0.0), (timedelta(minutes=2), 120.0), (timedelta(0), 0.0)],
)
def test_a_time_named_by_on_is_the_exact_wait(answer: Any, delay: float) -> None:
    policy = Retry(backoff=Constant(1.5), on=answering(answer))
    assert decide(policy, Busy("9")) == delay


def test_a_group_waits_for_the_longest_time_that_any_of_its_errors_asks_for() -> None:
    times: dict[str, float | bool] = {"A": 3.0, "B": 7.0, "C": True}
    policy = Retry(backoff=Constant(50), on=lambda error: times[str(error)])
    group = ExceptionGroup("", [ValueError("A"), ValueError("B"), ValueError("C")])
    assert decide(policy, group) == 7.0

    times["C"] = False
    assert decide(policy, group) is None

    busy = ExceptionGroup("", [Busy("3"), Busy("20"), ValueError()])
    assert 20 <= (decide(Retry(backoff=Constant(50), on=Exception), busy) or 0) <= 22


def test_what_the_error_asks_for_outranks_the_backoff() -> None:
    policy = Retry(backoff=Constant(1.5), on=Busy)
    delay = decide(policy, Busy("20"))
    assert delay is not None
    assert 20 <= delay <= 22
    assert decide(policy, Busy("0")) == 1.5
    assert decide(policy, Busy("tomorrow")) == 1.5


def test_an_open_circuit_breaker_is_waited_for_just_long_enough() -> None:
    delay = decide(Retry(backoff=Constant(1.5)), CircuitOpen("payments", 20.0))
    assert delay is not None
    assert 20 <= delay <= 22


def test_the_time_an_error_asks_for_counts_against_max_elapsed() -> None:
    assert decide(Retry(max_elapsed=10, on=Busy), Busy("20")) is None


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ("yes", TypeError, "on=.*answering.* must answer with True, False, .*; got 'yes'"),
        (-1, ValueError, "on=.*answering.* finite number of seconds, 0 or more; got -1"),
        (math.nan, ValueError, "got nan"),
        (timedelta(seconds=-1), ValueError, "got datetime.timedelta"),
    ],
)
def test_a_wrong_answer_of_on_is_named(answer: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        decide(Retry(on=answering(answer)), ValueError())


def test_an_async_function_as_on_is_told_of() -> None:
    async def too_late(error: Exception) -> bool:
        return True

    with pytest.raises(TypeError, match="too_late must answer with True"):
        decide(Retry(on=too_late), ValueError())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"attempts": 0}, ValueError, "attempts must be a whole number, 1 or more; got 0"),
        ({"attempts": 2.0}, TypeError, "attempts must be a whole number"),
        ({"attempts": True}, TypeError, "attempts must be .*got True"),
        ({"backoff": 1.0}, TypeError, r"backoff must be a backoff, such as Constant.*; got 1.0"),
        ({"backoff": Exponential}, TypeError, "backoff must be a backoff"),
        ({"max_elapsed": -1}, ValueError, "max_elapsed must be a finite number of seconds"),
        ({"max_elapsed": "1"}, TypeError, "max_elapsed must be"),
        ({"on": ()}, ValueError, "on must name at least one exception class"),
        ({"on": [ValueError]}, TypeError, "on must be an exception class, .*got .* .list."),
        ({"on": int}, TypeError, "on must be an exception class, .*got <class 'int'>"),
        ({"on": (ValueError, "x")}, TypeError, "on must be .*got 'x'"),
        ({"on": KeyboardInterrupt}, TypeError, "subclasses of Exception.*got KeyboardInterrupt"),
        ({"budget": 5}, TypeError, r"budget must be a budget, such as RetryBudget\(\).*got 5"),
    ],
)
def test_a_bad_setting_names_itself(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Retry(**settings)


def test_a_policy_is_a_value() -> None:
    policy = Retry(5, Exponential(1), max_elapsed=30)
    assert policy == Retry(5, Exponential(1), max_elapsed=30) == pickle.loads(pickle.dumps(policy))
    assert hash(policy) == hash(Retry(5, Exponential(1), max_elapsed=30))
    assert policy != Retry(5, Exponential(2), max_elapsed=30)
    with pytest.raises(AttributeError):
        policy.attempts = 3  # type: ignore[misc]


def test_a_policy_wants_to_hear_of_successes_only_if_it_has_a_budget() -> None:
    budget = RetryBudget()
    assert Retry().on_success is None
    assert Retry(budget=budget).on_success == budget.record_success


def test_policies_are_equal_only_if_they_share_one_budget() -> None:
    budget = RetryBudget()
    assert Retry(budget=budget) == Retry(budget=budget)
    assert Retry(budget=budget) != Retry(budget=RetryBudget())
