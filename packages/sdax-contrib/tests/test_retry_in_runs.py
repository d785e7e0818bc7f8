"""Policies in real runs, on a virtual clock."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from sdax_contrib.retry import Constant, Exponential, Retry
from sdax_contrib.transient import http
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    RetryableException,
    SdaxExecutionError,
    TaskFunction,
)
from sdax_proof.running import run
from sdax_proof.virtual_clock import running_loop


class Backend:
    """Fails as often as it is told to, and notes when it was called."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.times: list[float] = []

    async def call(self, ctx: Any) -> None:
        self.times.append(running_loop().time())
        if self.errors:
            raise self.errors.pop(0)


def processor_of(function: TaskFunction[Any]) -> AsyncDagTaskProcessor[Any]:
    return (
        AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask("call", execute=function)).build()
    )


def run_with(policy: Retry, backend: Backend, **settings: Any) -> list[float]:
    processor = processor_of(TaskFunction(backend.call, retry=policy))
    run(processor.process_tasks(None, **settings))
    return backend.times


def test_a_function_is_tried_again_after_the_delays_of_its_policy() -> None:
    backend = Backend(TimeoutError(), ConnectionError(), RetryableException())
    policy = Retry(4, Exponential(1, 2, jitter="none"))
    assert run_with(policy, backend) == [0.0, 1.0, 3.0, 7.0]


def test_what_is_left_over_when_the_attempts_are_used_up_is_the_failure() -> None:
    errors = [TimeoutError(number) for number in range(3)]
    with pytest.raises(SdaxExecutionError) as raised:
        run_with(Retry(3, Constant(1)), Backend(*errors))
    [failure] = raised.value.failures
    assert failure.exception is errors[2]
    assert failure.attempts == 3


def test_max_elapsed_counts_attempts_and_delays() -> None:
    async def slow(ctx: Any) -> None:
        backend.times.append(running_loop().time())
        await asyncio.sleep(2)
        raise TimeoutError

    backend = Backend()
    policy = Retry(None, Constant(1), max_elapsed=7)
    with pytest.raises(SdaxExecutionError):
        run(processor_of(TaskFunction(slow, retry=policy)).process_tasks(None))
    assert backend.times == [0.0, 3.0, 6.0]


def test_the_timeout_of_an_attempt_is_transient_for_each_classifier() -> None:
    async def hangs_once(ctx: Any) -> None:
        backend.times.append(running_loop().time())
        if len(backend.times) == 1:
            await asyncio.sleep(3600)

    backend = Backend()
    function = TaskFunction(hangs_once, timeout=5, retry=Retry(2, Constant(1), on=http))
    run(processor_of(function).process_tasks(None))
    assert backend.times == [0.0, 6.0]


def test_the_random_source_of_the_run_gives_the_jitter() -> None:
    def times(seed: int) -> list[float]:
        backend = Backend(TimeoutError(), TimeoutError())
        return run_with(Retry(3), backend, rng=random.Random(seed))

    assert times(1) == times(1)
    assert times(1) != times(2)


def test_one_policy_serves_runs_at_the_same_time_without_mixing_them_up() -> None:
    policy = Retry(3, Exponential(1, jitter="none"))
    backends = [Backend(*[TimeoutError()] * failures) for failures in (0, 1, 2)]

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for backend in backends:
                function = TaskFunction(backend.call, retry=policy)
                group.create_task(processor_of(function).process_tasks(None))

    run(all_at_once())
    assert [backend.times for backend in backends] == [[0.0], [0.0, 1.0], [0.0, 1.0, 3.0]]


def test_a_function_given_as_on_that_raises_fails_the_task_with_its_name() -> None:
    def broken(error: Exception) -> bool:
        raise LookupError("no such status")

    with pytest.raises(SdaxExecutionError) as raised:
        run_with(Retry(on=broken), Backend(TimeoutError("late")))
    [leaf] = raised.value.exceptions
    assert isinstance(leaf, LookupError)
    assert isinstance(leaf.__context__, TimeoutError)
    assert any("'call'" in note for note in leaf.__notes__)


def test_a_cancelled_function_never_asks_its_policy() -> None:
    def never(error: Exception) -> bool:
        raise AssertionError("a policy was shown a cancellation")

    async def hangs(ctx: Any) -> None:
        await asyncio.sleep(3600)

    async def main(process: Callable[[], Any]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await process()

    processor = processor_of(TaskFunction(hangs, retry=Retry(on=never)))
    run(main(lambda: processor.process_tasks(None)))
