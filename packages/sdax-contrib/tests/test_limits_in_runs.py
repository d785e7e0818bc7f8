"""Limits and breakers in real runs: where they stand between retries, timeout, deadline and call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.circuit_breaker import CircuitBreaker, CircuitOpen
from sdax_contrib.limited import limited
from sdax_contrib.retry import Constant, Retry
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    Attempt,
    Interceptor,
    Observer,
    SdaxExecutionError,
    TaskFunction,
)
from sdax_proof.running import FACTORIES, Factory, run
from sdax_proof.virtual_clock import running_loop


class Recorder(Observer):
    """What interceptors reported, with the task."""

    def __init__(self) -> None:
        self.reports: list[tuple[Any, str, dict[str, Any]]] = []

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object]) -> None:
        self.reports.append((attempt.call.task, name, dict(details)))


def processor_of(
    functions: Mapping[str, Callable[[Any], Awaitable[Any]]],
    interceptors: Sequence[Interceptor],
    **options: Any,
) -> AsyncDagTaskProcessor[Any, str]:
    """A graph of independent tasks, all behind the same interceptors."""
    builder = AsyncDagTaskProcessor[Any, str].builder()
    for name, function in functions.items():
        guarded: Any = TaskFunction(function, interceptors=tuple(interceptors), **options)
        builder = builder.add_task(AsyncTask(name, execute=guarded), depends_on=())
    return builder.build()


def test_the_order_is_limit_breaker_timeout_call_with_the_retries_outside() -> None:
    journal: list[str] = []

    class Permit:
        async def __aenter__(self) -> None:
            journal.append(f"{running_loop().time():g} permit")

        async def __aexit__(self, *_: object) -> None:
            journal.append(f"{running_loop().time():g} back")

    async def call(_: Any) -> None:
        journal.append(f"{running_loop().time():g} call")
        await asyncio.sleep(9)

    async def main() -> None:
        breaker = CircuitBreaker("backend", least_calls=2, open_for=100)
        processor = processor_of(
            {"call": call},
            [limited(Permit()), breaker],
            timeout=1,
            retry=Retry(4, Constant(10)),
        )
        with pytest.raises(SdaxExecutionError) as caught:
            await processor.process_tasks(None)
        [error] = caught.value.leaf_exceptions()
        assert isinstance(error, CircuitOpen)
        assert caught.value.failures[0].attempts == 4
        assert breaker.state == "open"

    run(main())
    assert journal[:6] == ["0 permit", "0 call", "1 back", "11 permit", "11 call", "12 back"]
    # The third and fourth have a permit and are refused: no call, and the permit is back at once.
    assert [entry.split()[1] for entry in journal[6:]] == ["permit", "back"] * 2


def test_while_one_function_waits_to_be_tried_again_another_has_the_permit() -> None:
    ended: dict[str, float] = {}

    async def fails_once(_: Any) -> None:
        await asyncio.sleep(1)
        if "fails once" not in ended:
            ended["fails once"] = 0
            raise ConnectionError
        ended["fails once"] = running_loop().time()

    async def works(_: Any) -> None:
        await asyncio.sleep(1)
        ended["works"] = running_loop().time()

    async def main() -> None:
        limit = AdaptiveLimit(target_latency=9, initial=1, maximum=1)
        retry = Retry(2, Constant(5))
        functions = {"fails once": fails_once, "works": works}
        await processor_of(functions, [limited(limit)], retry=retry).process_tasks(None)
        assert limit.in_use == 0

    run(main())
    assert ended == {"works": 2, "fails once": 7}


def test_waiting_for_a_permit_counts_towards_the_deadline_and_not_towards_the_timeout() -> None:
    recorder = Recorder()

    async def call(_: Any) -> None:
        await asyncio.sleep(1)

    async def main() -> None:
        limit = AdaptiveLimit(target_latency=9, initial=1, maximum=1)
        functions: dict[str, Callable[[Any], Awaitable[Any]]] = dict.fromkeys("abcd", call)
        processor = processor_of(functions, [limited(backend=limit)], timeout=1.5)
        with pytest.raises(TimeoutError):
            await processor.process_tasks(None, timeout=2.5, observers=[recorder])
        assert running_loop().time() == 2.5
        assert (limit.in_use, limit.waiting) == (0, 0)

    run(main())
    waits = [(task, facts["seconds"], facts["obtained"]) for task, _, facts in recorder.reports]
    assert waits == [("b", 1, True), ("c", 2, True), ("d", 2.5, False)]


def test_a_limit_of_the_run_is_around_those_of_the_function() -> None:
    journal: list[str] = []

    class Permit:
        def __init__(self, name: str) -> None:
            self.name = name

        async def __aenter__(self) -> None:
            journal.append(self.name)

        async def __aexit__(self, *_: object) -> None:
            pass

    async def call(_: Any) -> None:
        journal.append("call")

    async def main() -> None:
        processor = processor_of({"call": call}, [limited(Permit("function"))])
        await processor.process_tasks(None, interceptors=[limited(Permit("run"))])

    run(main())
    assert journal == ["run", "function", "call"]


def test_an_open_circuit_fails_the_task_with_its_name_and_says_what_was_refused() -> None:
    recorder = Recorder()

    async def call(_: Any) -> None:
        raise OSError("down")

    async def main() -> None:
        breaker = CircuitBreaker("backend", least_calls=1)
        processor = processor_of({"charge": call}, [breaker])
        with pytest.raises(SdaxExecutionError, match="charge"):
            await processor.process_tasks(None, observers=[recorder])
        with pytest.raises(SdaxExecutionError) as caught:
            await processor.process_tasks(None, observers=[recorder])
        [failure] = caught.value.failures
        assert failure.task == "charge"
        assert str(failure.exception).startswith("circuit 'backend' is open")

    run(main())
    assert [(task, name) for task, name, _ in recorder.reports] == [
        ("charge", "sdax.breaker.changed"),
        ("charge", "sdax.breaker.refused"),
    ]


def test_a_policy_waits_just_as_long_as_the_circuit_is_open() -> None:
    calls: list[float] = []

    async def call(_: Any) -> None:
        calls.append(running_loop().time())
        if len(calls) == 1:
            raise ConnectionError

    async def main() -> None:
        breaker = CircuitBreaker("backend", least_calls=1, open_for=30)
        retry = Retry(3, Constant(1))
        await processor_of({"call": call}, [breaker], retry=retry).process_tasks(None)

    run(main())
    assert calls[0] == 0
    assert 30 <= calls[1] <= 30 + 3  # the policy adds up to a tenth


@given(
    some.lists(some.integers(0, 3).map(float), min_size=1, max_size=6),
    some.integers(1, 60),
    some.sampled_from(FACTORIES),
)
@settings(max_examples=100, deadline=None)
def test_a_run_cancelled_at_any_step_leaves_every_permit_free(
    durations: list[float], step: int, factory: Factory | None
) -> None:
    def function(seconds: float) -> Callable[[Any], Awaitable[Any]]:
        async def call(_: Any) -> None:
            await asyncio.sleep(seconds)
            if seconds == 2:
                raise ConnectionError

        return call

    async def main() -> None:
        limit = AdaptiveLimit(target_latency=9, initial=2, maximum=2)
        semaphore = asyncio.Semaphore(1)
        breaker = CircuitBreaker("backend", least_calls=1, open_for=1)
        functions = {str(n): function(seconds) for n, seconds in enumerate(durations)}
        interceptors = [limited(b=limit, a=semaphore), breaker]
        retry = Retry(2, Constant(1))
        processor = processor_of(functions, interceptors, retry=retry)
        loop = running_loop()
        running = loop.create_task(processor.process_tasks(None))
        last = loop.steps + step

        def cancel(now: int) -> None:
            if now == last:
                running.cancel()

        loop.before_step = cancel
        with suppress(asyncio.CancelledError, SdaxExecutionError):
            await running
        loop.before_step = None
        assert (limit.in_use, limit.waiting, semaphore.locked()) == (0, 0, False)
        await asyncio.sleep(1)
        await processor_of({"last": function(1)}, [breaker]).process_tasks(None)
        assert breaker.state == "closed"

    run(main(), factory=factory)
