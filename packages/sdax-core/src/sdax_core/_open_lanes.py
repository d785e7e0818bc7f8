"""The lanes that a walk has opened, which of them were cancelled, and by whom."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from sdax_core._cancel_cause import CancelCause

Lane: TypeAlias = "asyncio.Task[Any]"

# Finished lanes are dropped when there are many more of them than open ones.
_FINISHED_KEPT = 64


class OpenLanes(list[Lane]):
    """A list of the lanes that have suspended, or have not begun; finished ones may linger in it.

    A cancellation is on its record. The cancel count of a Task says too little: a `TaskGroup` failure
    that was caught leaves it raised, and so does a timeout while it is being handled (guarantee 21).
    """

    __slots__ = ("_cancelled", "_cancelled_outside", "_cause", "_just_swept")

    def __init__(self) -> None:
        self._cause: CancelCause | None = None
        """Why lanes were cancelled most recently."""
        self._cancelled: dict[Lane, CancelCause] = {}
        self._cancelled_outside: set[Lane] = set()
        self._just_swept: set[Lane] = set()

    def drop_finished(self, still_open: int) -> None:
        """Forget finished lanes if there are many, `still_open` being the number of the others."""
        if len(self) > 2 * still_open + _FINISHED_KEPT:
            self[:] = [lane for lane in self if not lane.done()]

    def cancel(self, cause: CancelCause, *, spare: Lane | None = None, again: bool = False) -> None:
        """Cancel the functions that are running, each once.

        Args:
            cause: Why; their `CancelledError` says so.
            spare: The lane that is asking: what it ran has ended.
            again: Whether to cancel those too that were cancelled before.
        """
        self._cause = cause
        for lane in self:
            if lane is spare or lane.done() or (lane in self._cancelled and not again):
                continue
            self._cancelled[lane] = cause
            if lane not in self._just_swept:
                lane.cancel(str(cause))

    def cancel_missed(self, lane: Lane) -> None:
        """Cancel a lane that was being started when all others were cancelled."""
        if self._cause is not None and lane not in self._cancelled:
            self._cancelled[lane] = self._cause
            lane.cancel(str(self._cause))

    def note_swept(self, lane: Lane, loop: asyncio.AbstractEventLoop) -> None:
        """Take note that `lane` was cancelled from outside.

        If that is part of a sweep over all Tasks, the run's own receives its cancel in the next cycle,
        and passes it on to those only that the sweep has not reached (guarantee 19).
        """
        if not self._just_swept:
            loop.call_soon(loop.call_soon, self._just_swept.clear)
        self._just_swept.add(lane)
        self._cancelled_outside.add(lane)

    def was_cancelled(self, lane: Lane) -> bool:
        """Whether the run has cancelled `lane`."""
        return lane in self._cancelled

    def cause_of(self, lane: Lane) -> CancelCause:
        """Why `lane` was cancelled.

        One that the run has not cancelled was swept, as when a program shuts down, together with the run's Task.
        """
        return self._cancelled.get(lane) or CancelCause("caller")

    def was_cancelled_outside(self, lane: Lane) -> bool:
        """Whether somebody else has, from outside its function."""
        return lane in self._cancelled_outside
