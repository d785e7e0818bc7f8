"""Budgets: never more retries than allowed, whatever the order of calls, failures and pauses."""

import asyncio
import threading
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sdax_contrib.retry import Budget, Constant, Retry, RetryBudget, RetryThrottle
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction
from sdax_proof.running import run
from sdax_proof.virtual_clock import running_loop

Step = tuple[float, Literal["call", "retry"]]
STEPS = st.lists(
    st.tuples(
        st.one_of(st.just(0.0), st.floats(0, 0.7), st.floats(0, 30)),
        st.sampled_from(["call", "retry", "retry"]),
    ),
    max_size=150,
)


class Time:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@given(
    ratio=st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 3.0]),
    min_per_second=st.sampled_from([0.0, 0.3, 1.0, 5.0]),
    window=st.sampled_from([1.0, 4.0, 10.0]),
    start=st.sampled_from([0.0, 0.37, 1e6]),
    steps=STEPS,
)
@example(
    ratio=1.0, min_per_second=0.0, window=1.0, start=0.0, steps=[(0.05, "call"), (1.0, "retry")]
)
def test_a_budget_is_never_exceeded_in_any_window(
    ratio: float, min_per_second: float, window: float, start: float, steps: list[Step]
) -> None:
    time = Time(start)
    budget = RetryBudget(ratio, min_per_second, window, clock=time)
    calls: list[float] = []
    retries: list[float] = []
    for pause, step in steps:
        time.now += pause
        if step == "call":
            budget.record_success(1)
            calls.append(time.now)
        elif budget.try_retry():
            retries.append(time.now)
            since = time.now - window
            in_window = sum(moment > since for moment in retries)
            allowed = ratio * sum(moment >= since for moment in calls) + min_per_second * window
            assert in_window <= allowed + 1e-9


def test_a_budget_allows_all_that_it_may() -> None:
    budget = RetryBudget(ratio=0.2, min_per_second=0, clock=Time())
    allowed = 0
    for _ in range(100):
        budget.record_failure(1, transient=True)
        allowed += budget.try_retry()
    assert allowed == 20


def test_a_caller_with_few_calls_may_try_again_too() -> None:
    time = Time()
    budget = RetryBudget(ratio=0.2, min_per_second=2, window=10, clock=time)
    assert [budget.try_retry() for _ in range(21)] == [True] * 20 + [False]
    time.now = 11
    assert [budget.try_retry() for _ in range(21)] == [True] * 20 + [False]


def test_calls_are_forgotten_after_the_window() -> None:
    time = Time()
    budget = RetryBudget(ratio=1, min_per_second=0, window=10, clock=time)
    for _ in range(5):
        budget.record_success(1)
    time.now = 8.9
    assert budget.try_retry()
    time.now = 10
    assert not budget.try_retry()


def test_a_clock_that_stands_or_goes_back_forgets_nothing() -> None:
    time = Time(100)
    budget = RetryBudget(ratio=1, min_per_second=0, clock=time)
    budget.record_success(1)
    time.now = 50
    assert [budget.try_retry(), budget.try_retry()] == [True, False]


def test_a_call_counts_once_however_often_it_is_tried() -> None:
    budget = RetryBudget(ratio=1, min_per_second=0, clock=Time())
    budget.record_failure(1, transient=True)
    budget.record_failure(2, transient=True)
    budget.record_success(3)
    assert [budget.try_retry(), budget.try_retry()] == [True, False]


@given(st.lists(st.sampled_from(["success", "transient", "other"]), max_size=200))
def test_a_throttle_counts_as_grpc_does(outcomes: list[str]) -> None:
    throttle, tokens = RetryThrottle(10, 0.5), 10.0
    for outcome in outcomes:
        if outcome == "success":
            throttle.record_success(1)
            tokens = min(10.0, tokens + 0.5)
        else:
            throttle.record_failure(1, transient=outcome == "transient")
            tokens = max(0.0, tokens - (outcome == "transient"))
        assert throttle.tokens == tokens
        assert throttle.try_retry() == (tokens > 5)


