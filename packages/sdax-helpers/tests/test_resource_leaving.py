"""Guarantee 40: what a resource is left with, and what becomes of what it raises then."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, settled
from guarantee_support.graphs import processor_of
from sdax_core import AsyncDagTaskProcessor, Attempt, SdaxExecutionError, current_run
from sdax_helpers import resource, task, task_func

Exit = Callable[[BaseException | None], Awaitable[Any]]


class Manager:
    """A context manager whose `__aexit__` is given as a function of the error."""

    def __init__(self, leave: Exit, given: list[BaseException | None]) -> None:
        self._leave = leave
        self._given = given

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> Any:
        assert kind is (None if error is None else type(error))
        assert traceback is (None if error is None else error.__traceback__)
        self._given.append(error)
        return await self._leave(error)


async def nothing(_: object) -> None:
    await asyncio.sleep(0)


async def failing(_: object) -> None:
    await asyncio.sleep(0)
    raise ValueError("execute")


async def sleeping(_: object) -> None:
    await asyncio.sleep(100)


def held(
    leave: Exit, execute: Exit, **options: Any
) -> tuple[AsyncDagTaskProcessor[Any, Any], list[BaseException | None]]:
    given: list[BaseException | None] = []
    made = resource("held", lambda _: Manager(leave, given), execute=execute)
    return processor_of(made, **options), given


def leaves(error: BaseException | None) -> list[BaseException]:
    assert isinstance(error, SdaxExecutionError)
    return list(error.exceptions)


@pytest.mark.guarantee("40.4")
def test_a_run_that_succeeds_leaves_its_resources_with_nothing(run_anywhere: Run) -> None:
    processor, given = held(nothing, nothing)
    run_anywhere(processor.process_tasks(None))
    assert given == [None]


@pytest.mark.guarantee("40.4")
def test_a_run_that_failed_leaves_them_with_its_failures(run_anywhere: Run) -> None:
    processor, given = held(nothing, failing)
    error = run_anywhere(ended(processor.process_tasks(None)))
    assert leaves(given[0]) == leaves(error)


@pytest.mark.guarantee("40.4")
def test_a_cancelled_run_leaves_them_with_the_cancellation(run: Run) -> None:
    processor, given = held(nothing, sleeping)
    error = run(ended_after_cancels(processor.process_tasks(None), 5))
    assert isinstance(error, asyncio.CancelledError)
    assert given == [error]


@pytest.mark.guarantee("40.4")
def test_a_run_past_its_deadline_leaves_them_with_the_timeout(run: Run) -> None:
    processor, given = held(nothing, sleeping)
    error = run(ended(processor.process_tasks(None, timeout=5)))
    assert isinstance(error, TimeoutError)
    assert given == [error]


@pytest.mark.guarantee("40.4")
def test_a_body_that_raised_leaves_them_with_its_error(run_anywhere: Run) -> None:
    processor, given = held(nothing, nothing)
    trouble = KeyError("body")

    async def block() -> None:
        async with processor.open(None) as runner:
            await runner.run_next()
            raise trouble

    assert run_anywhere(ended(block())) is trouble
    assert given == [trouble]


@pytest.mark.guarantee("40.4")
def test_a_failed_cleanup_rolls_back_what_is_left_after_it(run_anywhere: Run) -> None:
    given: list[BaseException | None] = []
    processor = processor_of(
        resource("transaction", lambda _: Manager(nothing, given)),
        (task("flush", post_execute=task_func(failing)), "transaction"),
    )
    error = run_anywhere(ended(processor.process_tasks(None)))
    assert leaves(given[0]) == leaves(error)


@pytest.mark.guarantee("40.5")
def test_a_resource_cannot_suppress_what_it_is_left_with(run: Run) -> None:
    async def swallow(_: object) -> bool:
        return True

    processor, _ = held(swallow, failing)
    assert isinstance(leaves(run(ended(processor.process_tasks(None))))[0], ValueError)
    processor, _ = held(swallow, sleeping)
    error = run(ended_after_cancels(processor.process_tasks(None), 5))
    assert isinstance(error, asyncio.CancelledError)


async def raises_it(error: BaseException | None) -> None:
    if error is not None:
        raise error


async def raises_its_leaf(error: BaseException | None) -> None:
    raise leaves(error)[0]


async def wraps_it(error: BaseException | None) -> None:
    assert error is not None
    raise BaseExceptionGroup("wrapped", [BaseExceptionGroup("twice", [error])]) from None


@pytest.mark.guarantee("40.6")
@pytest.mark.parametrize("leave", [raises_it, raises_its_leaf, wraps_it])
def test_to_raise_what_it_was_left_with_is_no_new_failure(run_anywhere: Run, leave: Exit) -> None:
    processor, given = held(leave, failing)
    error = run_anywhere(ended(processor.process_tasks(None)))
    assert [type(leaf) for leaf in leaves(error)] == [ValueError]
    assert given[0] is not None
    assert given[0].__traceback__ is None


async def raises_another_cancellation(_: object) -> None:
    raise asyncio.CancelledError("another")


@pytest.mark.guarantee("40.6")
@pytest.mark.parametrize("leave", [raises_it, wraps_it, raises_another_cancellation])
def test_neither_is_it_after_a_cancel(run: Run, leave: Exit) -> None:
    processor, _ = held(leave, sleeping)
    error = run(ended_after_cancels(processor.process_tasks(None), 5))
    assert isinstance(error, asyncio.CancelledError)
    assert not hasattr(error, "__notes__")


@pytest.mark.guarantee("40.6")
def test_of_what_is_partly_new_the_new_part_is_a_failure(run_anywhere: Run) -> None:
    one, two = OSError(1, "one"), OSError(2, "two")

    async def adds(error: BaseException | None) -> None:
        assert isinstance(error, Exception)
        raise ExceptionGroup("mixed", [one, ExceptionGroup("inner", [error, two])])

    processor, _ = held(adds, failing)
    error = run_anywhere(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    first, second = error.failures
    assert (first.task, first.phase, second.task, second.phase) == (
        "held", "execute", "held", "post_execute",
    )  # fmt: skip
    assert error.leaf_exceptions() == [first.exception, one, two]


@pytest.mark.guarantee("40.6")
@pytest.mark.parametrize("execute", [nothing, failing])
def test_what_is_new_is_the_failure_of_its_post_execute_as_it_is(
    run_anywhere: Run, execute: Exit
) -> None:
    new = ExceptionGroup("mine", [OSError()])

    async def fails(_: object) -> None:
        raise new

    processor, _ = held(fails, execute)
    error = run_anywhere(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert error.failures[-1].exception is new
    assert error.failures[-1].phase == "post_execute"


@pytest.mark.guarantee("40.6", "16.3")
def test_an_interrupt_while_entering_or_leaving_comes_out_as_it_is(run_anywhere: Run) -> None:
    class Interrupt(BaseException):
        pass

    interrupt = Interrupt()

    async def interrupts(_: object) -> None:
        raise interrupt

    @asynccontextmanager
    async def entering(_: object) -> AsyncGenerator[None]:
        raise interrupt
        yield

    processor, _ = held(interrupts, nothing)
    assert run_anywhere(ended(processor.process_tasks(None))) is interrupt
    processor = processor_of(resource("held", entering))
    assert run_anywhere(ended(processor.process_tasks(None))) is interrupt


@pytest.mark.guarantee("40.8", "18.1", "18.2")
def test_a_first_cancel_during_cleanup_cancels_leaving_once_and_no_other(
    run: Run, journal: Journal
) -> None:
    async def taking(seconds: float, name: str) -> None:
        try:
            await asyncio.sleep(seconds)
            journal.write(f"{name} left")
        except asyncio.CancelledError:
            journal.write(f"{name} cancelled")
            raise

    def slow(name: str) -> Any:
        @asynccontextmanager
        async def factory(_: object) -> AsyncGenerator[None]:
            try:
                yield
            finally:
                await taking(2, name)

        return resource(name, factory)

    processor = processor_of(slow("a"), (slow("b"), "a"))
    error = run(ended_after_cancels(processor.process_tasks(None), 1, 1.5, 2))

    assert isinstance(error, asyncio.CancelledError)
    assert journal.timed == [(1, "b cancelled"), (3, "a left")]


@pytest.mark.guarantee("40.13", "20.1", "19.5")
def test_past_cleanup_timeout_what_was_not_left_is_left_all_the_same_but_may_not_wait(
    run: Run, journal: Journal
) -> None:
    @asynccontextmanager
    async def slow(ctx: str) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            journal.write("leaving")
            try:
                await asyncio.sleep(100)
            finally:
                journal.write("cut")

    processor = processor_of(
        resource("first", slow),
        (resource("second", slow), "first"),
        (resource("third", slow), "second"),
        cleanup_timeout=5,
    )
    error = run(ended(processor.process_tasks("")))

    assert [type(leaf) for leaf in leaves(error)] == [TimeoutError]
    assert "cancelled: 'third'; not started: 'first', 'second'" in str(leaves(error)[0])
    assert journal.timed == [
        (0, "leaving"),
        (5, "cut"),
        (5, "leaving"),
        (5, "cut"),
        (5, "leaving"),
        (5, "cut"),
    ]


@pytest.mark.guarantee("40.13", "20.1")
@pytest.mark.parametrize("fails", [False, True])
def test_an_interceptor_that_does_not_go_on_keeps_no_resource_from_being_left(
    run_anywhere: Run, fails: bool
) -> None:
    async def refuse_cleanup(attempt: Attempt, proceed: Callable[[], Awaitable[Any]]) -> None:
        if attempt.call.phase != "post_execute":
            await proceed()

    async def leave(_: object) -> None:
        await asyncio.sleep(0)
        if fails:
            raise OSError

    processor, given = held(leave, nothing)
    error = run_anywhere(ended(processor.process_tasks(None, interceptors=[refuse_cleanup])))

    assert given == [None]
    if fails:
        assert isinstance(error, SdaxExecutionError)
        assert [failure.task for failure in error.failures] == ["held"]
    else:
        assert error is None


@pytest.mark.guarantee("40.13")
def test_cancels_while_the_run_lets_go_of_what_is_left_change_nothing(
    run: Run, journal: Journal
) -> None:
    async def refuse_cleanup(attempt: Attempt, proceed: Callable[[], Awaitable[Any]]) -> None:
        if attempt.call.phase != "post_execute":
            await proceed()

    @asynccontextmanager
    async def slow(_: object) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await asyncio.sleep(5)
            journal.write("left")

    processor = processor_of(resource("a", slow), (resource("b", slow), "a"))
    running = processor.process_tasks(None, interceptors=[refuse_cleanup])
    error = run(ended_after_cancels(running, 2, 3, 7))

    assert isinstance(error, asyncio.CancelledError)
    assert journal.timed == [(5, "left"), (10, "left")]


@pytest.mark.guarantee("40.4")
def test_leaving_sees_the_run(run_anywhere: Run) -> None:
    outcomes: list[str] = []

    async def see(_: object) -> None:
        await asyncio.sleep(0)
        outcomes.append(f"{current_run().phase}, {current_run().outcome}")

    for execute in (nothing, failing):
        processor, _ = held(see, execute)
        run_anywhere(ended(processor.process_tasks(None)))

    assert outcomes == ["post_execute, succeeded", "post_execute, failed"]


@pytest.mark.guarantee("40.14", "28.4")
def test_in_debug_mode_the_task_of_a_resource_bears_its_name() -> None:
    async def main() -> None:
        processor, _ = held(nothing, sleeping)
        running = asyncio.create_task(processor.process_tasks(None))
        await settled()
        assert "sdax: held.resource" in {one.get_name() for one in asyncio.all_tasks()}
        running.cancel()
        await asyncio.wait((running,))

    asyncio.run(main(), debug=True)
