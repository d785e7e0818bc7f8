"""Guarantee 42: plain functions in other processes.

The tests of what travels use an executor of threads in the place of a pool: calls are packed and unpacked
all the same. Functions for real processes come from the standard library, where a new process can import them.
"""

import asyncio
import logging
import math
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import pytest
from guarantee_support import THREAD_KINDS, LoopKind, Run, ended, notes, settled
from sdax_core import (
    AsyncDagTaskProcessor,
    Attempt,
    Observer,
    SdaxExecutionError,
    StrayCancellationError,
    TaskFunction,
)
from sdax_helpers import cancelled, task, task_process_func

PATIENCE = 10  # seconds: no test comes near it
LONG = 60.0  # seconds that a process sleeps if it is not killed: longer than any test may take


@pytest.fixture(params=THREAD_KINDS, ids=lambda kind: kind.name)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on every kind of loop with a real clock."""
    kind: LoopKind = request.param
    return kind.run


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def graph(execute: TaskFunction[Any]) -> AsyncDagTaskProcessor[Any]:
    return AsyncDagTaskProcessor[Any].builder().add_task(task("crunch", execute=execute)).build()


def arguments(*values: object) -> Callable[[object], tuple[object, ...]]:
    return lambda _: values


async def only_failure(function: TaskFunction[Any], ctx: object = None) -> BaseException:
    error = await ended(graph(function).process_tasks(ctx))
    assert isinstance(error, SdaxExecutionError)
    [failure] = error.failures
    assert failure.task == "crunch"
    return failure.exception


class Recorder(Observer):
    def __init__(self) -> None:
        self.reports: list[str] = []

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object]) -> None:
        self.reports.append(name)


def number_of(ctx: Any) -> tuple[object, ...]:
    return (ctx.number,)


def numbers_of(ctx: Any) -> tuple[object, ...]:
    return (ctx.numbers,)


def missing_of(ctx: Any) -> tuple[object, ...]:
    return (ctx["missing"],)


def give_list(_: object) -> Any:
    return [1]


# Where it runs, and what comes back


@pytest.mark.guarantee("42.10")
def test_the_result_of_another_process_is_stored_on_the_context(run: Run) -> None:
    ctx = SimpleNamespace(number=5)
    function = task_process_func(math.factorial, args=number_of, into="result")

    run(graph(function).process_tasks(ctx))

    assert ctx.result == 120


@pytest.mark.guarantee("42.10")
def test_it_is_another_process_and_it_has_gone() -> None:
    ctx: dict[str, int] = {}

    def store(context: dict[str, int], pid: int) -> None:
        context["pid"] = pid

    function = task_process_func(os.getpid, args=arguments(), into=store)

    asyncio.run(graph(function).process_tasks(ctx))

    assert ctx["pid"] != os.getpid()
    assert not is_alive(ctx["pid"])


def is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return pid in {process.pid for process in multiprocessing.active_children()}
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.guarantee("42.10")
def test_nothing_is_stored_where_nothing_is_asked_for(pool: ThreadPoolExecutor) -> None:
    function = task_process_func(math.sqrt, args=arguments(4), into=None, executor=pool)

    asyncio.run(graph(function).process_tasks(None))


@pytest.mark.guarantee("42.11")
def test_an_exception_comes_through_with_the_traceback_of_the_other_process(run: Run) -> None:
    function = task_process_func(int, args=arguments("five"), into=None)

    error = run(only_failure(function))

    assert type(error) is ValueError
    assert "in _returned" in str(error.__cause__)
    assert "ValueError: invalid literal for int()" in str(error.__cause__)


@pytest.mark.guarantee("42.11")
@pytest.mark.parametrize("executor", [None, "pool"])
def test_a_process_that_dies_is_a_broken_executor(executor: str | None) -> None:
    def main(pool: Executor | None) -> BaseException:
        function = task_process_func(os._exit, args=arguments(3), into=None, executor=pool)
        return asyncio.run(only_failure(function))

    if executor is None:
        error = main(None)
        assert str(error) == "the process that ran _exit ended abruptly, with exit code 3"
    else:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            error = main(pool)
            again = main(pool)
        assert "sdax: _exit was called in <concurrent.futures.process.Pro" in notes(error)
        assert str(again).startswith("_exit could not be called: <concurrent.futures.process.Pro")
        assert isinstance(again, BrokenExecutor)
    assert isinstance(error, BrokenExecutor)


# What cannot travel


class Unpicklable:
    def __reduce__(self) -> Any:
        raise ValueError("not I")


class NoWayThere:
    def __reduce__(self) -> Any:
        return int, ("no number",)


class NoWayBack(Exception):
    """It can be pickled, but not unpickled.

    What it holds is why: where a library has registered pickling of its own for exceptions, as tblib does when
    Dask is imported, arguments that are missing are no obstacle.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.held = NoWayThere()


