"""Guarantee 42: plain functions in threads."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import ContextVar
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
    current_run,
)
from sdax_helpers import cancelled, task, task_func, task_thread_func

PATIENCE = 10  # seconds: no test comes near it
USER: ContextVar[str] = ContextVar("user")


@pytest.fixture(params=THREAD_KINDS, ids=lambda kind: kind.name)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on every kind of loop with a real clock: a virtual one waits for no thread."""
    kind: LoopKind = request.param
    return kind.run


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


class Gate:
    """A thread that stands at the gate until it is opened, and what the event loop knows of it."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._reached = asyncio.Event()
        self.stands = threading.Event()
        self.passed = threading.Event()

    def stand(self, _: object = None) -> None:
        self._loop.call_soon_threadsafe(self._reached.set)
        self.stands.set()
        assert self._opened.wait(PATIENCE)
        self.passed.set()

    async def reached(self) -> None:
        await self._reached.wait()

    def open(self) -> None:
        self._opened.set()

    async def opened_and_passed(self) -> None:
        self.open()
        assert await asyncio.to_thread(self.passed.wait, PATIENCE)


class PromptExecutor(ThreadPoolExecutor):
    """Has a thread at the gate when `submit` returns, so that a timeout of 0 finds it there."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(1)
        self._gate = gate

    def submit(self, *call: Any, **arguments: Any) -> Any:
        submitted = super().submit(*call, **arguments)
        assert self._gate.stands.wait(PATIENCE)
        return submitted

    def finish(self) -> None:
        """Open the gate and wait for the thread."""
        self._gate.open()
        self.shutdown()


class Recorder(Observer):
    def __init__(self) -> None:
        self.reports: list[tuple[str, str]] = []

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object]) -> None:
        self.reports.append((name, str(details["note"])))


def graph(
    execute: TaskFunction[Any],
    *,
    pre_execute: TaskFunction[Any] | None = None,
    post_execute: TaskFunction[Any] | None = None,
) -> AsyncDagTaskProcessor[Any]:
    made = task("resize", pre_execute=pre_execute, execute=execute, post_execute=post_execute)
    return AsyncDagTaskProcessor[Any].builder().add_task(made).build()


async def only_failure(function: TaskFunction[Any], ctx: object = None) -> BaseException:
    error = await ended(graph(function).process_tasks(ctx))
    assert isinstance(error, SdaxExecutionError)
    [failure] = error.failures
    assert failure.task == "resize"
    return failure.exception


@pytest.mark.guarantee("42.1")
def test_the_function_runs_in_another_thread_with_the_context(run: Run) -> None:
    seen: list[object] = []

    def resize(ctx: str) -> str:
        seen.extend((ctx, threading.current_thread() is not threading.main_thread()))
        return "ignored"

    run(graph(task_thread_func(resize)).process_tasks("image"))

    assert seen == ["image", True]


@pytest.mark.guarantee("42.1")
def test_the_event_loop_goes_on_meanwhile(run: Run) -> None:
    async def main() -> None:
        gate = Gate()

        async def open_it(_: object) -> None:
            await gate.reached()
            gate.open()

        processor = (
            AsyncDagTaskProcessor[None]
            .builder()
            .add_task(task("blocks", execute=task_thread_func(gate.stand)))
            .add_task(task("opens", execute=task_func(open_it)))
            .build()
        )
        await processor.process_tasks(None)

    run(main())


@pytest.mark.guarantee("42.2")
def test_the_function_sees_the_context_variables_of_its_task_and_the_run(run: Run) -> None:
    seen: list[object] = []

    async def log_in(_: object) -> None:
        USER.set("ada")

    def resize(_: object) -> None:
        seen.extend((USER.get(), str(current_run().phase)))

    run(graph(task_thread_func(resize), pre_execute=task_func(log_in)).process_tasks(None))

    assert seen == ["ada", "execute"]


@pytest.mark.guarantee("42.2")
def test_what_the_function_sets_is_seen_by_nobody_else(run: Run) -> None:
    seen: list[str] = []

    def resize(_: object) -> None:
        USER.set("the thread")

    async def clean_up(_: object) -> None:
        seen.append(USER.get("nobody"))

    run(graph(task_thread_func(resize), post_execute=task_func(clean_up)).process_tasks(None))

    assert seen == ["nobody"]


