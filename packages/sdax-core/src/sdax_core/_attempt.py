"""One function with settings: timeout, retries, task group.

A function without settings never comes here: a lane awaits it as it is.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Coroutine, Generator, Hashable
from contextvars import Context
from types import CoroutineType, coroutine
from typing import TYPE_CHECKING, Any, cast

from sdax_core._errors import flatten_exceptions
from sdax_core._notes import add_note, describe
from sdax_core._open_lanes import Lane
from sdax_core._phase_id import PhaseId
from sdax_core._plan import GuardedNode
from sdax_core._task_function import TaskFunction
from sdax_core._task_group import SdaxTaskGroup

if TYPE_CHECKING:
    from sdax_core._walk import Walk


async def run_guarded(walk: Walk, guarded: GuardedNode, ctx: Any) -> None:
    """Make attempts until one succeeds, none is left, or the error is not one to retry (guarantee 23)."""
    settings = guarded.settings
    lane = current_lane()
    retry = 0
    while True:
        try:
            await _attempt(walk, guarded, lane, ctx)
            return
        except Exception as error:
            final = retry >= settings.retries or walk.was_cancel_asked(lane)
            if final or not _is_retryable(error, settings.retryable_exceptions):
                raise
            last = error
        await _wait_to_retry(walk, guarded, lane, retry, last)
        retry += 1
        walk.attempts[guarded.node] = retry + 1


async def _attempt(walk: Walk, guarded: GuardedNode, lane: Lane, ctx: Any) -> None:
    limit = guarded.settings.timeout
    if limit is None:
        await _call(guarded, ctx)
        return
    timer = _Timer(walk.loop, lane, limit)
    try:
        await _run_timed(_call(guarded, ctx), timer)
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


async def _wait_to_retry(
    walk: Walk, guarded: GuardedNode, lane: Lane, retry: int, last: Exception
) -> None:
    try:
        if walk.cancel_may_survive:
            await _drop_surviving_cancel(walk, lane)
        await asyncio.sleep(retry_delay(guarded.settings, retry))
    except asyncio.CancelledError:
        walk.run.remark(
            f"sdax: task {guarded.key!r}, {guarded.phase}: cancelled while waiting for attempt "
            f"{retry + 2}; attempt {retry + 1} had failed with {describe(last)}"
        )
        raise


async def _drop_surviving_cancel(walk: Walk, lane: Lane) -> None:
    """Let a cancel that a TaskGroup left pending on this Task go off where it does no harm."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        if walk.was_cancel_asked(lane):
            raise


def _timeout_message(guarded: GuardedNode) -> str:
    limit = guarded.settings.timeout
    return f"task {guarded.key!r}, {guarded.phase}: not done within its timeout of {limit} seconds"


def not_awaitable_error(
    key: Hashable, phase: PhaseId, function: object, value: object
) -> TypeError:
    """The error for a function that returned something that cannot be awaited (guarantee 25)."""
    name = getattr(function, "__qualname__", repr(function))
    return TypeError(
        f"task {key!r}, {phase}: {name} returned {type(value).__name__}, which cannot be awaited; "
        "make it an `async def`, or wrap a plain function with task_sync_func"
    )


def retry_delay(settings: TaskFunction[Any], retry: int) -> float:
    """Seconds to wait before `retry`, which counts from 0. Finite whatever it is (guarantee 23)."""
    import random  # most processes never retry, and it is slow to import

    try:
        delay = settings.initial_delay * float(settings.backoff_factor) ** retry
    except OverflowError:
        delay = sys.float_info.max if settings.initial_delay else 0.0
    return min(delay, sys.float_info.max) * random.uniform(0.5, 1.0)


def current_lane() -> Lane:
    """The asyncio Task that runs the calling function."""
    task = asyncio.current_task()
    assert task is not None  # only lanes, which are Tasks, call functions
    return task


def _is_retryable(error: Exception, retryable: tuple[type[BaseException], ...]) -> bool:
    return all(isinstance(leaf, retryable) for leaf in flatten_exceptions(error))


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


class _Timer:
    """The deadline of one attempt. Its timer is made only if the function suspends."""

    __slots__ = ("_handle", "_lane", "_loop", "_when", "fired")

    def __init__(self, loop: asyncio.AbstractEventLoop, lane: Lane, limit: float) -> None:
        self._loop = loop
        self._lane = lane
        self._when = loop.time() + limit
        self._handle: asyncio.TimerHandle | None = None
        self.fired = False

    def start(self) -> None:
        if self._when <= self._loop.time():
            self._fire()
        else:
            self._handle = self._loop.call_at(self._when, self._fire)

    def stop(self) -> None:
        if self.fired:
            self._lane.uncancel()
        elif self._handle is not None:
            self._handle.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._lane.cancel()


@coroutine
def _run_timed(call: Coroutine[Any, Any, Any], timer: _Timer) -> Generator[Any, Any, None]:
    """Awaits `call`, starting `timer` only once it has suspended: most calls in a fast graph never do."""
    try:
        suspended_on = call.send(None)
    except StopIteration:
        return
    timer.start()
    while True:
        try:
            yield suspended_on
        except BaseException as error:
            try:
                suspended_on = call.throw(error)
            except StopIteration:
                return
        else:
            # A Task resumes with None, and so does `yield from`: it can take over a coroutine that has begun.
            yield from call
            return