def give(value: object) -> object:
    return value


def give_unpicklable() -> object:
    return Unpicklable()


def give_no_way_there() -> object:
    return NoWayThere()


def give_coroutine() -> Coroutine[Any, Any, None]:
    return asynchronous()


def fail(kind: type[BaseException], *values: str) -> None:
    raise kind(*values)


async def asynchronous() -> None: ...


@pytest.mark.guarantee("42.11")
@pytest.mark.parametrize(
    ("function", "values", "kind", "message"),
    [
        (
            give,
            (1, Unpicklable()),
            TypeError,
            "give runs in another process, so its arguments are pickled; "
            "argument 1, a Unpicklable, cannot be: not I",
        ),
        (
            give,
            (NoWayThere(),),
            RuntimeError,
            "give or its arguments could not be unpickled in the other process: "
            "invalid literal for int() with base 10: 'no number'",
        ),
        (
            give_unpicklable,
            (),
            RuntimeError,
            "give_unpicklable returned a Unpicklable, which cannot be pickled: not I",
        ),
        (
            give_no_way_there,
            (),
            RuntimeError,
            "give_no_way_there has run in another process, but what it gave could not be unpickled "
            "here: invalid literal for int() with base 10: 'no number'",
        ),
        (
            fail,
            (NoWayBack, "ab"),
            RuntimeError,
            "fail raised NoWayBack: ab; the exception itself cannot be sent between processes: "
            "invalid literal for int() with base 10: 'no number'",
        ),
        (fail, (StopIteration,), RuntimeError, "fail raised StopIteration"),
    ],
)
def test_what_cannot_travel_is_a_clear_failure_of_that_call_alone(
    pool: ThreadPoolExecutor,
    function: Callable[..., Any],
    values: tuple[object, ...],
    kind: type[Exception],
    message: str,
) -> None:
    made = task_process_func(function, args=arguments(*values), into=None, executor=pool)

    error = asyncio.run(only_failure(made))

    assert type(error) is kind
    assert str(error) == message


@pytest.mark.guarantee("42.11")
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_comes_out_as_it_is(
    pool: ThreadPoolExecutor, kind: type[BaseException]
) -> None:
    function = task_process_func(fail, args=arguments(kind), into=None, executor=pool)

    assert type(asyncio.run(ended(graph(function).process_tasks(None)))) is kind


def test_a_cancellation_that_nobody_asked_for_is_a_failure(pool: ThreadPoolExecutor) -> None:
    values = arguments(asyncio.CancelledError)
    function = task_process_func(fail, args=values, into=None, executor=pool)

    assert isinstance(asyncio.run(only_failure(function)), StrayCancellationError)


def test_a_function_that_returns_a_coroutine_fails_without_a_warning_about_it(
    pool: ThreadPoolExecutor,
) -> None:
    function = task_process_func(give_coroutine, args=arguments(), into=None, executor=pool)

    error = asyncio.run(only_failure(function))

    assert isinstance(error, TypeError)
    assert "returned a coroutine" in str(error)


@pytest.mark.guarantee("42.11")
def test_arguments_are_those_of_the_moment_of_the_call() -> None:
    gate, ctx = threading.Event(), SimpleNamespace(numbers=[1, 2])

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            executor.submit(gate.wait, PATIENCE)
            function = task_process_func(sum, args=numbers_of, into="total", executor=executor)
            running = asyncio.create_task(graph(function).process_tasks(ctx))
            await settled()
            ctx.numbers.append(3)
            gate.set()
            await running

    asyncio.run(main())

    assert ctx.total == 3