@pytest.mark.guarantee("42.3")
def test_a_cancel_is_delivered_at_once_and_the_function_is_told(run: Run) -> None:
    async def main() -> None:
        gate, answers = Gate(), list[bool]()

        def resize(_: object) -> None:
            answers.append(cancelled())
            gate.stand()
            answers.append(cancelled())

        caller = asyncio.create_task(ended(graph(task_thread_func(resize)).process_tasks(None)))
        await gate.reached()
        caller.cancel()
        error = await caller
        assert isinstance(error, asyncio.CancelledError)
        assert not gate.passed.is_set()
        await gate.opened_and_passed()
        await asyncio.get_running_loop().shutdown_default_executor()
        assert answers == [False, True]

    run(main())


@pytest.mark.guarantee("42.3")
def test_a_timeout_comes_at_once_and_says_that_the_call_was_abandoned(run: Run) -> None:
    async def main() -> None:
        gate = Gate()
        error = await only_failure(task_thread_func(gate.stand, timeout=0.01))
        assert isinstance(error, TimeoutError)
        assert "sdax: the call of Gate.stand was abandoned: it goes on in its thread" in notes(
            error
        )
        await gate.opened_and_passed()

    run(main())


@pytest.mark.guarantee("42.3")
def test_observers_are_told_of_an_abandoned_call(run: Run) -> None:
    async def main() -> None:
        gate, recorder = Gate(), Recorder()
        processor = graph(task_thread_func(gate.stand))
        call = processor.process_tasks(None, observers=[recorder])
        caller = asyncio.create_task(ended(call))
        await gate.reached()
        caller.cancel()
        await caller
        await gate.opened_and_passed()
        note = "sdax: the call of Gate.stand was abandoned: it goes on in its thread"
        assert recorder.reports == [("sdax.thread.abandoned", note)]

    run(main())


@pytest.mark.guarantee("42.3")
def test_a_cancelled_run_says_that_the_call_was_abandoned(run: Run) -> None:
    async def main() -> None:
        gate = Gate()
        caller = asyncio.create_task(ended(graph(task_thread_func(gate.stand)).process_tasks(None)))
        await gate.reached()
        caller.cancel()
        error = await caller
        assert "the call of Gate.stand was abandoned" in notes(error)
        await gate.opened_and_passed()

    run(main())


