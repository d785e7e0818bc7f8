"""An event loop whose clock jumps to the next timer as soon as nothing is ready.

Hours pass in microseconds, every start time is exact, and a test that would wait for ever fails
at once.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple

Arguments = TypeVarTuple("Arguments")


class Deadlock(BaseException):
    """Nothing is ready and no timer is set: the loop would wait for ever.

    A `BaseException`, so that no `except Exception` in the code under test hides it.
    """


class Runaway(BaseException):
    """The loop went round more often than the test allows."""


class _ClockSelector(selectors.SelectSelector):
    """Polls without blocking and hands the time it should have waited to the clock."""

    def __init__(self, wait: Callable[[float | None], None]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        self._wait(0 if ready else timeout)
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A selector loop with a clock of its own that starts at 0.0 seconds.

    It counts its callbacks (`steps`) and its rounds (`cycles`). It does not wait for other
    threads: what they would call later counts as nothing.

    Args:
        max_cycles: Rounds after which `Runaway` is raised.
    """

    def __init__(self, *, max_cycles: int = 200_000) -> None:
        self._now = 0.0
        self._max_cycles = max_cycles
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._timer_number = 0
        self.steps = 0
        """Callbacks begun so far."""
        self.cycles = 0
        """Rounds begun so far."""
        self.before_step: Callable[[int], object] | None = None
        """Called with the number of the step (from 1) before each callback."""
        super().__init__(_ClockSelector(self._pass_time))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def spend(self, seconds: float) -> None:
        """Let time pass while the caller holds the loop, as code that blocks does."""
        self._now += seconds

    def pending_timers(self) -> list[asyncio.TimerHandle]:
        """The timers that are set: neither fired nor cancelled."""
        return [timer for timer in self._timers.values() if not timer.cancelled()]

    def _pass_time(self, timeout: float | None) -> None:
        self.cycles += 1
        if self.cycles > self._max_cycles:
            self._max_cycles *= 2  # Leaves room for cleaning up.
            raise Runaway(f"{self.cycles - 1} rounds of the event loop, still not done")
        if timeout is None:
            waiting = "".join(f"\n  {task!r}" for task in asyncio.all_tasks(self))
            raise Deadlock(
                f"at {self._now} s nothing is ready and no timer is set; tasks:{waiting}"
            )
        if timeout > 0:
            # The loop asks for the distance to its next timer. Aim at the timer itself, as the
            # distance is rounded and a clock that is short by one bit would be a late start.
            target = self._now + timeout
            nearest = min((timer.when() for timer in self.pending_timers()), default=target)
            self._now = nearest if abs(nearest - target) < 1e-6 else target

    def _step(self, callback: Callable[[*Arguments], object], args: tuple[*Arguments]) -> None:
        self.steps += 1
        if self.before_step is not None:
            self.before_step(self.steps)
        callback(*args)

    def _timer_step(
        self,
        number: int,
        callback: Callable[[*Arguments], object],
        args: tuple[*Arguments],
    ) -> None:
        del self._timers[number]
        self._step(callback, args)

    def call_soon(
        self,
        callback: Callable[[*Arguments], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        return super().call_soon(self._step, callback, args, context=context)

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Arguments], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        return super().call_soon_threadsafe(self._step, callback, args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Arguments], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self._timer_number += 1
        number = self._timer_number
        timer = super().call_at(when, self._timer_step, number, callback, args, context=context)
        self._timers[number] = timer
        return timer


def running_loop() -> VirtualClockLoop:
    """The virtual loop that runs the caller."""
    loop: Any = asyncio.get_running_loop()
    assert isinstance(loop, VirtualClockLoop), "this needs the loop of `run`"
    return loop
