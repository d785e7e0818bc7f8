"""Turns the behaviours of a graph into coroutine functions that write the trace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from sdax_core import current_run

from sdax_proof.events import Call, Subtask
from sdax_proof.graph_spec import Behaviour, FunctionSpec, Phase, Step
from sdax_proof.plans import Plan
from sdax_proof.sightings import see_the_run
from sdax_proof.trace import Trace

LINGERING = 0.25
"""Seconds for which a lingering function goes on when it is cancelled."""

shared: ContextVar[str] = ContextVar("shared")
"""The variable that functions set; each must see its own task's value or that of the caller."""
phase_value: ContextVar[str] = ContextVar("phase_value")
"""What the caller sets anew before each phase."""
run_context: ContextVar[RunContext] = ContextVar("run_context")
"""The `ctx` of the run, for what is not given it."""


class Boom(Exception):
    """A failure that is not retried."""


class Halt(BaseException):
    """Neither an Exception nor a cancellation."""


class Retryable(ConnectionError):
    """A failure that is retried."""


class TaskGroupLike(Protocol):
    """What a function sees of its task group."""

    def create_task(self, coro: Any, *, name: str | None = None) -> asyncio.Task[Any]: ...


@dataclass(eq=False)
class TaskState:
    """What the functions of one task hand on to each other."""

    tokens: list[Token[str]] = field(default_factory=list[Token[str]])
    values: list[str] = field(default_factory=list[str])
    """What `shared` must be: the newest value that is set and not reset, or the base."""
    has_set: bool = False


@dataclass(eq=False)
class RunContext:
    """The `ctx` of a run."""

    trace: Trace
    run_task: asyncio.Task[Any]
    plan: Plan = field(default_factory=Plan)
    rng: Random = field(default_factory=lambda: Random(0))
    phase_value: str = "one call"
    """What the caller had set when it began the phase."""
    states: dict[int, TaskState] = field(default_factory=dict[int, TaskState])

    def state(self, task: int) -> TaskState:
        """The state of one task."""
        return self.states.setdefault(task, TaskState())


def make_function(task: int, phase: Phase, spec: FunctionSpec) -> Callable[..., Awaitable[None]]:
    """The coroutine function for one phase of one task."""

    async def with_group(ctx: RunContext, group: TaskGroupLike) -> None:
        await _attempt(ctx, task, phase, spec, group)

    async def without_group(ctx: RunContext) -> None:
        await _attempt(ctx, task, phase, spec, None)

    return with_group if spec.task_group else without_group


async def _attempt(
    ctx: RunContext, task: int, phase: Phase, spec: FunctionSpec, group: TaskGroupLike | None
) -> None:
    call = ctx.trace.enter(task, phase, spec)
    try:
        see_the_run(ctx.trace, ctx.plan, phase, call.name)
        _check_context(ctx, call)
        await _perform(ctx, call, group)
    except BaseException as error:
        ctx.trace.leave(call, error)
        raise
    else:
        ctx.trace.leave(call, None)


def _check_context(ctx: RunContext, call: Call) -> None:
    state = ctx.state(call.task)
    expected = state.values[-1] if state.values else "base"
    seen = shared.get()
    if seen != expected:
        ctx.trace.problems.append(f"26: {call.name} sees {seen!r} and not {expected!r}")
    # A task that set something keeps its Context, and with it what the caller had set by then.
    if not state.has_set and phase_value.get() != ctx.phase_value:
        ctx.trace.problems.append(f"26: {call.name} sees {phase_value.get()!r} of its caller")


async def _perform(ctx: RunContext, call: Call, group: TaskGroupLike | None) -> None:
    behaviour = call.behaviour
    try:
        for step in behaviour.steps:
            await _step(ctx, call, group, step)
        _finish(call, behaviour)
    except asyncio.CancelledError as cancelled:
        if cancelled is call.stray:
            raise
        call.cancels.append(ctx.trace.now())
        await _cancelled(ctx, call, cancelled)


async def _cancelled(ctx: RunContext, call: Call, cancelled: asyncio.CancelledError) -> None:
    match call.behaviour.on_cancel:
        case "obey":
            raise cancelled
        case "fail":
            raise Boom(f"{call.name} in its cancel handler")
        case "swallow":
            return
        case "linger" | "outlast":
            try:
                await asyncio.sleep(LINGERING)
            except asyncio.CancelledError:
                call.cancels.append(ctx.trace.now())
                raise
            if call.behaviour.on_cancel == "linger":
                raise cancelled


def _finish(call: Call, behaviour: Behaviour) -> None:
    match behaviour.ending:
        case "return":
            return
        case "fail":
            raise Boom(f"{call.name} failed")
        case "fail retryable":
            raise Retryable(f"{call.name} failed for now")
        case "fail group":
            raise ExceptionGroup(f"{call.name} failed twice", [Boom("first"), Retryable("second")])
        case "stray cancel":
            call.stray = asyncio.CancelledError(f"{call.name} unasked")
            raise call.stray
        case "keyboard interrupt":
            raise KeyboardInterrupt(f"{call.name} interrupted")
        case "halt":
            raise Halt(f"{call.name} halted")
        case "keyboard interrupt group":
            raise BaseExceptionGroup(f"{call.name} grouped", [KeyboardInterrupt(), Boom("beside")])


async def _step(  # noqa: C901 - one case for each kind of step
    ctx: RunContext, call: Call, group: TaskGroupLike | None, step: Step
) -> None:
    state = ctx.state(call.task)
    match step.kind:
        case "sleep":
            await asyncio.sleep(step.seconds)
        case "set variable":
            value = f"{call.name} set {len(state.values)}"
            state.tokens.append(shared.set(value))
            state.values.append(value)
            state.has_set = True
        case "reset variable":
            if state.tokens:
                state.values.pop()
                _reset(ctx, call, state.tokens.pop())
        case "caught group":
            call.opaque = True
            await _caught_group(step.seconds)
        case "caught timeout":
            call.opaque = True
            await _caught_timeout(step.seconds)
        case "subtask" | "failing subtask":
            if group is not None:
                _spawn(ctx, call, group, step)
        case "cancel run":
            ctx.trace.request_cancel(ctx.run_task, from_inside=True)
        case "fail run":
            ctx.trace.fail_run(call.task, Boom(f"what {call.name} holds has died"))


def _reset(ctx: RunContext, call: Call, token: Token[str]) -> None:
    try:
        shared.reset(token)
    except ValueError as error:
        ctx.trace.problems.append(f"26: {call.name} could not reset: {error}")


async def _caught_group(seconds: float) -> None:
    async def fail() -> None:
        await asyncio.sleep(seconds)
        raise Boom("caught inside")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await asyncio.sleep(seconds + 1)
    except* Boom:
        pass


async def _caught_timeout(seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.sleep(seconds + 1)
    except TimeoutError:
        pass


def _spawn(ctx: RunContext, call: Call, group: TaskGroupLike, step: Step) -> None:
    subtask = Subtask()

    async def child() -> None:
        subtask.begun = ctx.trace.now()
        if current_run() is not ctx.trace.handle:
            ctx.trace.problems.append(f"31: a subtask of {call.name} sees another run")
        try:
            await asyncio.sleep(step.seconds)
            if step.kind == "failing subtask":
                raise Boom(f"{call.name}: its subtask failed")
        except BaseException as error:
            subtask.error = error
            raise
        finally:
            subtask.ended = ctx.trace.now()

    coroutine = child()
    try:
        group.create_task(coroutine)
    except RuntimeError:  # The group is shutting down.
        coroutine.close()
        raise
    call.subtasks.append(subtask)