@pytest.mark.guarantee("42.4")
def test_what_an_abandoned_call_raises_is_logged_and_nothing_else_complains(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        gate = Gate()

        def resize(_: object) -> None:
            gate.stand()
            raise LookupError("late")

        executor = PromptExecutor(gate)
        error = await only_failure(task_thread_func(resize, timeout=0, executor=executor))
        assert isinstance(error, TimeoutError)
        executor.finish()

    with caplog.at_level(logging.WARNING):
        run(main())

    [record] = caplog.records
    assert record.name == "sdax"
    assert record.message.endswith("resize failed after it had been abandoned")
    assert record.exc_info is not None
    assert repr(record.exc_info[1]) == "LookupError('late')"


@pytest.mark.guarantee("42.4")
@pytest.mark.parametrize("answer", [asyncio.CancelledError, CancelledError])
def test_a_function_that_answers_with_a_cancellation_is_not_logged(
    run: Run, caplog: pytest.LogCaptureFixture, answer: type[BaseException]
) -> None:
    async def main() -> None:
        gate = Gate()

        def resize(_: object) -> None:
            gate.stand()
            assert cancelled()
            raise answer

        executor = PromptExecutor(gate)
        await only_failure(task_thread_func(resize, timeout=0, executor=executor))
        executor.finish()

    run(main())

    assert caplog.records == []


@pytest.mark.guarantee("42.5")
def test_a_call_that_no_thread_has_come_to_is_taken_back(run: Run) -> None:
    async def main() -> None:
        gate, calls = Gate(), list[object]()
        with ThreadPoolExecutor(1) as executor:
            blocking = executor.submit(gate.stand)
            await gate.reached()
            error = await only_failure(
                task_thread_func(calls.append, executor=executor, timeout=0.01)
            )
            gate.open()
        assert blocking.result() is None
        assert isinstance(error, TimeoutError)
        assert "abandoned" not in notes(error)
        assert calls == []

    run(main())


@pytest.mark.guarantee("42.6")
@pytest.mark.parametrize("cancels", [1, 3])
def test_with_wait_on_cancel_the_cancel_is_delivered_when_the_call_has_ended(
    run: Run, cancels: int
) -> None:
    async def main() -> None:
        gate, events = Gate(), list[str]()

        def resize(_: object) -> None:
            gate.stand()
            events.append(f"ended, cancelled: {cancelled()}")

        async def clean_up(_: object) -> None:
            events.append("cleanup")

        function = task_thread_func(resize, wait_on_cancel=True)
        processor = graph(function, post_execute=task_func(clean_up))
        caller = asyncio.create_task(ended(processor.process_tasks(None)))
        await gate.reached()
        for _ in range(cancels):
            caller.cancel()
            await settled()
        assert events == []
        gate.open()
        assert isinstance(await caller, asyncio.CancelledError)
        assert events == ["ended, cancelled: True", "cleanup"]

    run(main())


@pytest.mark.guarantee("42.6")
def test_with_wait_on_cancel_a_timeout_comes_when_the_call_has_ended(run: Run) -> None:
    async def main() -> None:
        def resize(_: object) -> None:
            while not cancelled():
                threading.Event().wait(0.001)

        error = await only_failure(task_thread_func(resize, timeout=0.01, wait_on_cancel=True))
        assert isinstance(error, TimeoutError)
        assert "abandoned" not in notes(error)

    run(main())


@pytest.mark.guarantee("42.6")
def test_a_call_that_fails_after_the_cancel_was_waited_for_is_noted_on_it(run: Run) -> None:
    async def main() -> None:
        gate = Gate()

        def resize(_: object) -> None:
            gate.stand()
            raise LookupError("late")

        processor = graph(task_thread_func(resize, wait_on_cancel=True))
        caller = asyncio.create_task(ended(processor.process_tasks(None)))
        await gate.reached()
        caller.cancel()
        await settled()
        gate.open()
        error = await caller
        assert isinstance(error, asyncio.CancelledError)
        assert "task 'resize', execute, attempt 1: LookupError: late" in notes(error)

    run(main())


@pytest.mark.guarantee("42.7")
def test_an_exception_of_the_function_comes_through_as_it_is(run: Run) -> None:
    error = LookupError("no such image")

    def resize(_: object) -> None:
        raise error

    async def main() -> None:
        assert await only_failure(task_thread_func(resize)) is error

    run(main())


@pytest.mark.guarantee("42.7")
def test_a_failed_call_is_retried(run: Run) -> None:
    calls: list[str] = []

    def resize(_: object) -> None:
        calls.append("call")
        if len(calls) < 3:
            raise ConnectionError("down")

    function = task_thread_func(resize, retries=2, initial_delay=0)
    run(graph(function).process_tasks(None))

    assert len(calls) == 3


@pytest.mark.guarantee("42.7")
@pytest.mark.parametrize("kind", [StopIteration, KeyboardInterrupt, SystemExit])
def test_exceptions_that_futures_do_not_carry_come_out(run: Run, kind: type[BaseException]) -> None:
    def resize(_: object) -> None:
        raise kind("from the thread")

    async def main() -> BaseException | None:
        return await ended(graph(task_thread_func(resize)).process_tasks(None))

    error = run(main())
    if kind is StopIteration:
        assert isinstance(error, SdaxExecutionError)
        [error] = error.exceptions
        assert isinstance(error, RuntimeError)
        assert str(error).endswith("resize raised StopIteration")
        assert isinstance(error.__cause__, StopIteration)
    else:
        assert type(error) is kind


@pytest.mark.guarantee("42.7")
def test_a_cancellation_that_nobody_asked_for_is_a_failure(run: Run) -> None:
    def resize(_: object) -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        assert isinstance(await only_failure(task_thread_func(resize)), StrayCancellationError)

    run(main())


@pytest.mark.guarantee("42.8")
def test_the_executor_is_the_one_that_was_given(run: Run, pool: ThreadPoolExecutor) -> None:
    threads: list[threading.Thread] = []

    def resize(_: object) -> None:
        threads.append(threading.current_thread())

    run(graph(task_thread_func(resize, executor=pool)).process_tasks(None))

    assert threads == [pool.submit(threading.current_thread).result()]


@pytest.mark.guarantee("42.8")
def test_the_executor_may_be_found_on_the_context(run: Run, pool: ThreadPoolExecutor) -> None:
    threads: list[threading.Thread] = []

    def resize(_: object) -> None:
        threads.append(threading.current_thread())

    def pool_of(ctx: dict[str, Executor]) -> Executor:
        return ctx["pool"]

    run(graph(task_thread_func(resize, executor=pool_of)).process_tasks({"pool": pool}))

    assert threads == [pool.submit(threading.current_thread).result()]


def shut_down() -> Executor:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    return executor


def processes() -> Executor:
    return ProcessPoolExecutor(1)  # it starts none before it is given work


RUNTIME_MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "shut down": (shut_down, RuntimeError, "resize could not be called: <concurrent"),
    "no executor": (lambda: "pool", TypeError, "must return a concurrent.futures.Executor"),
    "processes": (processes, TypeError, "task_thread_func needs an executor of threads"),
}


