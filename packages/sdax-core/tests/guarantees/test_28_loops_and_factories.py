"""Guarantee 28: event loops, task factories, and names for debugging."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from guarantee_support import CLOCK_KINDS, Journal, LoopKind, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    SdaxError,
    SdaxTaskGroup,
    TaskFunction,
)
from sdax_proof import FACTORIES, set_factory

PHASES = ("pre_execute", "execute", "post_execute")
LAZY = LoopKind(name="lazy")


class Watched(asyncio.Task[Any]):
    """A Task that the program's own factory made."""


Factory = Callable[..., asyncio.Task[Any]]


def watched_factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Watched:
    return Watched(coro, loop=loop, **options)


def strict_factory(loop: asyncio.AbstractEventLoop, coro: Any, *, context: Any = None) -> Watched:
    """It accepts what it must accept and nothing else."""
    return Watched(coro, loop=loop, context=context)


def old_factory(loop: asyncio.AbstractEventLoop, coro: Any) -> Watched:
    """As factories were written before Python 3.11."""
    return Watched(coro, loop=loop)


FUNCTION_SETTINGS = pytest.mark.parametrize(
    "settings",
    [{}, {"timeout": 60}, {"retries": 2}, {"has_task_group_argument": True}],
    ids=str,
)


def lifecycle(
    function: Callable[..., Any], settings: dict[str, Any]
) -> AsyncDagTaskProcessorBuilder[None]:
    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("auth", "user"):
        functions: dict[str, Any] = dict.fromkeys(PHASES, TaskFunction(function, **settings))
        builder.add_task(AsyncTask(name, **functions), () if name == "auth" else ("auth",))
    return builder


async def pause(_: object) -> None:
    await asyncio.sleep(1)


@pytest.mark.guarantee("28.1")
@pytest.mark.parametrize("factory", [watched_factory, strict_factory])
@pytest.mark.parametrize("debug", [False, True])
@FUNCTION_SETTINGS
def test_every_function_runs_in_a_task_of_the_loops_factory(
    factory: Factory, debug: bool, settings: dict[str, Any]
) -> None:
    classes: list[type[Any]] = []

    async def part() -> None:
        classes.append(type(asyncio.current_task()))

    async def function(_: object, group: SdaxTaskGroup | None = None) -> None:
        classes.append(type(asyncio.current_task()))
        await asyncio.sleep(1)
        if group is not None and factory is watched_factory:
            group.create_task(part())

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        await lifecycle(function, settings).build().process_tasks(None)

    LoopKind(name="own factory", debug=debug).run(main())

    assert len(classes) >= 6
    assert set(classes) == {Watched}


@pytest.mark.guarantee("28.2")
@FUNCTION_SETTINGS
def test_a_factory_that_does_not_accept_a_context_is_a_clear_error(
    journal: Journal, settings: dict[str, Any]
) -> None:
    async def function(_: object, _group: SdaxTaskGroup | None = None) -> None:
        journal.write("begun")

    async def main() -> BaseException | None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(old_factory)
        try:
            return await ended(lifecycle(function, settings).build().process_tasks(None))
        finally:
            loop.set_task_factory(None)

    error = LAZY.run(main())

    assert isinstance(error, SdaxError)
    assert str(error).startswith(
        f"the event loop's task factory {old_factory!r} could not make a Task: it must accept "
        "(loop, coroutine, **kwargs) with context= among the keyword arguments; "
        "it raised TypeError: "
    )
    assert isinstance(error.__cause__, TypeError)
    assert journal.events == []


@pytest.mark.guarantee("28.3")
@FUNCTION_SETTINGS
def test_a_whole_lifecycle_works_on_every_kind_of_loop(
    run_anywhere: Run, journal: Journal, settings: dict[str, Any]
) -> None:
    async def function(_: object, group: SdaxTaskGroup | None = None) -> None:
        journal.write("begun")
        await asyncio.sleep(0)
        if group is not None:
            group.create_task(asyncio.sleep(0))
        journal.write("done")

    run_anywhere(lifecycle(function, settings).build().process_tasks(None))

    pre, execute, post = journal.events[:4], journal.events[4:8], journal.events[8:]
    assert pre == post == ["begun", "done", "begun", "done"]
    assert sorted(execute) == ["begun", "begun", "done", "done"]  # beside each other


