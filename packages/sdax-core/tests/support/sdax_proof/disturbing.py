"""Carries out a plan's cancelling, and notes in the trace when it did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sdax_proof.behaviour import Boom
from sdax_proof.events import CancelRequest
from sdax_proof.plans import Cancelling
from sdax_proof.trace import Trace
from sdax_proof.virtual_clock import VirtualClockLoop

if TYPE_CHECKING:
    import anyio

_SHORTLY = 2.0**-20
"""Seconds; a request by a timer is noted so much before it is made, never after it."""
_MOST_REPEATS = 40
"""Cancels per instant: a task woken for ever would leave the virtual clock standing."""


class Disturbance:
    """Watches the loop from the run's first step on and cancels when its time has come."""

    def __init__(self, cancelling: Cancelling, trace: Trace, task: asyncio.Task[Any]) -> None:
        self._cancelling = cancelling
        self._trace = trace
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._rounds = 0
        self._timer: asyncio.TimerHandle | None = None
        self._repeats: tuple[float, int] = (0.0, 0)
        self.scope: anyio.CancelScope | None = None
        if isinstance(self._loop, VirtualClockLoop):
            self._first = self._loop.steps
            if cancelling.how in ("steps", "repeatedly", "scope", "shutdown", "fail"):
                self._loop.before_step = self._before_step
        if cancelling.how == "rounds":
            self._count_round()

    def end(self) -> int:
        """Stop; the number of steps since the beginning."""
        self._rounds = -1
        if self._timer is not None:
            self._timer.cancel()
        if isinstance(self._loop, VirtualClockLoop):
            if self._loop.before_step == self._before_step:
                self._loop.before_step = None
            return self._loop.steps - self._first
        return 0

    def watch_timeout(self, seconds: float) -> None:
        """Note when `asyncio.timeout(seconds)`, which begins now, is going to cancel."""
        self._timer = self._loop.call_later(max(0.0, seconds - _SHORTLY), self._timeout_comes)

    def _timeout_comes(self) -> None:
        if self._trace.ended is None:
            request = CancelRequest(self._trace.now(), certain=False)
            self._trace.requests.append(request)
            self._timer = self._loop.call_later(2 * _SHORTLY, self._trace.mark_received, request, 0)

    def _count_round(self) -> None:
        if self._rounds < 0 or self._rounds > max(self._cancelling.steps):
            return
        if self._rounds in self._cancelling.steps:
            self._trace.request_cancel(self._task)
        self._rounds += 1
        self._loop.call_soon(self._count_round)

    def _before_step(self, number: int) -> None:
        step = number - self._first
        planned = self._cancelling.steps
        match self._cancelling.how:
            case "steps" if step in planned:
                self._trace.request_cancel(self._task)
            case "repeatedly" if step == planned[0]:
                self._trace.request_cancel(self._task)
            case "repeatedly" if step > planned[0]:
                self._repeat()
            case "shutdown" if step == planned[0]:
                self._shut_down()
            case "scope" if step == planned[0]:
                self._cancel_scope()
            case "fail" if step in planned and self._trace.handle is not None:
                task = step % len(self._trace.graph.tasks)
                self._trace.fail_run(task, Boom(f"what {task} holds has died, at step {step}"))
            case _:
                pass

    def _repeat(self) -> None:
        time, count = self._repeats
        self._repeats = (self._loop.time(), count + 1 if time == self._loop.time() else 1)
        if self._repeats[1] <= _MOST_REPEATS:
            self._task.cancel()

    def _cancel_scope(self) -> None:
        if self.scope is not None:
            request = CancelRequest(self._trace.now(), certain=False)
            self._trace.requests.append(request)
            self.scope.cancel()
            self._loop.call_soon(self._trace.mark_received, request, 3)

    def _shut_down(self) -> None:
        others = asyncio.all_tasks(self._loop) - {self._task, self._trace.observer}
        self._trace.request_cancel(self._task)
        # A set has no order of its own; a replay must be the same, and so must a run that is watched,
        # whose tasks have other names.
        for task in sorted(others, key=self._place):
            task.cancel()

    def _place(self, task: asyncio.Task[Any]) -> tuple[int, int, str]:
        return self._trace.began.get(task, 0), len(task.get_name()), task.get_name()