@pytest.mark.guarantee("42.8")
@pytest.mark.parametrize("mistake", RUNTIME_MISTAKES)
def test_an_executor_that_cannot_be_used_is_a_clear_failure(mistake: str) -> None:
    make, kind, message = RUNTIME_MISTAKES[mistake]

    def resize(_: object) -> None: ...

    error = asyncio.run(only_failure(task_thread_func(resize, executor=lambda _: make())))

    assert type(error) is kind
    assert message in str(error)


@pytest.mark.guarantee("42.8")
def test_an_executor_that_drops_the_call_is_a_clear_failure(run: Run) -> None:
    async def main() -> None:
        gate, calls = Gate(), list[object]()
        executor = ThreadPoolExecutor(1)
        executor.submit(gate.stand)
        await gate.reached()
        function = task_thread_func(calls.append, executor=executor)
        failing = asyncio.create_task(only_failure(function))
        await settled()
        executor.shutdown(wait=False, cancel_futures=True)
        gate.open()
        error = await failing
        assert type(error) is RuntimeError
        assert "was shut down before it came to that" in str(error)
        assert calls == []

    run(main())


async def asynchronous(_: object) -> None: ...


@pytest.mark.guarantee("42.9")
@pytest.mark.parametrize(
    ("function", "settings", "error", "message"),
    [
        (asynchronous, {}, TypeError, "which nobody would await: use task_func instead"),
        ("resize", {}, TypeError, "task_thread_func takes a plain function; got 'resize' (str)"),
        (print, {"executor": 3}, TypeError, "executor must be a concurrent.futures.Executor"),
        (print, {"executor": ThreadPoolExecutor}, TypeError, "got the class ThreadPoolExecutor"),
        (print, {"timeout": -1}, ValueError, "timeout must be a finite number"),
        (print, {"retries": -1}, ValueError, "retries must be a whole number"),
    ],
)
def test_a_mistake_is_found_when_the_function_is_made(
    function: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        task_thread_func(function, **settings)

    assert message in str(raised.value)


def test_a_function_that_returns_a_coroutine_fails_without_a_warning_about_it(run: Run) -> None:
    def disguised(ctx: object) -> Coroutine[Any, Any, None]:
        return asynchronous(ctx)

    async def main() -> None:
        error = await only_failure(task_thread_func(disguised))
        assert isinstance(error, TypeError)
        assert "returned a coroutine" in str(error)

    run(main())


def test_the_function_keeps_its_name() -> None:
    def resize(_: object) -> None: ...

    assert "resize" in repr(task_thread_func(resize))


@pytest.mark.guarantee("42.3")
def test_outside_of_a_call_nothing_is_cancelled() -> None:
    assert cancelled() is False


@pytest.mark.guarantee("42.3")
def test_calls_do_not_hear_of_each_others_cancel(run: Run) -> None:
    async def main() -> None:
        first, second = Gate(), Gate()
        answers: list[bool] = []

        def long(_: object) -> None:
            second.stand()
            answers.append(cancelled())

        executor = PromptExecutor(first)
        abandoned = task_thread_func(first.stand, timeout=0, executor=executor)
        processor = (
            AsyncDagTaskProcessor[None]
            .builder()
            .add_task(task("abandoned", execute=abandoned))
            .add_task(task("long", execute=task_thread_func(long)))
            .build()
        )
        caller = asyncio.create_task(ended(processor.process_tasks(None)))
        await second.reached()
        await settled()  # the timeout of the first has been delivered
        second.open()
        assert isinstance(await caller, SdaxExecutionError)
        assert answers == [False]
        executor.finish()

    run(main())