@pytest.mark.guarantee("28.3")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.12 brought the eager task factory")
@pytest.mark.skipif(
    sys.version_info >= (3, 13),
    reason="uvloop 0.23 with the eager task factory fails on 3.13 without sdax, too",
)
def test_a_whole_lifecycle_works_on_uvloop_with_the_eager_task_factory(journal: Journal) -> None:
    async def function(_: object) -> None:
        journal.write("begun")
        await asyncio.sleep(0)

    kind = LoopKind(name="uvloop, eager", factory=FACTORIES[1], uvloop=True)
    kind.run(lifecycle(function, {}).build().process_tasks(None))

    assert len(journal.events) == 6


@pytest.mark.guarantee("28.3")
def test_a_factory_that_changes_between_runs_and_within_one_is_followed(
    run: Run, journal: Journal
) -> None:
    """The factory is asked for anew whenever a Task is made."""
    processor = lifecycle(pause, {}).build()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for factory in FACTORIES:
            set_factory(loop, factory)
            await processor.process_tasks(None)
            loop.set_task_factory(None)
        async with processor.open(None) as runner:
            while await runner.run_next():
                set_factory(loop, "custom")

    run(main())


@pytest.mark.guarantee("28.4")
@pytest.mark.parametrize(
    "kind",
    [
        LoopKind(name=f"{kind.name} in debug mode", factory=kind.factory, debug=True)
        for kind in CLOCK_KINDS
    ],
    ids=lambda kind: kind.name,
)
@FUNCTION_SETTINGS
@pytest.mark.parametrize("seconds", [0, 1])
def test_in_debug_mode_the_task_bears_the_name_of_the_function(
    kind: LoopKind, settings: dict[str, Any], seconds: float
) -> None:
    inside: list[str] = []
    outside: set[str] = set()

    async def function(_: object, _group: SdaxTaskGroup | None = None) -> None:
        task = asyncio.current_task()
        assert task is not None
        inside.append(task.get_name())
        if seconds:
            await asyncio.sleep(seconds)
            inside.append(task.get_name())

    async def main() -> None:
        task = asyncio.create_task(lifecycle(function, settings).build().process_tasks(None))
        while not task.done():
            outside.update(one.get_name() for one in asyncio.all_tasks())
            await asyncio.sleep(0.5)

    kind.run(main())

    names = {f"sdax: {name}.{phase}" for name in ("auth", "user") for phase in PHASES}
    assert set(inside) == names
    if seconds:
        assert len(inside) == 12
        assert names <= outside


@pytest.mark.guarantee("28.5")
@pytest.mark.skipif(sys.version_info < (3, 14), reason="3.14 brought asyncio's call graph")
def test_who_awaits_whom_can_be_seen(journal: Journal) -> None:
    awaited_by: list[set[str]] = []

    async def main() -> None:
        gate = asyncio.Event()
        builder = AsyncDagTaskProcessor[None].builder()
        builder.add_task(AsyncTask("auth", pre_execute=journal.waits("auth", gate)))
        task = asyncio.create_task(builder.build().process_tasks(None), name="the run")
        await asyncio.sleep(1)
        for one in asyncio.all_tasks():
            if one.get_name() == "sdax: auth.pre_execute":
                graph: Any = getattr(asyncio, "capture_call_graph")(one)  # noqa: B009 - new in 3.14
                awaited_by.append({by.future.get_name() for by in graph.awaited_by})
        gate.set()
        await task

    LoopKind(name="debug", debug=True).run(main())

    assert awaited_by == [{"the run"}]