# Cancelled and timed out


@pytest.mark.guarantee("42.12")
def test_a_process_of_its_own_is_killed_when_its_time_is_over(run: Run) -> None:
    began = time.monotonic()

    async def main() -> None:
        function = task_process_func(time.sleep, args=arguments(LONG), into=None, timeout=0.2)
        error = await only_failure(function)
        assert isinstance(error, TimeoutError)
        assert "sdax: the process that ran sleep was killed" in notes(error)

    run(main())

    assert time.monotonic() - began < LONG
    assert multiprocessing.active_children() == []


@pytest.mark.guarantee("42.12")
@pytest.mark.parametrize("delay", [0, 0.01, 0.1, 0.5])
def test_a_process_of_its_own_is_killed_on_a_cancel(run: Run, delay: float) -> None:
    async def main() -> None:
        recorder = Recorder()
        function = task_process_func(time.sleep, args=arguments(LONG), into=None)
        running = graph(function).process_tasks(None, observers=[recorder])
        caller = asyncio.create_task(ended(running))
        await asyncio.sleep(delay)
        caller.cancel()
        error = await caller
        assert isinstance(error, asyncio.CancelledError)
        if recorder.reports:  # it had begun
            assert recorder.reports == ["sdax.process.killed"]
            assert "sdax: the process that ran sleep was killed" in notes(error)

    run(main())

    assert multiprocessing.active_children() == []


@pytest.mark.guarantee("42.12")
def test_without_a_thread_to_wait_in_the_call_is_taken_back() -> None:
    async def main() -> None:
        opened = threading.Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        blocking = loop.run_in_executor(None, opened.wait, PATIENCE)
        function = task_process_func(time.sleep, args=arguments(LONG), into=None, timeout=0.01)
        error = await only_failure(function)
        opened.set()
        assert await blocking
        assert isinstance(error, TimeoutError)

    asyncio.run(main())

    assert multiprocessing.active_children() == []


class Gate:
    """Where functions that are found by their name stand until it is opened."""

    opened = threading.Event()
    reached = threading.Event()


def stand_and_fail() -> None:
    stand()
    raise LookupError("late")


def stand() -> bool:
    Gate.reached.set()
    assert Gate.opened.wait(PATIENCE)
    return cancelled()


@pytest.fixture
def gate() -> Iterator[type[Gate]]:
    Gate.opened.clear()
    Gate.reached.clear()
    yield Gate
    Gate.opened.set()


async def cancelled_at_the_gate(function: TaskFunction[Any], ctx: object = None) -> BaseException:
    caller = asyncio.create_task(ended(graph(function).process_tasks(ctx)))
    assert await asyncio.to_thread(Gate.reached.wait, PATIENCE)
    caller.cancel()
    await settled()
    if not caller.done():
        Gate.opened.set()
    error = await caller
    assert isinstance(error, asyncio.CancelledError)
    return error


