"""The pump: how lanes are opened while nodes are ready.

From Python 3.12 on an asyncio Task can be started eagerly: its first step runs inside the constructor, so that a
lane whose functions never suspend needs no event-loop cycle at all. `_burst_pump.py` is for where that cannot be.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from sdax_core._lane import run_lane
from sdax_core._lane_task import LaneTask

if TYPE_CHECKING:
    from sdax_core._walk import Walk

CAN_START_EAGERLY = sys.version_info >= (3, 12)
_START_EAGERLY: Any = LaneTask  # `eager_start` is unknown to the type checkers for 3.11


class EagerPump:
    """Starts lanes at once, one after another, until few enough nodes are ready. It has no state."""

    __slots__ = ()

    not_begun = 0

    def fill(self, walk: Walk, leave: int) -> None:
        """Open lanes until at most `leave` nodes are ready, or no lane may be opened."""
        ready = walk.ready
        walk.covered = True
        while len(ready) > leave and walk.open < walk.limit and walk.may_begin:
            self.open_lane(walk)
        walk.covered = False

    def open_lane(self, walk: Walk) -> None:
        """Open one lane; it has run up to its first suspension when this returns."""
        only = walk.pop_owner() if walk.kept else None
        context = walk.base.copy() if only is None else walk.kept[only]
        walk.open += 1
        coroutine = run_lane(walk, context, only)
        lane = _START_EAGERLY(coroutine, loop=walk.loop, context=context, eager_start=True)
        if not lane.done():
            lane.walk = walk
            walk.lanes.append(lane)
            if walk.stopped:  # by what the lane did in its first step
                walk.lanes.cancel_missed(lane)
            if walk.shows_lanes:
                walk.show_lane(lane)

    def close(self) -> None:
        """Do nothing: this pump schedules nothing, and a lane that has begun accounts for itself."""


EAGER_PUMP = EagerPump()
