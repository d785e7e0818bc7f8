"""The pump for where a Task cannot be started eagerly: Python 3.11, and a loop with a task factory.

Its lanes are created in growing bursts, one per event-loop cycle. A task factory is respected (guarantee 28); it may
start Tasks eagerly itself, so that a lane may have begun, or ended, when its Task has been created.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from inspect import CORO_CREATED, getcoroutinestate
from typing import TYPE_CHECKING, Any, cast

from sdax_core._errors import TaskFactoryError
from sdax_core._lane import run_lane
from sdax_core._lane_task import LaneTask, watch_cancels

if TYPE_CHECKING:
    from sdax_core._walk import Walk

_BURST_OF_SUSPENDING = 16
"""How many lanes are created at once where functions have been seen to suspend."""


class BurstPump:
    """Creates lanes, which begin in the next cycle, until there is one for every ready node.

    While functions have not been seen to suspend it creates 1, 2, 4, ... lanes, one burst per cycle, so
    that functions which never do share one. There is one chain of bursts at a time; while it lasts the
    ready nodes count as covered, also inside a burst: a task factory may start Tasks eagerly, and
    bursts must not start bursts.
    """

    __slots__ = ("_handle", "_has_factory", "not_begun")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._handle: asyncio.Handle | None = None
        self._has_factory = loop.get_task_factory() is not None
        self.not_begun = 0
        """Lanes that will take a ready node each when they begin."""

    def fill(self, walk: Walk, leave: int) -> None:
        """See to it that all ready nodes but `leave` get a lane."""
        # Who leaves a node for itself is a lane that was resumed: functions do suspend here.
        self._burst(walk, leave, _BURST_OF_SUSPENDING if leave else 1)

    def open_lane(self, walk: Walk) -> None:
        """Create one lane; unless the task factory is eager it begins in the next cycle."""
        only = walk.pop_owner() if walk.kept else None
        context = walk.base.copy() if only is None else walk.kept[only]
        walk.open += 1
        if only is None:
            self.not_begun += 1
            if not self._has_factory:
                # No ticket: `LaneTask.cancel` tells if the lane is cancelled before it begins.
                lane = LaneTask(
                    run_lane(walk, context, None, self), loop=walk.loop, context=context
                )
                lane.walk, lane.pump = walk, self
                walk.lanes.append(lane)
                return
        else:
            # Not before this lane, whose turn it is, has begun (guarantee 9).
            walk.may_begin = False
        self._open_with_ticket(walk, context, only)

    def use(self, lane: asyncio.Task[Any]) -> None:
        """Account for a lane that begins; called by the lane."""
        self.not_begun -= 1

    def note_cancel(self, lane: LaneTask, walk: Walk) -> None:
        """Account for a lane that is being cancelled before it has begun: now it never will."""
        coroutine = cast("Coroutine[Any, Any, None]", lane.get_coro())
        if not lane.cancelling() and getcoroutinestate(coroutine) == CORO_CREATED:
            lane.add_done_callback(Ticket(walk, self, None))

    def close(self) -> None:
        """Take back the burst that is scheduled."""
        if self._handle is not None:
            self._handle.cancel()

    def _open_with_ticket(self, walk: Walk, context: Context, only: int | None) -> None:
        ticket = Ticket(walk, self, only)
        coroutine = run_lane(walk, context, only, ticket)
        try:
            lane = self._make_task(walk, coroutine, context)
        except Exception as error:
            coroutine.close()
            walk.break_down(_factory_error(walk.loop, error))
            ticket(None)
            return
        if not lane.done():
            walk.lanes.append(lane)
            if walk.stopped:  # by what an eager lane did in its first step
                walk.lanes.cancel_missed(lane)
            if walk.shows_lanes:
                walk.show_lane(lane)
            if not ticket.used:
                lane.add_done_callback(ticket)

    def _make_task(
        self, walk: Walk, coroutine: Coroutine[Any, Any, None], context: Context
    ) -> asyncio.Task[None]:
        if self._has_factory:
            made = walk.loop.create_task(coroutine, context=context)
            watch_cancels(made, walk)
            return made
        lane = LaneTask(coroutine, loop=walk.loop, context=context)
        lane.walk = walk
        return lane

    def _next_burst(self, walk: Walk, size: int) -> None:
        # No lane is running now, so one that has begun and is still open has suspended.
        suspends = walk.open > self.not_begun
        self._burst(walk, 0, max(size, _BURST_OF_SUSPENDING) if suspends else size)

    def _burst(self, walk: Walk, leave: int, size: int) -> None:
        walk.covered = True
        left = size
        while left and self._is_lane_wanted(walk, leave):
            self.open_lane(walk)
            left -= 1
        walk.covered = not left and self._is_lane_wanted(walk, leave)
        if walk.covered:
            self._handle = walk.loop.call_soon(self._next_burst, walk, size * 2, context=walk.base)

    def _is_lane_wanted(self, walk: Walk, leave: int) -> bool:
        uncovered = len(walk.ready) - leave - self.not_begun
        return uncovered > 0 and walk.open < walk.limit and walk.may_begin


class Ticket:
    """Tells whether a lane has begun: a Task that is cancelled before its first step never enters its coroutine.

    It is the Task's done callback until the lane has begun.
    """

    __slots__ = ("_only", "_pump", "_walk", "used")

    def __init__(self, walk: Walk, pump: BurstPump, only: int | None) -> None:
        self._walk = walk
        self._pump = pump
        self._only = only
        self.used = False

    def use(self, lane: asyncio.Task[Any]) -> None:
        """Account for a lane that begins; called by the lane."""
        lane.remove_done_callback(self)
        walk = self._walk
        self._settle()
        if self._only is not None and walk.ready and not walk.covered:
            self._pump.fill(walk, leave=0)

    def __call__(self, _: asyncio.Task[Any] | None) -> None:
        """Account for a lane that will never begin."""
        self._settle()
        if self._only is not None:
            self._walk.ready.appendleft(self._only)
        self._walk.lane_closed()

    def _settle(self) -> None:
        self.used = True
        if self._only is None:
            self._pump.not_begun -= 1
        else:
            self._walk.may_begin = not self._walk.stopped


def _factory_error(loop: asyncio.AbstractEventLoop, error: Exception) -> TaskFactoryError:
    factory = loop.get_task_factory()
    made = TaskFactoryError(
        f"the event loop's task factory {factory!r} could not make a Task: it must accept "
        f"(loop, coroutine, **kwargs) with context= among the keyword arguments; it raised "
        f"{type(error).__name__}: {error}"
    )
    made.__cause__ = error
    return made
