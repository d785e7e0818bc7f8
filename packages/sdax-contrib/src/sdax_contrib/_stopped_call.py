"""A call into a library that handles any exception better than a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class Stopped(BaseException):
    """Stands in for a `CancelledError`."""


class StoppedCall:
    """Awaits a coroutine in which each cancel arrives as `Stopped`.

    What the coroutine makes of that comes out. Whoever awaits this raises `cancelled` afterwards.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self.cancelled: asyncio.CancelledError | None = None
        """The last cancel that has arrived; `None` if there was none."""

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Any = self._coroutine.send
        value: Any = None
        while True:
            try:
                waited_for = step(value)
            except StopIteration as done:
                return done.value
            step = self._coroutine.send
            try:
                value = yield waited_for
            except asyncio.CancelledError as error:
                self.cancelled = error
                step, value = self._coroutine.throw, Stopped()
            except BaseException as error:
                step, value = self._coroutine.throw, error
