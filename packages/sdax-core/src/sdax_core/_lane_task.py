"""The asyncio Task of a lane, which knows who cancels it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdax_core._burst_pump import BurstPump
    from sdax_core._walk import Walk

# Who cancels a Task from within what it runs: a task group whose child failed, a timeout, a cancel scope.
FROM_WITHIN = frozenset(
    {"asyncio.taskgroups", "asyncio.timeouts", "anyio._backends._asyncio", "async_timeout"}
)
_PACKAGE = __name__.partition(".")[0]


class LaneTask(asyncio.Task[None]):
    """A Task that tells its walk when it is cancelled from outside the run.

    When a program shuts down it sweeps over all Tasks and cancels each, the run's own and its lanes alike. The
    run must not pass its cancel on to a lane that was swept: its function would be cancelled twice
    (guarantee 19). Only the caller tells the one from the other. The cancel count does not: a `TaskGroup` failure
    that was caught, or a timeout that is being handled, has raised it as well.
    """

    __slots__ = ("pump", "walk")

    walk: Walk | None
    pump: BurstPump | None
    """Who has to know if the lane is cancelled before it has begun."""

    def cancel(self, msg: object = None) -> bool:
        """Cancel, as `asyncio.Task.cancel` does."""
        walk = getattr(self, "walk", None)
        if walk is not None:
            _note_cancel(self, walk)
            pump = getattr(self, "pump", None)
            if pump is not None:
                pump.note_cancel(self, walk)
        return super().cancel(msg)


def watch_cancels(lane: asyncio.Task[None], walk: Walk) -> None:
    """Have a Task that the loop's task factory made tell `walk` the same, if it lets itself be wrapped."""
    cancel_task = lane.cancel

    def cancel(msg: object = None) -> bool:
        _note_cancel(lane, walk)
        return cancel_task(msg)

    with suppress(AttributeError):
        setattr(lane, "cancel", cancel)  # noqa: B010 - type checkers refuse the plain form


def _note_cancel(lane: asyncio.Task[None], walk: Walk) -> None:
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage] - CPython documents it
    caller: str = frame.f_globals.get("__name__", "")
    if caller not in FROM_WITHIN and caller.partition(".")[0] != _PACKAGE:
        walk.lanes.note_swept(lane, walk.loop)
