"""Guarantee 40: a resource that dies while the run needs it ends the run, and says what it died of."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of
from sdax_core import SdaxExecutionError, StrayCancellationError, current_run
from sdax_helpers import resource, task, task_func


async def crash() -> None:
    await asyncio.sleep(3)
    raise ConnectionError("lost")


@asynccontextmanager
async def in_task_group(_: object) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        group.create_task(crash())
        yield


@asynccontextmanager
async def in_anyio_task_group(_: object) -> AsyncGenerator[None]:
    async with anyio.create_task_group() as group:
        group.start_soon(crash)
        yield


@asynccontextmanager
async def in_timeout(_: object) -> AsyncGenerator[None]:
    async with asyncio.timeout(3):
        yield


@asynccontextmanager
async def in_anyio_timeout(_: object) -> AsyncGenerator[None]:
    with anyio.fail_after(3):
        yield


@asynccontextmanager
async def in_callback_of_its_own(_: object) -> AsyncGenerator[None]:
    own = asyncio.current_task()
    assert own is not None
    timer = asyncio.get_running_loop().call_later(3, own.cancel)
    try:
        yield
    except asyncio.CancelledError:
        raise OSError("gone") from None
    finally:
        timer.cancel()


DEATHS: dict[Callable[[object], Any], type[Exception]] = {
    in_task_group: ConnectionError,
    in_anyio_task_group: ConnectionError,
    in_timeout: TimeoutError,
    in_anyio_timeout: TimeoutError,
    in_callback_of_its_own: OSError,
}
deadly = pytest.mark.parametrize("factory", DEATHS, ids=lambda factory: factory.__name__)


async def long(_: object) -> None:
    await asyncio.sleep(100)


def check(error: BaseException | None, factory: Callable[[object], Any]) -> None:
    assert isinstance(error, SdaxExecutionError)
    (failure,) = error.failures
    assert failure.task == "mortal"
    assert [type(leaf) for leaf in error.leaf_exceptions()] == [DEATHS[factory]]


@deadly
@pytest.mark.guarantee("40.10", "40.3")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_what_runs_is_cancelled_and_the_error_comes_out_once(
    run_anyio: Run, journal: Journal, factory: Callable[[object], Any], phase: Any
) -> None:
    log = EventLog()
    functions: Any = {phase: task_func(long)}
    processor = processor_of(
        resource("mortal", factory),
        (task("works", **functions, post_execute=journal.quick("cleaned")), "mortal"),
    )
    error = run_anyio(ended(processor.process_tasks(None, observers=[log])))

    check(error, factory)
    assert journal.timed == [(3, "cleaned")]
    call = log.call("works", phase)
    assert call.outcome == "cancelled"
    cause = call.cancel_cause
    assert cause is not None
    assert (cause.kind, cause.task) == ("resource", "mortal")
    assert isinstance(error, SdaxExecutionError)
    assert cause.error is error.exceptions[0]
    assert str(cause) == "sdax: the resource 'mortal' died"


@deadly
@pytest.mark.guarantee("40.10")
@pytest.mark.parametrize("phases", [1, 2])
def test_the_body_of_an_open_block_is_cancelled(
    run_anyio: Run, factory: Callable[[object], Any], phases: int
) -> None:
    async def block() -> None:
        async with processor_of(resource("mortal", factory)).open(None) as runner:
            for _ in range(phases):
                await runner.run_next()
            await asyncio.sleep(100)

    check(run_anyio(ended(block())), factory)


@deadly
@pytest.mark.guarantee("40.10", "40.4")
def test_what_depends_on_it_is_rolled_back(
    run_anyio: Run, factory: Callable[[object], Any]
) -> None:
    given: list[BaseException | None] = []

    @asynccontextmanager
    async def transaction(_: object) -> AsyncGenerator[None]:
        try:
            yield
        except BaseException as error:
            given.append(error)
            raise

    processor = processor_of(
        resource("mortal", factory), (resource("transaction", transaction, execute=long), "mortal")
    )
    check(run_anyio(ended(processor.process_tasks(None))), factory)
    assert isinstance(given[0], SdaxExecutionError)


@deadly
@pytest.mark.guarantee("40.10")
def test_one_that_is_optional_lets_the_run_go_on(
    run_anyio: Run, journal: Journal, factory: Callable[[object], Any]
) -> None:
    processor = processor_of(
        resource("mortal", factory, optional=True),
        task("works", execute=journal.takes("work", 5)),
    )

    async def main() -> list[BaseException]:
        async with processor.open(None) as runner:
            while await runner.run_next():
                pass
        return runner.failures()

    assert len(run_anyio(main())) == 1
    assert journal.timed == [(0, "work"), (5, "work ended")]


@deadly
@pytest.mark.guarantee("40.10")
def test_beside_a_cancel_its_error_is_a_note(
    run_anyio: Run, factory: Callable[[object], Any]
) -> None:
    async def slow_to_stop(_: object) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(5)

    processor = processor_of(resource("mortal", factory, execute=slow_to_stop))
    error = run_anyio(ended_after_cancels(processor.process_tasks(None), 1))

    assert isinstance(error, asyncio.CancelledError)
    assert notes(error).count("task 'mortal'") == 1


@deadly
@pytest.mark.guarantee("40.10", "40.6")
def test_in_cleanup_it_is_one_more_failure_and_disturbs_no_other(
    run_anyio: Run, journal: Journal, factory: Callable[[object], Any]
) -> None:
    processor = processor_of(
        resource("mortal", factory),
        (task("slow", post_execute=journal.takes("clean up", 50)), "mortal"),
    )
    check(run_anyio(ended(processor.process_tasks(None))), factory)
    assert journal.timed == [(0, "clean up"), (50, "clean up ended")]


@pytest.mark.guarantee("40.10", "40.6")
def test_one_that_is_still_dying_when_its_turn_comes_fails_once(run_anyio: Run) -> None:
    @asynccontextmanager
    async def dies_slowly(_: object) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(3):
                yield
        except TimeoutError:
            await asyncio.sleep(20)
            raise

    async def for_5_seconds(_: object) -> None:
        await asyncio.sleep(5)

    processor = processor_of(resource("mortal", dies_slowly, execute=for_5_seconds))
    error = run_anyio(ended(processor.process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    assert [(one.task, one.phase) for one in error.failures] == [("mortal", "post_execute")]


@pytest.mark.guarantee("40.10")
def test_one_that_was_ended_on_purpose_while_it_was_needed_is_a_failure_that_says_so(
    run_anyio: Run,
) -> None:
    async def end_it(ctx: SimpleNamespace) -> None:
        ctx.group.cancel_scope.cancel()
        await asyncio.sleep(100)

    processor = processor_of(
        resource("group", lambda _: anyio.create_task_group(), into="group", execute=end_it)
    )
    error = run_anyio(ended(processor.process_tasks(SimpleNamespace())))

    assert isinstance(error, SdaxExecutionError)
    (leaf,) = error.exceptions
    assert isinstance(leaf, StrayCancellationError)
    assert "the resource 'group' was cancelled by a task group" in str(leaf)
    assert isinstance(leaf.__cause__, asyncio.CancelledError)


@pytest.mark.guarantee("40.10", "40.3")
def test_in_cleanup_a_resource_may_be_ended_on_purpose(run_anyio: Run) -> None:
    async def end_it(ctx: SimpleNamespace) -> None:
        ctx.group.start_soon(anyio.sleep_forever)
        await asyncio.sleep(1)
        ctx.group.cancel_scope.cancel()
        await asyncio.sleep(1)

    processor = processor_of(
        resource("group", lambda _: anyio.create_task_group(), into="group"),
        (task("user", post_execute=task_func(end_it)), "group"),
    )
    assert run_anyio(ended(processor.process_tasks(SimpleNamespace()))) is None


@pytest.mark.guarantee("40.10", "16.3")
def test_an_interrupt_out_of_a_resource_that_dies_comes_out_as_it_is(run_anyio: Run) -> None:
    class Interrupt(BaseException):
        pass

    interrupt = Interrupt()

    @asynccontextmanager
    async def interrupted(_: object) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(3):
                yield
        except TimeoutError:
            raise interrupt from None

    async def block() -> None:
        async with processor_of(resource("mortal", interrupted)).open(None) as runner:
            await runner.run_next()
            await asyncio.sleep(100)

    processor = processor_of(resource("mortal", interrupted, execute=long))
    assert run_anyio(ended(processor.process_tasks(None))) is interrupt
    assert run_anyio(ended(block())) is interrupt


@pytest.mark.guarantee("40.10")
def test_the_run_is_over_when_the_last_of_a_dying_resource_is(
    run_anyio: Run, journal: Journal
) -> None:
    """Its `post_execute` waits for it, also if that comes while it is being left."""

    @asynccontextmanager
    async def dies_slowly(_: object) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(3):
                yield
        finally:
            await asyncio.sleep(20)
            journal.write(f"left in {current_run().phase}")

    async def until_cancelled(_: object) -> None:
        await asyncio.sleep(10)

    processor = processor_of(resource("mortal", dies_slowly, execute=until_cancelled))
    run_anyio(ended(processor.process_tasks(None)))
    assert journal.timed == [(23, "left in post_execute")]
