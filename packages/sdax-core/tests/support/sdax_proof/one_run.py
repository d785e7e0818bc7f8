"""One run of one graph by one plan, and all that can be seen of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import random
import sys
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, cast

from sdax_proof.behaviour import RunContext, phase_value, run_context, shared
from sdax_proof.building import Processor, Runner, build
from sdax_proof.disturbing import Disturbance
from sdax_proof.graph_spec import GraphSpec, Phase
from sdax_proof.own_clock import OwnClock
from sdax_proof.plans import LoopKind, Plan
from sdax_proof.running import run
from sdax_proof.trace import Trace
from sdax_proof.virtual_clock import Deadlock, Runaway, VirtualClockLoop
from sdax_proof.watching import RecordingObserver, logged, observer_for, only_proceed

_PAUSE = 0.5
"""Seconds."""
_LEAVING = {"leave after pre_execute": 1, "leave after execute": 2}


@dataclass(eq=False)
class Result:
    """What a run did and left."""

    graph: GraphSpec
    plan: Plan
    trace: Trace
    raised: BaseException | None = None
    """What came out of `process_tasks` or of the `open` block."""
    around: BaseException | None = None
    """What came out of the `asyncio.timeout` around it."""
    runner: Runner | None = None
    """The phase runner, if there was one."""
    observer: RecordingObserver | None = None
    """Who looked on."""
    logged: list[logging.LogRecord] = field(default_factory=list[logging.LogRecord])
    """What sdax logged."""
    steps: int = 0
    """Steps of the loop from the run's first one to its end."""
    problems: list[str] = field(default_factory=list[str])
    """Broken promises that are seen without the oracle."""


def run_once(graph: GraphSpec, plan: Plan, processor: Processor | None = None) -> Result:
    """Run the graph once, the same each time; a hang is a problem in the result.

    It changes what belongs to the whole process. Threads call `run_in_thread`.
    """
    random.seed(0)  # The delays before retries: a replay must be the same.
    with _anyio_imported(plan.anyio or plan.cancelling.how == "scope"), logged() as records:
        result = run_in_thread(graph, plan, processor or build(graph))
    result.logged = records
    return result


def run_in_thread(graph: GraphSpec, plan: Plan, processor: Processor) -> Result:
    """Run the graph once, on a loop of this thread."""
    [result] = run_together(graph, [plan], processor)
    return result


def run_together(graph: GraphSpec, plans: list[Plan], processor: Processor) -> list[Result]:
    """Run the graph by all plans at once, on one loop of this thread: the loop of the first plan.

    Only one of the plans may count steps; rounds and timeouts may be used by any number.
    """
    results: list[Result] = []

    async def main() -> None:
        for plan in plans:
            results.append(Result(graph, plan, Trace(asyncio.get_running_loop(), graph)))
        await _observe(results, processor)

    loop = plans[0].loop
    try:
        run(main(), factory=loop.factory, debug=loop.debug, make_loop=_maker(loop))
    except (Deadlock, Runaway) as error:
        results[0].problems.append(f"20: the run hangs: {error}")
    except KeyboardInterrupt as error:
        if not any(_is_known(error, result.trace) for result in results):
            raise
        results[0].problems.append(f"16: {error!r} tore through the event loop")
    return results


def _is_known(error: BaseException, trace: Trace) -> bool:
    interruptions = [interruption for _, interruption in trace.interruptions]
    return any(error is known for known in [*interruptions, *(c.error for c in trace.calls)])


def _maker(kind: LoopKind) -> Callable[[], asyncio.AbstractEventLoop]:
    if not kind.uvloop:
        return VirtualClockLoop
    import uvloop

    return uvloop.new_event_loop