def test_a_budget_counts_in_several_threads() -> None:
    budget = RetryBudget(ratio=0.5, min_per_second=0, clock=Time())
    allowed: list[int] = []

    def work() -> None:
        for _ in range(2_000):
            budget.record_success(1)
        allowed.append(sum(budget.try_retry() for _ in range(2_000)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(allowed) == 4
    allowed.append(sum(budget.try_retry() for _ in range(4_000)))
    assert sum(allowed) == 4_000


def runs(function: TaskFunction[Any]) -> AsyncDagTaskProcessor[Any]:
    return (
        AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask("call", execute=function)).build()
    )


class Counts(Budget):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def record_success(self, attempt: int) -> None:
        self.seen.append(("success", attempt))

    def record_failure(self, attempt: int, *, transient: bool) -> None:
        self.seen.append(("transient" if transient else "other", attempt))

    def try_retry(self) -> bool:
        self.seen.append("asked")
        return True


@pytest.mark.parametrize(
    ("errors", "seen"),
    [
        ([], [("success", 1)]),
        ([TimeoutError()], [("transient", 1), "asked", ("success", 2)]),
        ([ValueError()], [("other", 1)]),
        ([TimeoutError(), TimeoutError()], [("transient", 1), "asked", ("transient", 2)]),
    ],
    ids=["success", "retry", "not transient", "used up"],
)
def test_what_a_budget_is_told_of_a_run(errors: list[Exception], seen: list[Any]) -> None:
    budget, left = Counts(), list(errors)

    async def call(ctx: Any) -> None:
        if left:
            raise left.pop(0)

    policy = Retry(2, Constant(1), budget=budget)
    processor = runs(TaskFunction(call, retry=policy))

    async def main() -> None:
        try:
            await processor.process_tasks(None)
        except SdaxExecutionError:
            assert seen[-1][0] != "success"

    run(main())
    assert budget.seen == seen


def test_a_function_that_is_not_tried_again_is_counted_all_the_same() -> None:
    budget = Counts()
    errors = [ConnectionError()]

    async def call(ctx: Any) -> None:
        if errors:
            raise errors.pop()

    processor = runs(TaskFunction(call, retry=Retry(1, budget=budget)))
    with pytest.raises(SdaxExecutionError):
        run(processor.process_tasks(None))
    run(processor.process_tasks(None))

    assert budget.seen == [("transient", 1), ("success", 1)]


def test_a_budget_is_no_interceptor_which_would_count_twice() -> None:
    async def call(ctx: Any) -> None: ...

    interceptors: Any = (RetryBudget(),)
    with pytest.raises(TypeError, match="interceptors"):
        TaskFunction(call, interceptors=interceptors)


def test_a_cancelled_call_counts_as_nothing() -> None:
    budget = Counts()

    async def hangs(ctx: Any) -> None:
        await asyncio.sleep(3600)

    async def main() -> None:
        function = TaskFunction(hangs, retry=Retry(budget=budget))
        with pytest.raises(TimeoutError):
            await runs(function).process_tasks(None, timeout=1)

    run(main())
    assert budget.seen == []


def attempts_in_an_outage(budget: Budget | None) -> tuple[int, int]:
    """20 calls a second for a minute, each of which may be tried 4 times, to a backend that is down."""
    attempts = 0

    async def call(ctx: Any) -> None:
        nonlocal attempts
        attempts += 1
        raise ConnectionError

    policy = Retry(4, Constant(0.1), budget=budget)
    processor = runs(TaskFunction(call, retry=policy))

    async def one() -> None:
        with pytest.raises(SdaxExecutionError):
            await processor.process_tasks(None)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(1_200):
                group.create_task(one())
                await asyncio.sleep(0.05)

    run(main())
    return 1_200, attempts


def test_in_an_outage_a_budget_keeps_the_load_near_the_usual_one() -> None:
    calls, attempts = attempts_in_an_outage(None)
    assert attempts == 4 * calls

    budget = RetryBudget(0.2, min_per_second=0, clock=lambda: running_loop().time())
    calls, attempts = attempts_in_an_outage(budget)
    assert 1.15 * calls <= attempts <= 1.2 * calls

    throttle = RetryThrottle(max_tokens=100, token_ratio=0.1)
    calls, attempts = attempts_in_an_outage(throttle)
    assert attempts == calls + 40


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RetryBudget(ratio=-1), ValueError, "ratio must be a finite number, 0 or more"),
        (lambda: RetryBudget(ratio="1"), TypeError, "ratio must be"),  # type: ignore[arg-type]
        (lambda: RetryBudget(min_per_second=-1), ValueError, "min_per_second must be"),
        (lambda: RetryBudget(window=0), ValueError, "window must be a finite number above 0"),
        (lambda: RetryBudget(clock=3), TypeError, "clock must be a function"),  # type: ignore[arg-type]
        (lambda: RetryThrottle(max_tokens=0), ValueError, "max_tokens must be"),
        (lambda: RetryThrottle(token_ratio=0), ValueError, "token_ratio must be"),
    ],
)
def test_a_bad_setting_names_itself(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_budget_shows_its_settings() -> None:
    assert repr(RetryBudget(0.1)) == "RetryBudget(ratio=0.1, min_per_second=10.0, window=10.0)"
    assert repr(RetryThrottle()) == "RetryThrottle(max_tokens=100.0, token_ratio=0.1)"
