"""Pumps: how lanes are opened while nodes are ready.

From Python 3.12 on an asyncio Task can be started eagerly: its first step runs inside the constructor, so that a
lane whose functions never suspend needs no event-loop cycle at all. On 3.11, and on a loop with a task factory
(which is respected, guarantee 28), lanes are created in growing bursts, one per cycle.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from sdax_core._errors import TaskFactoryError
from sdax_core._lane import run_lane

if TYPE_CHECKING:
    from sdax_core._walk import Walk

CAN_START_EAGERLY = sys.version_info >= (3, 12)
_START_EAGERLY: Any = asyncio.Task  # `eager_start` is unknown to the type checkers for 3.11


class EagerPump:
    """Starts lanes at once, one after another, until few enough nodes are ready."""

    __slots__ = ("_walk",)

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
            walk.add_lane(lane)

    def close(self) -> None:
        """Do nothing: this pump schedules nothing, and a lane that has begun accounts for itself."""


class BurstPump:
    """Creates 1, 2, 4, ... lanes, one burst per event-loop cycle, while nodes are ready.

    There is one chain of bursts at a time. While it lasts the ready nodes count as covered. That holds
    inside a burst too: a task factory may start Tasks eagerly, and bursts must not start bursts.
    """

    __slots__ = ("_handle", "_walk")

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._handle: asyncio.Handle | None = None

    def fill(self, leave: int) -> None:
        """Begin a chain of bursts if more than `leave` nodes are ready and a lane may be opened."""
        if len(self._walk.ready) > leave and self._may_open():
            self._burst(1)

    def open_lane(self) -> None:
        """Create one lane; unless the task factory is eager it begins in the next cycle."""
        walk = self._walk
        context, only = walk.next_lane()
        ticket = [only]
        coroutine = run_lane(walk, context, only, ticket)
        walk.open += 1
        try:
            lane = walk.loop.create_task(coroutine, context=context)
        except Exception as error:
            coroutine.close()
            walk.break_down(_factory_error(walk.loop, error))
            self._never_entered(only)
            return
        if not lane.done():
            walk.add_lane(lane)
        if ticket:
            # A Task that is cancelled before its first step never enters its coroutine.
            lane.add_done_callback(lambda _: self._never_entered(only) if ticket else None)

    def close(self) -> None:
        """Take back the burst that is scheduled."""
        if self._handle is not None:
            self._handle.cancel()

    def _burst(self, size: int) -> None:
        walk = self._walk
        walk.covered = True
        for _ in range(min(size, len(walk.ready))):
            if not self._may_open():
                break
            self.open_lane()
        self._handle = walk.loop.call_soon(self._go_on, size * 2, context=walk.base)

    def _go_on(self, size: int) -> None:
        if self._may_open():
            self._burst(size)
        else:
            self._walk.covered = False

    def _may_open(self) -> bool:
        walk = self._walk
        return bool(walk.ready) and walk.open < walk.limit and not walk.stopped

    def _never_entered(self, only: int | None) -> None:
        if only is not None:
            self._walk.ready.appendleft(only)
        self._walk.lane_closed()


def _factory_error(loop: asyncio.AbstractEventLoop, error: Exception) -> TaskFactoryError:
    factory = loop.get_task_factory()
    made = TaskFactoryError(
        f"the event loop's task factory {factory!r} could not make a Task: it must accept "
        f"(loop, coroutine, **kwargs) with context= among the keyword arguments; it raised "
        f"{type(error).__name__}: {error}"
    )
    made.__cause__ = error
    return made
