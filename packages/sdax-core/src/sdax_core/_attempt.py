"""One attempt of a function with settings: timeout, task group.

A function without settings never comes here: a lane awaits it as it is.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Coroutine, Hashable
from contextvars import Context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, cast

from sdax_core._notes import add_note
from sdax_core._open_lanes import Lane
from sdax_core._phase_id import PhaseId
from sdax_core._plan import GuardedNode
from sdax_core._task_group import SdaxTaskGroup
from sdax_core._timer import Timer, run_timed

if TYPE_CHECKING:
    from sdax_core._walk import Walk


def run_attempt(
    walk: Walk, guarded: GuardedNode, ctx: Any, lane: Lane | None = None
) -> Coroutine[Any, Any, Any]:
    """Make one attempt, within its time limit and with a task group of its own.

    Args:
        walk: The walk that runs the function.
        guarded: The function and its settings.
        ctx: The context of the run.
        lane: The asyncio Task that runs the function, if an interceptor may go on in another one.
    """
    limit = guarded.settings.timeout
    if limit is None:
        # Most functions with retries: no coroutine is put around the call, and the Task that runs it is not
        # looked up, which takes long on Python 3.11.
        return _call(guarded, ctx)
    return _run_within(limit, walk, guarded, ctx, lane or current_lane())


async def _run_within(limit: float, walk: Walk, guarded: GuardedNode, ctx: Any, lane: Lane) -> None:
    timer = Timer(walk.loop, lane, limit)
    try:
        await run_timed(_call(guarded, ctx), timer)
    except asyncio.CancelledError as error:
        if timer.fired and not walk.was_cancel_asked(lane):
            raise TimeoutError(_timeout_message(guarded)) from error
        raise
    except Exception as error:
        if timer.fired:  # the function turned the timeout into another error (guarantee 22)
            add_note(error, f"sdax: raised on a timeout: {_timeout_message(guarded)}")
        raise
    finally:
        timer.stop()


def _call(guarded: GuardedNode, ctx: Any) -> Coroutine[Any, Any, Any]:
    if guarded.settings.has_task_group_argument:
        return _call_in_task_group(guarded, ctx)
    return _as_coroutine(guarded, guarded.settings.call(ctx, _NO_TASK_GROUP))


async def _call_in_task_group(guarded: GuardedNode, ctx: Any) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            await _as_coroutine(guarded, guarded.settings.call(ctx, _Subtasks(group)))
    except BaseExceptionGroup as group_error:
        errors = group_error.exceptions
        failure = errors[0] if len(errors) == 1 else group_error
    else:
        return
    # Raised outside the handler: the error keeps the cause and context it came with (guarantee 24).
    raise failure


def _as_coroutine(guarded: GuardedNode, returned: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    if isinstance(returned, CoroutineType):
        return cast("Coroutine[Any, Any, Any]", returned)
    if not inspect.isawaitable(returned):
        raise not_awaitable_error(guarded.key, guarded.phase, guarded.settings.function, returned)
    return _wait_for(returned)


async def _wait_for(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _timeout_message(guarded: GuardedNode) -> str:
    limit = guarded.settings.timeout
    return f"task {guarded.key!r}, {guarded.phase}: not done within its timeout of {limit} seconds"


def not_awaitable_error(
    key: Hashable, phase: PhaseId, function: object, value: object
) -> TypeError:
    """The error for a function that returned something that cannot be awaited (guarantee 25)."""
    name = getattr(function, "__qualname__", repr(function))
    right = "make it an `async def`, or wrap a plain function with task_sync_func"
    if inspect.isasyncgen(value):
        right = "it has a `yield`: make a resource of it, or take the yield away"
    return TypeError(
        f"task {key!r}, {phase}: {name} returned {type(value).__name__}, which cannot be awaited; {right}"
    )


def current_lane() -> Lane:
    """The asyncio Task that runs the calling function."""
    task = asyncio.current_task()
    assert task is not None  # only lanes, which are Tasks, call functions
    return task


class _Subtasks(SdaxTaskGroup):
    """The task group of one attempt: an `asyncio.TaskGroup` behind sdax's face."""

    __slots__ = ("_group",)

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group

    def create_task(
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        try:
            return self._group.create_task(coro, name=name, context=context)
        except (
            RuntimeError
        ):  # the attempt is over; asyncio refuses, and before 3.13 forgets to close
            coro.close()
            raise


_NO_TASK_GROUP: Any = None
