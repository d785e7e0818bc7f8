"""Cancel a task at an exact step of the event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from sdax_proof.virtual_clock import running_loop


class CancelAtStep:
    """Cancels `task` right before the `step`-th callback that begins from now on (from 1).

    Needs the loop of `run`. One at a time per loop; it ends by itself when the task is done.

    Args:
        task: The task to cancel.
        step: The callback before which it is cancelled.
        repeatedly: Cancel again before every later callback, until the task is done.
    """

    def __init__(self, task: asyncio.Task[Any], step: int, *, repeatedly: bool = False) -> None:
        self._task = task
        self._loop = running_loop()
        self._step = self._loop.steps + step
        self._repeatedly = repeatedly
        self.requests = 0
        """How often the task was cancelled."""
        self._loop.before_step = self._before_step
        task.add_done_callback(self._stop)

    def _before_step(self, step: int) -> None:
        due = step == self._step or (self._repeatedly and step > self._step)
        if due and not self._task.done():
            self.requests += 1
            self._task.cancel()

    def _stop(self, _: object) -> None:
        if self._loop.before_step == self._before_step:
            self._loop.before_step = None


def cancel_at_step(task: asyncio.Task[Any], step: int, *, repeatedly: bool = False) -> CancelAtStep:
    """Cancel `task` right before the `step`-th callback from now on; see `CancelAtStep`."""
    return CancelAtStep(task, step, repeatedly=repeatedly)