@pytest.mark.guarantee("42.12")
def test_a_call_in_an_executor_is_abandoned_and_its_failure_logged(
    run: Run, gate: type[Gate], pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        function = task_process_func(stand_and_fail, args=arguments(), into=None, executor=pool)
        error = await cancelled_at_the_gate(function)
        assert not gate.opened.is_set()
        note = "sdax: the call of stand_and_fail was abandoned: it goes on in its process"
        assert note in notes(error)
        gate.opened.set()
        pool.shutdown()

    with caplog.at_level(logging.WARNING):
        run(main())

    [record] = caplog.records
    assert record.message == "sdax: stand_and_fail failed after it had been abandoned"


@pytest.mark.guarantee("42.12")
def test_a_call_that_had_not_begun_is_taken_back(gate: type[Gate]) -> None:
    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            executor.submit(stand)
            values = arguments(os.getpid(), signal.SIGKILL)  # it would be noticed
            function = task_process_func(
                os.kill, args=values, into=None, executor=executor, timeout=0.01
            )
            error = await only_failure(function)
            gate.opened.set()
        assert isinstance(error, TimeoutError)
        assert "abandoned" not in notes(error)

    asyncio.run(main())


@pytest.mark.guarantee("42.12")
def test_with_wait_on_cancel_the_result_is_stored_and_the_cancel_comes_out(
    run: Run, gate: type[Gate], pool: ThreadPoolExecutor
) -> None:
    ctx = SimpleNamespace()

    async def main() -> None:
        function = task_process_func(
            stand, args=arguments(), into="told", executor=pool, wait_on_cancel=True
        )
        error = await cancelled_at_the_gate(function, ctx)
        assert "abandoned" not in notes(error)

    run(main())

    assert ctx.told is False  # no flag crosses the boundary


@pytest.mark.guarantee("42.12")
def test_with_wait_on_cancel_a_failure_is_noted_on_the_cancellation(
    run: Run, gate: type[Gate], pool: ThreadPoolExecutor
) -> None:
    async def main() -> None:
        function = task_process_func(
            stand_and_fail, args=arguments(), into=None, executor=pool, wait_on_cancel=True
        )
        error = await cancelled_at_the_gate(function)
        assert "task 'crunch', execute, attempt 1: LookupError: late" in notes(error)

    run(main())


@pytest.mark.guarantee("42.12")
def test_with_wait_on_cancel_a_process_of_its_own_is_not_killed(run: Run) -> None:
    async def main() -> None:
        ctx = SimpleNamespace()
        function = task_process_func(
            math.factorial, args=arguments(5), into="result", timeout=0, wait_on_cancel=True
        )
        error = await only_failure(function, ctx)
        assert isinstance(error, TimeoutError)
        assert ctx.result == 120

    run(main())


# Mistakes


@pytest.mark.guarantee("42.9")
@pytest.mark.parametrize(
    ("function", "settings", "kind", "message"),
    [
        (asynchronous, {}, TypeError, "which nobody would await: use task_func instead"),
        ("crunch", {}, TypeError, "task_process_func takes a plain function; got 'crunch' (str)"),
        (lambda: None, {}, TypeError, "no lambda and no inner function"),
        (give, {"args": (1,)}, TypeError, "args must be a function that takes the context"),
        (give, {"into": "two words"}, ValueError, "into must be the name of an attribute"),
        (give, {"into": 3}, TypeError, "into must be the name of an attribute"),
        (give, {"executor": 3}, TypeError, "executor must be a concurrent.futures.Executor"),
        (give, {"executor": ProcessPoolExecutor}, TypeError, "got the class ProcessPoolExecutor"),
        (give, {"timeout": -1}, ValueError, "timeout must be a finite number"),
    ],
)
def test_a_mistake_is_found_when_the_function_is_made(
    function: Any, settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    complete: dict[str, Any] = {"args": arguments(), "into": None} | settings

    with pytest.raises(kind) as raised:
        task_process_func(function, **complete)

    assert message in str(raised.value)


@pytest.mark.guarantee("42.9")
@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"args": give_list}, TypeError, "must return a tuple of arguments; it returned [1]"),
        ({"into": "result"}, TypeError, "into='result': the context, a dict, takes no such"),
        ({"executor": give_list}, TypeError, "must return a concurrent.futures.Executor"),
    ],
)
def test_a_mistake_that_shows_in_the_run_is_a_clear_failure(
    pool: ThreadPoolExecutor, settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    complete: dict[str, Any] = {"args": arguments(1), "into": None, "executor": pool} | settings

    error = asyncio.run(only_failure(task_process_func(give, **complete), {}))

    assert type(error) is kind
    assert message in str(error)


def test_an_error_of_args_is_a_failure_of_the_task(pool: ThreadPoolExecutor) -> None:
    function = task_process_func(give, args=missing_of, into=None, executor=pool)

    assert type(asyncio.run(only_failure(function, {}))) is KeyError


def test_a_failed_call_is_retried(pool: ThreadPoolExecutor) -> None:
    calls: list[int] = []

    def counted(_: object) -> tuple[object, ...]:
        calls.append(1)
        return (ConnectionError, "down")

    function = task_process_func(
        fail, args=counted, into=None, executor=pool, retries=2, initial_delay=0
    )

    assert type(asyncio.run(only_failure(function))) is ConnectionError
    assert len(calls) == 3


def test_the_tests_can_unpickle_their_own_functions() -> None:
    assert pickle.loads(pickle.dumps(give)) is give
