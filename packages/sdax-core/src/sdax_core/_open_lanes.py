"""The lanes that a walk has opened, which of them were cancelled, and by whom."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from sdax_core._cancel_cause import CancelCause

Lane: TypeAlias = "asyncio.Task[Any]"

# Finished lanes are dropped when there are many more of them than open ones.
_FINISHED_KEPT = 64


class _Cancels:
    """Which lanes were cancelled."""

    __slots__ = ("by_run", "cause", "just_swept", "outside")

    def __init__(self) -> None:
        self.cause: CancelCause | None = None
        """Why the run cancelled lanes most recently."""
        self.by_run: dict[Lane, CancelCause] = {}
        self.outside: set[Lane] = set()
        self.just_swept: set[Lane] = set()


class OpenLanes(list[Lane]):
    """A list of the lanes that have suspended, or have not begun; finished ones may linger in it.

    A cancellation is on its record. The cancel count of a Task says too little: a `TaskGroup` failure
    that was caught leaves it raised, and so does a timeout while it is being handled (guarantee 21).
    """

    # A class attribute, and no slots: in most runs nothing is cancelled, and what a run does not need takes no memory,
    # which counts when a thousand of them are in flight.
    _cancels: _Cancels | None = None

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
        cancels = self._recorded()
        cancels.cause = cause
        for lane in self:
            if lane is spare or lane.done() or (lane in cancels.by_run and not again):
                continue
            cancels.by_run[lane] = cause
            if lane not in cancels.just_swept:
                lane.cancel(str(cause))

    def cancel_missed(self, lane: Lane) -> None:
        """Cancel a lane that was being started when all others were cancelled."""
        cancels = self._cancels
        if cancels is not None and cancels.cause is not None and lane not in cancels.by_run:
            cancels.by_run[lane] = cancels.cause
            lane.cancel(str(cancels.cause))

    def note_swept(self, lane: Lane, loop: asyncio.AbstractEventLoop) -> None:
        """Take note that `lane` was cancelled from outside.

        If that is part of a sweep over all Tasks, the run's own receives its cancel in the next cycle,
        and passes it on to those only that the sweep has not reached (guarantee 19).
        """
        cancels = self._recorded()
        if not cancels.just_swept:
            loop.call_soon(loop.call_soon, cancels.just_swept.clear)
        cancels.just_swept.add(lane)
        cancels.outside.add(lane)

    def was_cancelled(self, lane: Lane) -> bool:
        """Whether the run has cancelled `lane`."""
        return self._cancels is not None and lane in self._cancels.by_run

    def cause_of(self, lane: Lane) -> CancelCause:
        """Why `lane` was cancelled.

        One that the run has not cancelled was swept, as when a program shuts down, together with the run's Task.
        """
        cause = None if self._cancels is None else self._cancels.by_run.get(lane)
        return cause or CancelCause("caller")

    def was_cancelled_outside(self, lane: Lane) -> bool:
        """Whether somebody else has, from outside its function."""
        return self._cancels is not None and lane in self._cancels.outside

    def _recorded(self) -> _Cancels:
        if self._cancels is None:
            self._cancels = _Cancels()
        return self._cancels
