"""The time limit of one attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any

from sdax_core._open_lanes import Lane


class Timer:
    """The deadline of one attempt. Its timer is made only if the function suspends."""

    __slots__ = ("_handle", "_lane", "_loop", "_when", "fired")

    def __init__(self, loop: asyncio.AbstractEventLoop, lane: Lane, limit: float) -> None:
        self._loop = loop
        self._lane = lane
        self._when = loop.time() + limit
        self._handle: asyncio.TimerHandle | None = None
        self.fired = False

    def start(self) -> None:
        """Begin to watch the time; the function has suspended."""
        if self._when <= self._loop.time():
            self._fire()
        else:
            self._handle = self._loop.call_at(self._when, self._fire)

    def stop(self) -> None:
        """Leave no timer behind, and no cancel of its own counted."""
        if self.fired:
            self._lane.uncancel()
        elif self._handle is not None:
            self._handle.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._lane.cancel()


@coroutine
def run_timed(call: Coroutine[Any, Any, Any], timer: Timer) -> Generator[Any, Any, None]:
    """Awaits `call`, starting `timer` only once it has suspended: most calls in a fast graph never do."""
    try:
        suspended_on = call.send(None)
    except StopIteration:
        return
    timer.start()
    while True:
        try:
            yield suspended_on
        except BaseException as error:
            try:
                suspended_on = call.throw(error)
            except StopIteration:
                return
        else:
            # A Task resumes with None, and so does `yield from`: it can take over a coroutine that has begun.
            yield from call
            return
