# /// script
# requires-python = ">=3.12"
# dependencies = [
#     "aiodag==0.4",
#     "anyio==4.16.0",
#     "pydantic-graph==2.68.0",
#     "sdax==0.7.2",
#     "sf-hamilton==1.90.0",
#     "wave-executor==0.3.0",
# ]
# ///
"""What other libraries do when two functions fail and a third still runs: `uv run scripts/compare_failures.py`.

docs/explanation/comparison.md says it in words.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from types import ModuleType
from typing import Any

third = ""


async def bad(*_: object) -> None:
    """Fail."""
    await asyncio.sleep(0.05)
    raise ValueError("bad")


async def worse(*_: object) -> None:
    """Fail at the same moment."""
    await asyncio.sleep(0.05)
    raise KeyError("worse")


async def slow(*_: object) -> None:
    """Take longer, and say what has become of it."""
    global third
    third = "was left running"
    try:
        await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        third = "was cancelled"
        raise
    third = "finished"


FUNCTIONS: dict[str, Callable[..., Awaitable[None]]] = {"bad": bad, "worse": worse, "slow": slow}


def library(name: str) -> Any:
    """The module, of which nothing is known where the types of this project are checked."""
    return import_module(name)


async def gather() -> object:
    """Plain asyncio, of old."""
    return await asyncio.gather(*(run() for run in FUNCTIONS.values()))  # noqa: TID251 - compared


async def task_group() -> None:
    """Plain asyncio, from 3.11 on."""
    async with asyncio.TaskGroup() as group:
        for function in FUNCTIONS.values():
            group.create_task(call(function))


async def call(function: Callable[..., Awaitable[None]]) -> None:
    """Make a coroutine of it."""
    await function()


async def anyio_task_group() -> None:
    """Run them in a task group of anyio."""
    async with library("anyio").create_task_group() as group:
        for function in FUNCTIONS.values():
            group.start_soon(function)


async def sdax_0_7() -> None:
    """Three tasks, none of which depends on another."""
    sdax = library("sdax")
    builder = sdax.AsyncDagTaskProcessor.builder()
    for name, function in FUNCTIONS.items():
        builder.add_task(sdax.task(name, execute=sdax.task_func(function)))
    await builder.build().process_tasks(None)


async def wave_executor() -> object:
    """Give it no retries and no circuit breaker."""
    wave = library("wave_executor")
    config = wave.WaveConfig(
        emit_events=False,
        circuit_breaker_enabled=False,
        max_retries=0,
        total_execution_timeout=None,
    )

    async def execute(key: str, _: object) -> None:
        await FUNCTIONS[key]()

    graph: dict[str, set[str]] = {name: set() for name in FUNCTIONS}
    result = await wave.DAGExecutor(config).execute(dict.fromkeys(FUNCTIONS), graph, execute)
    return {key: outcome.status for key, outcome in result.task_results.items()}


async def aiodag() -> object:
    """Make three of its tasks, and await them all."""
    task = library("aiodag").task
    return await asyncio.gather(*(task(run)() for run in FUNCTIONS.values()))  # noqa: TID251 - its way


async def pydantic_graph() -> object:
    """Three steps between the start and a join."""
    graph = library("pydantic_graph")
    join = library("pydantic_graph.join")
    builder = graph.GraphBuilder(output_type=list)

    def step(name: str, function: Callable[..., Awaitable[None]]) -> Any:
        async def run(_: object) -> int:
            await function()
            return 1

        return builder.step(run, node_id=name)

    steps = [step(*item) for item in FUNCTIONS.items()]
    collect = builder.join(join.reduce_list_append, initial_factory=list)
    builder.add(
        builder.edge_from(builder.start_node).to(*steps),
        builder.edge_from(*steps).to(collect),
        builder.edge_from(collect).to(builder.end_node),
    )
    return await builder.build().run()


async def hamilton() -> object:
    """A module with three functions."""
    module = ModuleType("compared")
    sys.modules[module.__name__] = module
    for name, function in FUNCTIONS.items():
        vars(module)[f"_{name}"] = function
        exec(f"async def {name}(x: int) -> int:\n    return await _{name}()", vars(module))
    driver = library("hamilton.async_driver").Builder().with_modules(module).build_without_init()
    return await driver.execute(list(FUNCTIONS), inputs={"x": 1})


async def show(run: Callable[[], Awaitable[object]]) -> None:
    """Print what comes out, and what the third function is doing then."""
    try:
        result = f"returns {await run()}"
    except Exception as error:
        result = f"raises {error!r}"
    print(f"{run.__name__}: {result}; the third {third}", flush=True)


def main() -> None:
    """Each in an event loop of its own."""
    logging.disable()  # some print a failure at length
    for run in (
        gather,
        task_group,
        anyio_task_group,
        sdax_0_7,
        wave_executor,
        aiodag,
        pydantic_graph,
        hamilton,
    ):
        asyncio.run(show(run))


if __name__ == "__main__":
    main()
