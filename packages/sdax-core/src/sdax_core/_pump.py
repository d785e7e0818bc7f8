"""Pumps: how lanes are opened while nodes are ready.

From Python 3.12 on an asyncio Task can be started eagerly: its first step runs inside the constructor, so that a
lane whose functions never suspend needs no event-loop cycle at all. On 3.11, and on a loop with a task factory
(which is respected, guarantee 28), lanes are created in growing bursts, one per cycle.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any

from sdax_core._errors import TaskFactoryError
from sdax_core._lane import run_lane
from sdax_core._lane_task import LaneTask, watch_cancels

if TYPE_CHECKING:
    from sdax_core._walk import Walk

CAN_START_EAGERLY = sys.version_info >= (3, 12)
_BURST_OF_RESUMED = 16
_START_EAGERLY: Any = LaneTask  # `eager_start` is unknown to the type checkers for 3.11


class EagerPump:
    """Starts lanes at once, one after another, until few enough nodes are ready."""

    __slots__ = ("_walk",)

    not_begun = 0

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def fill(self, leave: int) -> None:
        """Open lanes until at most `leave` nodes are ready, or no lane may be opened."""
        walk, ready = self._walk, self._walk.ready
        walk.covered = True
        while len(ready) > leave and walk.open < walk.limit and not walk.stopped:
            self.open_lane()
        walk.covered = False

    def open_lane(self) -> None:
        """Open one lane; it has run up to its first suspension when this returns."""
        walk = self._walk
        context, only = walk.next_lane()
        walk.open += 1
        coroutine = run_lane(walk, context, only)
        lane = _START_EAGERLY(coroutine, loop=walk.loop, context=context, eager_start=True)
        if not lane.done():
            lane.walk = walk
            walk.add_lane(lane)

    def close(self) -> None:
        """Do nothing: this pump schedules nothing, and a lane that has begun accounts for itself."""


class BurstPump:
    """Creates lanes, which begin in the next cycle, until there is one for every ready node.

    While functions have not been seen to suspend it creates 1, 2, 4, ... lanes, one burst per cycle, so
    that functions which never do share one. There is one chain of bursts at a time; while it lasts the
    ready nodes count as covered, also inside a burst: a task factory may start Tasks eagerly, and
    bursts must not start bursts.
    """

    __slots__ = ("_handle", "not_begun", "walk")

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self._handle: asyncio.Handle | None = None
        self.not_begun = 0
        """Lanes that will take a ready node each when they begin."""

    def fill(self, leave: int) -> None:
        """See to it that all ready nodes but `leave` get a lane."""
        # Who leaves a node for itself is a lane that was resumed: functions do suspend here.
        self._burst(leave, _BURST_OF_RESUMED if leave else 1)

    def open_lane(self) -> None:
        """Create one lane; unless the task factory is eager it begins in the next cycle."""
        walk = self.walk
        context, only = walk.next_lane()
        ticket = Ticket(self, only)
        if only is not None:
            ticket.park(walk.ready)
        coroutine = run_lane(walk, context, only, ticket)
        walk.open += 1
        self.not_begun += only is None
        try:
            lane = self._make_task(coroutine, context)
        except Exception as error:
            coroutine.close()
            walk.break_down(_factory_error(walk.loop, error))
            ticket(None)
            return
        if not lane.done():
            walk.add_lane(lane)
            if not ticket.used:
                lane.add_done_callback(ticket)

    def close(self) -> None:
        """Take back the burst that is scheduled."""
        if self._handle is not None:
            self._handle.cancel()

    def _make_task(
        self, coroutine: Coroutine[Any, Any, None], context: Context
    ) -> asyncio.Task[None]:
        walk = self.walk
        if walk.loop.get_task_factory() is not None:
            made = walk.loop.create_task(coroutine, context=context)
            watch_cancels(made, walk)
            return made
        lane = LaneTask(coroutine, loop=walk.loop, context=context)
        lane.walk = walk
        return lane

    def _burst(self, leave: int, size: int) -> None:
        walk = self.walk
        walk.covered = True
        left = size
        while left and self._is_lane_wanted(leave):
            self.open_lane()
            left -= 1
        walk.covered = not left and self._is_lane_wanted(leave)
        if walk.covered:
            self._handle = walk.loop.call_soon(self._burst, 0, size * 2, context=walk.base)

    def _is_lane_wanted(self, leave: int) -> bool:
        walk = self.walk
        uncovered = len(walk.ready) - leave - self.not_begun
        return uncovered > 0 and walk.open < walk.limit and not walk.stopped


class Ticket:
    """Tells whether a lane has begun: a Task that is cancelled before its first step never enters its coroutine.

    It is the Task's done callback until the lane has begun.
    """

    __slots__ = ("_only", "_parked", "_pump", "used")

    def __init__(self, pump: BurstPump, only: int | None) -> None:
        self._pump = pump
        self._only = only
        self._parked: list[int] = []
        self.used = False

    def park(self, ready: deque[int]) -> None:
        """Keep what is ready from beginning before this lane, whose turn it is, has begun (guarantee 9)."""
        self._parked.extend(ready)
        ready.clear()

    def use(self, lane: asyncio.Task[Any]) -> None:
        """Account for a lane that begins; called by the lane."""
        lane.remove_done_callback(self)
        self._settle()
        walk = self._pump.walk
        if self._parked and not walk.covered:
            self._pump.fill(leave=0)

    def __call__(self, _: asyncio.Task[Any] | None) -> None:
        """Account for a lane that will never begin."""
        self._settle()
        walk = self._pump.walk
        if self._only is not None:
            walk.ready.appendleft(self._only)
        walk.lane_closed()

    def _settle(self) -> None:
        self.used = True
        self._pump.not_begun -= self._only is None
        self._pump.walk.ready.extendleft(reversed(self._parked))


def _factory_error(loop: asyncio.AbstractEventLoop, error: Exception) -> TaskFactoryError:
    factory = loop.get_task_factory()
    made = TaskFactoryError(
        f"the event loop's task factory {factory!r} could not make a Task: it must accept "
        f"(loop, coroutine, **kwargs) with context= among the keyword arguments; it raised "
        f"{type(error).__name__}: {error}"
    )
    made.__cause__ = error
    return made
