"""Guarantee 40: programs that end, scopes that repeat their cancel, and task factories."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, settled
from guarantee_support.graphs import processor_of
from sdax_core import AsyncDagTaskProcessor, Attempt, OwnerTask, current_run
from sdax_helpers import resource, task, task_func
from sdax_proof import FACTORIES, Factory, running_loop
from sdax_proof import run as run_on_virtual_clock


async def forever(_: object) -> None:
    await asyncio.sleep(1000)


def slow(journal: Journal, name: str, seconds: float = 0, **settings: Any) -> Any:
    """A resource that takes its time to be left, and tells when it is."""

    @asynccontextmanager
    async def factory(_: object) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            try:
                await asyncio.sleep(seconds)
                journal.write(f"{name} left")
            except asyncio.CancelledError:
                journal.write(f"{name} cancelled")
                raise

    return resource(name, factory, **settings)


def chain(journal: Journal, seconds: float = 0, **settings: Any) -> AsyncDagTaskProcessor[Any, Any]:
    return processor_of(
        slow(journal, "a", seconds),
        (slow(journal, "b", seconds), "a"),
        (slow(journal, "c", seconds, **settings), "b"),
    )


@pytest.mark.guarantee("40.8")
@pytest.mark.parametrize("debug", [False, True])
def test_asyncio_run_that_ends_with_runs_in_flight_leaves_all_in_order(
    journal: Journal, debug: bool
) -> None:
    processor = chain(journal, execute=forever)
    running: list[asyncio.Task[None]] = []

    async def main() -> None:
        running.append(asyncio.create_task(processor.process_tasks(None)))
        await settled()

    asyncio.run(main(), debug=debug)

    assert running[0].cancelled()
    assert journal.events == ["c left", "b left", "a left"]


@pytest.mark.guarantee("40.8", "19.3")
def test_so_does_a_block_whose_body_is_running(journal: Journal) -> None:
    async def block() -> None:
        async with chain(journal).open(None) as runner:
            await runner.run_next()
            await asyncio.sleep(1000)

    async def main() -> None:
        running.append(asyncio.create_task(block()))
        await settled()

    running: list[asyncio.Task[None]] = []
    asyncio.run(main())

    assert running[0].cancelled()
    assert journal.events == ["c left", "b left", "a left"]


@pytest.mark.guarantee("40.8", "40.13")
def test_a_run_that_was_never_closed_does_not_keep_asyncio_run_from_ending(
    journal: Journal,
) -> None:
    async def main() -> None:
        await chain(journal).open(None).run_next()

    asyncio.run(main())

    assert sorted(journal.events) == ["a left", "b left", "c left"]


@pytest.mark.guarantee("40.8")
def test_whoever_cancels_the_task_of_a_resource_from_outside_is_not_heard(
    run: Run, journal: Journal
) -> None:
    owners: list[asyncio.Task[Any] | None] = []

    @asynccontextmanager
    async def factory(_: object) -> AsyncGenerator[None]:
        owners.append(asyncio.current_task())
        await asyncio.sleep(2)
        journal.write("entered")
        yield
        await asyncio.sleep(2)
        journal.write("left")

    async def main() -> None:
        running = asyncio.create_task(processor_of(resource("r", factory)).process_tasks(None))
        for _ in range(40):
            await asyncio.sleep(0.1)
            for owner in owners:
                assert owner is not None
                assert not owner.cancel()
        await running

    run(main())
    assert journal.timed == [(2, "entered"), (4, "left")]


@pytest.mark.guarantee("40.8")
def test_a_task_that_is_cancelled_before_its_first_step_begins_all_the_same(
    run_anywhere: Run, journal: Journal
) -> None:
    """Or what waits for it would wait for ever."""

    async def hold() -> None:
        journal.write("begun")

    async def make(_: object) -> None:
        owner = OwnerTask(hold(), "key")
        owner.cancel()
        await asyncio.wait((owner.task,))

    run_anywhere(processor_of(task("t", pre_execute=task_func(make))).process_tasks(None))
    assert journal.events == ["begun"]


@pytest.mark.guarantee("40.15")
@pytest.mark.parametrize("factory", FACTORIES)
def test_leaving_in_a_cancelled_anyio_scope_does_not_keep_the_loop_spinning(
    factory: Factory | None, journal: Journal
) -> None:
    async def main() -> int:
        before = running_loop().cycles
        with anyio.move_on_after(5):
            await chain(journal, 60, execute=forever).process_tasks(None)
        return running_loop().cycles - before

    assert run_on_virtual_clock(main(), factory=factory) < 100
    assert journal.timed == [(65, "c left"), (125, "b left"), (185, "a left")]


@pytest.mark.guarantee("40.15")
@pytest.mark.parametrize("phase", ["pre_execute", "post_execute"])
@pytest.mark.parametrize("factory", FACTORIES)
def test_neither_does_one_that_an_interceptor_has_opened(
    factory: Factory | None, journal: Journal, phase: str
) -> None:
    async def in_scope(attempt: Attempt, proceed: Callable[[], Awaitable[Any]]) -> None:
        if attempt.call.phase != phase:
            await proceed()
            return
        with anyio.move_on_after(5):
            await proceed()

    @asynccontextmanager
    async def stubborn(_: object) -> AsyncGenerator[None]:
        await persist(60)
        try:
            yield
        finally:
            await persist(60)
            journal.write("left")

    async def persist(seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                journal.write("cancelled")

    async def main() -> int:
        before = running_loop().cycles
        running = processor_of(resource("r", stubborn)).process_tasks(None, interceptors=[in_scope])
        await ended(running)
        return running_loop().cycles - before

    assert run_on_virtual_clock(main(), factory=factory) < 100
    cancelled_at = 5 if phase == "pre_execute" else 65
    assert journal.timed == [(cancelled_at, "cancelled"), (120, "left")]


@pytest.mark.guarantee("40.15", "28.1")
def test_the_task_factory_of_the_loop_makes_the_task_of_a_resource(journal: Journal) -> None:
    class OwnTask(asyncio.Task[Any]):
        pass

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        return OwnTask(coro, loop=loop, **options)

    kinds: list[type] = []

    @asynccontextmanager
    async def see(_: object) -> AsyncGenerator[None]:
        kinds.append(type(asyncio.current_task()))
        yield

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        await processor_of(resource("r", see)).process_tasks(None)

    asyncio.run(main())
    assert kinds == [OwnTask]


@pytest.mark.guarantee("40.15", "20.3")
def test_a_task_factory_that_refuses_is_a_failure_and_leaves_nothing(run_anywhere: Run) -> None:
    def refuse(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        raise RuntimeError("no more")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        kept = loop.get_task_factory()

        async def enter(_: object) -> None:
            loop.set_task_factory(refuse)
            coroutine = nothing()
            try:
                with pytest.raises(RuntimeError, match="no more"):
                    OwnerTask(coroutine, "key")
            finally:
                loop.set_task_factory(kept)

        async def nothing() -> None: ...

        await processor_of(task("t", pre_execute=task_func(enter))).process_tasks(None)

    run_anywhere(main())


@pytest.mark.guarantee("40.13")
def test_what_was_left_is_not_held_any_more(run_anywhere: Run, journal: Journal) -> None:
    seen: list[tuple[str, set[Any]]] = []

    async def see(_: object) -> None:
        seen.append((current_run().phase, set(current_run().held)))

    processor = processor_of(
        task("last", post_execute=task_func(see)),
        (slow(journal, "a"), "last"),
        (slow(journal, "b", execute=see), "a"),
    )
    run_anywhere(processor.process_tasks(None))
    assert seen == [("execute", {"a", "b"}), ("post_execute", set())]


@pytest.mark.guarantee("40.13", "21.3")
def test_a_cancel_of_its_own_making_out_of_leaving_is_a_failure(run: Run) -> None:
    @asynccontextmanager
    async def strays(_: object) -> AsyncGenerator[None]:
        yield
        raise asyncio.CancelledError

    error = run(ended(processor_of(resource("r", strays)).process_tasks(None)))
    assert "raised CancelledError, but nobody had asked it to stop" in str(
        getattr(error, "exceptions", "")
    )


@pytest.mark.guarantee("40.8")
def test_the_cancel_of_a_second_shutdown_is_that_of_a_cleanup(run: Run, journal: Journal) -> None:
    """As any cleanup that runs it is cancelled; what was not begun is left in full."""

    async def main() -> None:
        processor = chain(journal, 2)
        running = asyncio.create_task(ended_after_cancels(processor.process_tasks(None), 0.5))
        await asyncio.sleep(1)
        for one in asyncio.all_tasks() - {asyncio.current_task(), running}:
            one.cancel()
        await running

    run(main())
    assert journal.timed == [(0.5, "c cancelled"), (1, "b cancelled"), (3, "a left")]
