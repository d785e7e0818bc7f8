"""Functions without settings in a walk that somebody observes: most functions are such.

A run with an observer should take no longer than hand-written code without one. So this does in one place, and
without making anything that nobody looks at, what `_reported_function.py` and `_retrying.py` do for all functions.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from asyncio import current_task
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sdax_core._attempt import not_awaitable_error
from sdax_core._end_order import EndOrder
from sdax_core._lane import NOTHING
from sdax_core._observation import Observation
from sdax_core._plan import GuardedNode
from sdax_core._reported_attempt import end_badly
from sdax_core._reports import Attempt, FunctionCall

if TYPE_CHECKING:
    from sdax_core._walk import Walk


class ObservedWalk:
    """A walk together with those who observe it."""

    __slots__ = ("_ended", "_ends", "_names", "_observation", "_run", "_time", "_walk")

    def __init__(self, walk: Walk, observation: Observation, ends: EndOrder) -> None:
        self._walk = walk
        self._run = walk.run
        self._observation = observation
        self._ends = ends
        self._ended = ends.ended
        self._names = walk.names
        self._time = _clock_of(walk.loop)

    async def run_function(self, guarded: GuardedNode, ctx: Any) -> None:
        """Run one function and tell the observers when it starts and ends."""
        lane: Any = current_task()
        lane.set_name(guarded.name)
        if self._names is not None:
            self._names[lane] = guarded.name
        observation = self._observation
        call = FunctionCall(self._run, guarded, self._ends, self._time())
        if observation.function_started:
            observation.tell_all("function_started", observation.function_started, call)
        call.attempts = 1
        attempt: Attempt | None = None
        if observation.attempt_started or observation.attempt_ended:
            attempt = Attempt(call, 1, call.started_at)
            observation.tell_all("attempt_started", observation.attempt_started, attempt)
        returned: Any = NOTHING
        try:
            await (returned := guarded.settings.function(ctx))  # type: ignore[call-arg]
        except BaseException as error:
            trouble = _explained(error, guarded, returned)
            end_badly(call, self._walk, lane, trouble)
            if trouble is error:
                raise
            raise trouble from None
        else:
            call.ended_at = self._time()
            call.outcome = "succeeded"
        finally:
            self._ended[guarded.node] = len(self._ended)
            if attempt is not None:
                attempt.ended_at = call.ended_at
                attempt.outcome, attempt.error = call.outcome, call.error
                observation.tell_all("attempt_ended", observation.attempt_ended, attempt)
            for listener in observation.function_ended:  # `tell_all` without the call
                try:
                    listener[1](call)
                except BaseException as error:
                    observation.drop(listener, "function_ended", error)


def _clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Give the loop's clock; asyncio's own is a Python function around this one, and called twice per function."""
    is_asyncios = getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time
    return time.monotonic if is_asyncios else loop.time


def _explained(error: BaseException, guarded: GuardedNode, returned: object) -> BaseException:
    """Give the error that says that what the function returned cannot be awaited, if that is what happened."""
    if (
        isinstance(error, TypeError)
        and returned is not NOTHING
        and not inspect.isawaitable(returned)
    ):
        return not_awaitable_error(guarded.key, guarded.phase, guarded.settings.function, returned)
    return error