@contextlib.contextmanager
def _anyio_imported(wanted: bool) -> Generator[None]:
    """Hide anyio from `sys.modules`, where test tools may have put it, unless it is wanted."""
    if wanted:
        importlib.import_module("anyio")
        yield
        return
    hidden = {name: module for name, module in sys.modules.items() if name == "anyio"}
    for name in hidden:
        del sys.modules[name]
    try:
        yield
    finally:
        sys.modules.update(hidden)


async def _observe(results: list[Result], processor: Processor) -> None:
    loop = asyncio.get_running_loop()

    def complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        results[0].problems.append(f"20: the loop complains: {context}")

    loop.set_exception_handler(complain)
    shared.set("base")
    phase_value.set("one call")
    callers = [asyncio.create_task(_call(result, processor)) for result in results]
    await asyncio.wait(callers)
    for result, caller in zip(results, callers, strict=True):
        if not caller.cancelled() and caller.exception() is not None:
            result.problems.append(f"the proof itself fails: {caller.exception()!r}")
    _look_for_leftovers(results[0], loop)


def _look_for_leftovers(result: Result, loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    result.problems += [f"20: this task is left behind: {task!r}" for task in left]
    if isinstance(loop, VirtualClockLoop):
        timers = loop.pending_timers()
        result.problems += [f"20: this timer is left behind: {timer!r}" for timer in timers]


async def _call(result: Result, processor: Processor) -> None:
    task = asyncio.current_task()
    assert task is not None
    trace = result.trace
    ctx = RunContext(trace, task, result.plan)
    run_context.set(ctx)
    disturbance = Disturbance(result.plan.cancelling, trace, task)
    trace.begun = trace.now()

    async def body() -> None:
        try:
            await _use(result, processor, ctx)
        except BaseException as error:
            result.raised = error
            raise
        finally:
            trace.ended = trace.now()
            result.steps = disturbance.end()

    # What comes out of the call is in `result`; the loop itself must not see a KeyboardInterrupt.
    with contextlib.suppress(BaseException):
        await _around(result, disturbance, body)
    if shared.get() != "base":
        result.problems.append(f"26: the caller sees {shared.get()!r}")


async def _around(
    result: Result, disturbance: Disturbance, body: Callable[[], Awaitable[None]]
) -> None:
    match result.plan.cancelling.how:
        case "timeout":
            try:
                disturbance.watch_timeout(result.plan.cancelling.seconds)
                async with asyncio.timeout(result.plan.cancelling.seconds):
                    await body()
            except BaseException as error:
                result.around = error
        case "scope":
            import anyio

            with anyio.CancelScope() as scope:
                disturbance.scope = scope
                await body()
        case _:
            await body()


async def _use(result: Result, processor: Processor, ctx: RunContext) -> None:
    use = result.plan.use
    settings = _settings(result, ctx)
    if use == "process_tasks":
        await processor.process_tasks(ctx, **settings)
        return
    async with processor.open(ctx, **settings) as runner:
        result.runner = runner
        try:
            await _run_phases(result, runner, ctx)
        finally:
            result.trace.left_body = result.trace.latest()


async def _run_phases(result: Result, runner: Runner, ctx: RunContext) -> None:
    use = result.plan.use
    for _ in range(_LEAVING.get(use, 3)):
        if use == "open with pauses":
            await asyncio.sleep(_PAUSE)
        phase = cast("Phase", str(runner.next_phase_id()))
        result.trace.phases[phase] = result.trace.latest()
        ctx.phase_value = phase
        phase_value.set(phase)
        if not await runner.run_next():
            break


def _settings(result: Result, ctx: RunContext) -> dict[str, Any]:
    plan = result.plan
    settings: dict[str, Any] = {}
    result.observer = observer_for(plan, result.trace)
    if plan.timeout is not None:
        settings["timeout"] = plan.timeout
    if result.observer is not None:
        settings["observers"] = [result.observer]
    if plan.watching == "silent":
        settings["interceptors"] = [only_proceed]
    if plan.own_clock:
        settings |= {"clock": OwnClock(), "rng": ctx.rng}
    return settings
