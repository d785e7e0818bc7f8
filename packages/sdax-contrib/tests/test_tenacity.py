"""`TenacityPolicy` decides as tenacity itself would."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import tenacity
import tenacity.asyncio
from sdax_contrib.tenacity import TenacityPolicy
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction
from sdax_proof.running import run
from sdax_proof.virtual_clock import running_loop
from tenacity import (
    retry_if_exception,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_type,
    retry_unless_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    stop_never,
    wait_chain,
    wait_combine,
    wait_exponential,
    wait_fixed,
    wait_incrementing,
    wait_none,
    wait_random,
)

RNG = random.Random(0)


def decisions(policy: TenacityPolicy, errors: list[Exception]) -> list[float | None]:
    """What it decides about failures that follow each other, each of which took a second."""
    decided: list[float | None] = []
    elapsed, previous = 0.0, None
    for attempt, error in enumerate(errors, start=1):
        elapsed += 1
        delay = policy.decide(attempt, error, elapsed, previous, RNG)
        decided.append(delay)
        if delay is None:
            break
        elapsed, previous = elapsed + delay, delay
    return decided


def sleeps_of_tenacity(
    monkeypatch: pytest.MonkeyPatch, errors: list[Exception], **strategies: Any
) -> list[float | None]:
    """What tenacity's own loop does with the same failures, on a clock of the test's."""
    slept: list[float | None] = []
    now, left = 0.0, list(errors)

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(float(seconds))

    def call() -> None:
        nonlocal now
        now += 1
        if left:
            raise left.pop(0)

    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: now)
        try:
            tenacity.Retrying(sleep=sleep, **strategies)(call)
        except Exception:
            slept.append(None)
    # Some strategies also try again after a success, which a policy never hears of.
    return slept[: len(errors)]


FIVE_TIMEOUTS: list[Exception] = [TimeoutError(str(number)) for number in range(5)]
MIXED: list[Exception] = [TimeoutError(), ValueError("no"), TimeoutError(), KeyError()]


@pytest.mark.parametrize("errors", [FIVE_TIMEOUTS, MIXED], ids=["timeouts", "mixed"])
@pytest.mark.parametrize(
    "strategies",
    [
        {"stop": stop_after_attempt(3)},
        {"stop": stop_never, "wait": wait_fixed(2)},
        {"stop": stop_after_delay(7), "wait": wait_fixed(2)},
        {"stop": stop_before_delay(5), "wait": wait_fixed(2)},
        {"stop": stop_after_attempt(2) | stop_after_delay(9), "wait": wait_exponential()},
        {"stop": stop_after_attempt(4), "wait": wait_exponential(2, min=1, max=5) + wait_fixed(1)},
        {"stop": stop_after_attempt(4), "wait": wait_incrementing(1, 2)},
        {"stop": stop_after_attempt(9), "wait": wait_chain(wait_fixed(1), wait_fixed(4))},
        {"stop": stop_after_attempt(9), "wait": wait_combine(wait_fixed(1), wait_none())},
        {"stop": stop_after_attempt(9), "retry": retry_if_exception_type(TimeoutError)},
        {"stop": stop_after_attempt(9), "retry": retry_if_not_exception_type(KeyError)},
        {"stop": stop_after_attempt(9), "retry": retry_unless_exception_type(ValueError)},
        {"stop": stop_after_attempt(9), "retry": retry_if_exception_message(match="[0-2]")},
        {
            "stop": stop_after_attempt(9),
            "retry": retry_if_exception_type(TimeoutError) & retry_if_exception(bool),
        },
    ],
    ids=lambda strategies: " ".join(strategies),
)
def test_it_decides_as_tenacity_does(
    strategies: dict[str, Any], errors: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sleeps_of_tenacity(monkeypatch, errors, **strategies)
    assert decisions(TenacityPolicy(**strategies), errors) == expected


def test_random_waits_are_within_the_bounds_of_the_strategy() -> None:
    policy = TenacityPolicy(stop=stop_never, wait=wait_random(1, 3))
    waits = [policy.decide(1, TimeoutError(), 0.0, None, RNG) or 0 for _ in range(50)]
    assert 1 <= min(waits) < max(waits) <= 3


def test_try_again_is_tried_again_whatever_retry_says() -> None:
    policy = TenacityPolicy(stop=stop_after_attempt(3), retry=retry_if_exception_type(KeyError))
    assert decisions(policy, [tenacity.TryAgain(), ValueError()]) == [0.0, None]


def test_a_group_is_tried_again_only_if_each_error_in_it_is() -> None:
    policy = TenacityPolicy(stop=stop_never, retry=retry_if_exception_type(TimeoutError))
    both = ExceptionGroup("", [TimeoutError(), ExceptionGroup("", [TimeoutError()])])
    part = ExceptionGroup("", [TimeoutError(), ValueError()])
    assert decisions(policy, [both]) == [0.0]
    assert decisions(policy, [part]) == [None]


def test_one_policy_serves_runs_at_the_same_time_in_virtual_time() -> None:
    policy = TenacityPolicy(
        stop=stop_after_attempt(4), wait=wait_exponential(), retry=retry_if_exception_type(OSError)
    )
    times: list[float] = []

    async def call(ctx: Any) -> None:
        times.append(running_loop().time())
        if running_loop().time() < 6:
            raise OSError

    builder = AsyncDagTaskProcessor[Any].builder()
    for name in ("A", "B"):
        builder = builder.add_task(AsyncTask(name, execute=TaskFunction(call, retry=policy)))
    run(builder.build().process_tasks(None))
    assert times == [0.0, 0.0, 1.0, 1.0, 3.0, 3.0, 7.0, 7.0]


async def asks_a_friend(error: BaseException) -> bool:
    return True


def test_an_asynchronous_strategy_is_refused_by_name() -> None:
    predicate: Any = tenacity.asyncio.retry_if_exception(asks_a_friend)
    policy = TenacityPolicy(stop=stop_never, retry=predicate)
    with pytest.raises(TypeError, match=r"retry=.* is asynchronous; a policy decides at once"):
        policy.decide(1, TimeoutError(), 0.0, None, RNG)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TenacityPolicy(), "'stop'"),  # type: ignore[call-arg]
        (lambda: TenacityPolicy(stop=3), "stop must be one of tenacity's stop strategies; got 3"),  # type: ignore[arg-type]
        (
            lambda: TenacityPolicy(stop=stop_never, wait=2.0),  # type: ignore[arg-type]
            "wait must be one of tenacity's wait strategies; got 2.0",
        ),
        (
            lambda: TenacityPolicy(stop=stop_after_attempt),  # type: ignore[arg-type]
            "stop must be an object, not the class stop_after_attempt: call it",
        ),
    ],
)
def test_a_bad_setting_names_itself(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


WITHOUT_TENACITY = """
import sys
sys.modules["tenacity"] = None
import sdax_contrib.retry, sdax_contrib.transient, sdax_contrib.hedge
try:
    import sdax_contrib.tenacity
except ImportError as error:
    print(error)
"""


def test_without_tenacity_the_error_says_what_to_install() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENACITY],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    expected = "sdax_contrib.tenacity needs tenacity: pip install 'sdax-contrib[tenacity]'"
    assert finished.stdout.strip() == expected
