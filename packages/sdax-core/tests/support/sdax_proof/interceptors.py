"""Interceptors that do what their description says, and write the trace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from sdax_proof.behaviour import Boom, Retryable, RunContext, run_context
from sdax_proof.events import Call
from sdax_proof.graph_spec import FunctionSpec, InterceptorSpec, Phase
from sdax_proof.sightings import see_the_run
from sdax_proof.trace import Trace
from sdax_proof.verdicts import timed_out

if TYPE_CHECKING:
    from sdax_core import Attempt

Proceed = Callable[[], Awaitable[Any]]


class DescribedInterceptor:
    """Does what `spec` says.

    Args:
        spec: What to do.
        number: Its place around the function, from the outside in; the outermost one, 0, writes down when
            the attempt begins and ends.
    """

    def __init__(self, spec: InterceptorSpec, number: int) -> None:
        self._spec = spec
        self._number = number

    def __repr__(self) -> str:
        return f"<interceptor {self._number}: {self._spec.kind}>"

    async def __call__(self, attempt: Attempt, proceed: Proceed) -> Any:
        ctx = run_context.get()
        trace = ctx.trace
        if self._number:
            call = trace.active_call()
            assert call is not None, "an interceptor runs in the asyncio task of its function"
            await self._around(ctx, call, proceed)
            return
        call = _begun(trace, attempt)
        attempt.report("began", task=call.task)
        see_the_run(trace, ctx.plan, call.phase, call.name)
        try:
            await self._around(ctx, call, proceed)
        except BaseException as error:
            trace.end(call, error)
            raise
        else:
            trace.end(call, None)

    async def _around(self, ctx: RunContext, call: Call, proceed: Proceed) -> None:
        if call.layers != list(range(self._number)):
            ctx.trace.problems.append(f"35: {call.name}: {call.layers} before {self._number}")
        call.layers.append(self._number)
        await _wait(ctx.trace, call, self._spec.before)
        if self._spec.kind == "raise before":
            raise Boom(f"{call.name}: interceptor {self._number}, before")
        if self._spec.kind != "stay outside":
            await self._proceed(ctx, call, proceed)
        if self._spec.kind == "raise after":
            raise Boom(f"{call.name}: interceptor {self._number}, after")
        if self._spec.kind == "twice":
            await proceed()
        await _wait(ctx.trace, call, self._spec.after)

    async def _proceed(self, ctx: RunContext, call: Call, proceed: Proceed) -> None:
        try:
            await proceed()
        except Exception as error:
            if self._number == len(interceptors_of(ctx.trace, call.spec)) - 1:
                _check_what_comes_out(ctx.trace, call, error)
            if self._spec.kind == "swallow":
                return
            if self._spec.kind == "replace":
                raise Retryable(f"{call.name}: interceptor {self._number}, instead") from error
            raise


def interceptors_of(trace: Trace, spec: FunctionSpec) -> tuple[InterceptorSpec, ...]:
    """All interceptors around a function, from the outside in."""
    return trace.graph.interceptors + spec.interceptors


def _begun(trace: Trace, attempt: Attempt) -> Call:
    keys = [spec.key for spec in trace.graph.tasks]
    task, phase = keys.index(attempt.call.task), cast("Phase", str(attempt.call.phase))
    spec = trace.graph.tasks[task].function(phase)
    assert spec is not None
    call = trace.begin(task, phase, spec)
    call.intercepted = True
    call.entered = None
    if attempt.number != call.attempt + 1 or attempt.call.attempts != attempt.number:
        trace.problems.append(f"34: {call.name} is said to be number {attempt.number}")
    if attempt.ended_at is not None or attempt.outcome is not None:
        trace.problems.append(f"34: {call.name} is said to have ended before it begins")
    return call


async def _wait(trace: Trace, call: Call, seconds: float | None) -> None:
    if seconds is None:
        return
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        call.cancels.append(trace.now())
        raise


def _check_what_comes_out(trace: Trace, call: Call, error: Exception) -> None:
    """The innermost interceptor sees the function's own error, or its timeout, or its subtasks'."""
    if error is call.own_error or call.subtasks:
        return
    if isinstance(error, TimeoutError) and timed_out(call, trace.latest()):
        return
    trace.problems.append(f"35: {error!r} came out of {call.name}, and not {call.own_error!r}")
